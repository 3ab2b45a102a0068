import * as z from 'zod'
import { RankerError, show } from '../errors.ts'

const MOST_FEATURES = 10_000
const MOST_EXPRESSION = 2000

const column = z
  .string('the name of a column')
  .min(1, 'the name of a column')
  .describe('a column of the items, `price` or `item.price`, or of the query, `query.text`')

const name = z
  .string('a name')
  .min(1, 'a name')
  .max(200, 'a name of at most 200 characters')
  .describe('what importance, contributions and constraints call the feature; default: its column')

const listOf = <const V extends readonly [string, ...string[]]>(values: V) => {
  const wanted = `a list of ${values.join(', ')}, each once`
  return z
    .array(z.enum(values, wanted), wanted)
    .min(1, wanted)
    .refine((list) => new Set(list).size === list.length, wanted)
}

const whole = (from: number, to: number) => {
  const wanted = `a whole number from ${from} to ${to}`
  return z.int(wanted).min(from, wanted).max(to, wanted)
}

const TEXT_MEASURES = ['shared', 'coverage', 'bm25', 'phrase', 'first', 'trigrams', 'length'] as const
const VECTOR_MEASURES = ['cosine', 'dot', 'l2'] as const
const GROUP_MEASURES = ['rank', 'percentile', 'zscore', 'minmax', 'from_best', 'from_median'] as const

const numeric = z
  .strictObject({ kind: z.literal('numeric'), name: name.optional(), column })
  .describe('a column of numbers as it is')

const derived = z
  .strictObject({
    kind: z.literal('derived'),
    name,
    expr: z
      .string('an expression')
      .min(1, 'an expression')
      .max(MOST_EXPRESSION, `an expression of at most ${MOST_EXPRESSION} characters`)
      .describe('arithmetic over columns and earlier features, such as (retail_price - cost) / retail_price'),
  })
  .describe('arithmetic; what it cannot say (a missing value, a division by 0) is missing')

const categorical = z
  .strictObject({
    kind: z.literal('categorical'),
    name: name.optional(),
    column,
    encode: z
      .enum(['native', 'onehot'], 'native or onehot')
      .default('native')
      .describe("native: XGBoost's own splits on sets of categories; onehot: a feature of 0 and 1 for each"),
    max: whole(1, 100_000)
      .default(254)
      .describe('how many categories are kept, those of most training rows first'),
    min_rows: whole(1, 1e9).default(1).describe('training rows that a category must have to be kept'),
    other: z
      .boolean('true or false')
      .default(true)
      .describe(
        'whether the categories that training has and that are not kept become one; else they are missing',
      ),
  })
  .describe('a column of words or codes; a value that training never saw is missing')

const embedding = z
  .strictObject({
    kind: z.literal('embedding'),
    name: name.optional(),
    column,
    against: column
      .optional()
      .describe("the query's vector; without it the column is spread, a feature a value"),
    measures: listOf(VECTOR_MEASURES).optional().describe('how near the two are; default: cosine'),
  })
  .refine((one) => one.against !== undefined || one.measures === undefined, {
    message: 'none without against, the vector that measures are held against',
    path: ['measures'],
  })
  .describe('a column of vectors: JSON arrays, or base64 of little-endian float32')

const TEXT_COLUMNS = 'a column, or a list of 1 to 16'

const text = z
  .strictObject({
    kind: z.literal('text'),
    name: name.optional(),
    column: z
      .union([column, z.array(column).min(1, TEXT_COLUMNS).max(16, TEXT_COLUMNS)], TEXT_COLUMNS)
      .describe('the text; several columns are read as one text, in their order'),
    against: column.default('query.text').describe("the query's text"),
    measures: listOf(TEXT_MEASURES)
      .optional()
      .describe(
        'shared: words of the query that the text has; coverage: their share; bm25, with word statistics of training; phrase: 1 where the query stands in the text as it is; first: words before the first shared one; trigrams: Jaccard index of letter trigrams; length: words of the text',
      ),
    plurals: z
      .boolean('true or false')
      .default(false)
      .describe('whether words are compared without a last s, as English makes plurals'),
    hash: z
      .strictObject({
        buckets: whole(1, 4096).describe('features that the n-grams are counted in'),
        ngrams: whole(1, 3).default(1).describe('words of an n-gram'),
      })
      .optional()
      .describe('a hashed bag of n-grams'),
  })
  .refine((one) => one.measures !== undefined || one.hash !== undefined, 'measures, hash or both')
  .describe('a column of text, measured against the query')

const date = z
  .strictObject({
    kind: z.literal('date'),
    name: name.optional(),
    column,
    at: column.describe(
      'when the query was made; a request that does not say is taken to be made as it comes in',
    ),
    unit: z.enum(['seconds', 'hours', 'days'], 'seconds, hours or days').default('days'),
    epoch: z
      .enum(['seconds', 'milliseconds'], 'seconds or milliseconds')
      .optional()
      .describe(
        'what numbers count, since 1970; without it dates are texts of ISO 8601, in UTC where they do not say',
      ),
  })
  .describe('how old something is when the query is made')

const group = z
  .strictObject({
    kind: z.literal('group'),
    name: name.optional(),
    of: column.describe('an earlier feature of one value, or a column of numbers'),
    measures: listOf(GROUP_MEASURES).describe(
      'rank: 1 is the best, equal ones share a mean; percentile: share of the others that are worse; zscore; minmax: 0 the lowest, 1 the highest; from_best and from_median: differences',
    ),
    best: z.enum(['highest', 'lowest'], 'highest or lowest').default('highest'),
  })
  .describe('where an item stands among the candidates of its query')

const position = z
  .strictObject({
    kind: z.literal('position'),
    name: name.optional(),
    column,
    serve: z
      .number('a number or null')
      .nullable()
      .default(null)
      .describe('what stands for it wherever nothing was shown yet: in serving, validation and test'),
  })
  .describe('the place that a training row was shown at, so that the model need not blame the item for it')

const prior = z
  .strictObject({
    kind: z.literal('prior'),
    name,
    columns: z
      .array(column, 'a list of columns')
      .min(1, 'a list of columns')
      .max(8, 'at most 8 columns')
      .refine((list) => new Set(list).size === list.length, 'a list of columns, each once')
      .describe('from the coarse to the fine, such as category, brand: each borrows from the one before'),
    smoothing: z
      .number('a number above 0')
      .positive('a number above 0')
      .default(20)
      .describe('rows that the coarser level counts for'),
    folds: whole(2, 100).default(5).describe('parts of the training queries: none is told its own labels'),
  })
  .describe('the mean label of the rows of its kind in training, smoothed')

const feature = z.discriminatedUnion(
  'kind',
  [numeric, derived, categorical, embedding, text, date, group, position, prior],
  'a column, or an object with a kind: numeric, derived, categorical, embedding, text, date, group, position, prior',
)

/** A feature spec as people write it. */
const specSchema = z
  .strictObject({
    $schema: z.string().optional(),
    features: z
      .array(z.union([column, feature]), 'a list of features')
      .min(1, 'at least one feature')
      .max(MOST_FEATURES, `at most ${MOST_FEATURES} features`)
      .describe('in the order of the model; a bare name is a column of numbers as it is'),
  })
  .describe('What the model sees of an item and its query: docs/features.md')

export type Feature = z.output<typeof feature>
export type FeatureOf<K extends Feature['kind']> = Extract<Feature, { kind: K }>

/** A spec that was checked, every default filled in. */
export interface FeatureSpec {
  readonly features: readonly Feature[]
}

/** What is wrong with a spec: the place, the value seen and the value wanted. */
export function specError(source: string, path: PropertyKey[] | string, fault: string): RankerError {
  const where = typeof path === 'string' ? path : pathText(path)
  return new RankerError('BAD_FEATURE_SPEC', { source, path: where, fault })
}

/** Checks a parsed spec. @throws {RankerError} BAD_FEATURE_SPEC. */
export function checkSpec(value: unknown, source: string): FeatureSpec {
  const list = (value as { features?: unknown } | null | undefined)?.features
  if (list === undefined)
    throw specError(source, 'the spec', 'has no features: wanted an object with a list of them')
  // One feature at a time: a union of all kinds could only say that none of them fits.
  if (Array.isArray(list)) {
    for (const [index, one] of list.entries()) {
      if (typeof one === 'string' && one !== '') continue
      const result = feature.safeParse(one)
      if (!result.success) throw faultOf(result.error, one, source, ['features', index])
    }
  }
  const result = specSchema.safeParse(value)
  if (!result.success) throw faultOf(result.error, value, source, [])
  const features = result.data.features.map(
    (one): Feature => (typeof one === 'string' ? { kind: 'numeric', column: one } : one),
  )
  return { features }
}

function faultOf(error: z.ZodError, value: unknown, source: string, at: PropertyKey[]): RankerError {
  const issue = error.issues[0]!
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length > 0 ? [] : knownKeys(value)
    const wanted = known.length > 0 ? `: wanted ${known.join(', ')}` : ''
    return specError(source, [...at, ...issue.path], `has the unknown key ${show(issue.keys[0])}${wanted}`)
  }
  const path = issue.path
  const seen = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value)
  const shown = Array.isArray(seen) ? `a list of ${seen.length}` : show(seen)
  const is = seen === undefined ? 'is absent' : `is ${shown}`
  const wanted = issue.message.startsWith('Invalid input') ? 'an object' : issue.message
  return specError(source, [...at, ...path], `${is}: wanted ${wanted}`)
}

/** The keys of a feature of its kind, or those of a spec. */
function knownKeys(value: unknown): string[] {
  const { kind } = value as { kind?: unknown }
  const ofKind = feature.options.find(({ shape }) => shape.kind.value === kind)
  return Object.keys((ofKind ?? specSchema).shape)
}

/** `features[3].expr`, as people point into a spec. */
function pathText(path: PropertyKey[]): string {
  const text = path.reduce<string>(
    (before, key) =>
      typeof key === 'number' ? `${before}[${key}]` : before ? `${before}.${String(key)}` : String(key),
    '',
  )
  return text === '' ? 'the spec' : text
}

/** The spec's JSON Schema, for editors. */
export function specJsonSchema(): object {
  return {
    $id: 'urn:two-stage-ranking:feature-spec.schema.json',
    ...z.toJSONSchema(specSchema, { io: 'input' }),
  }
}
