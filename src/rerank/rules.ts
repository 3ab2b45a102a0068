import * as z from 'zod'
import { RankerError } from '../errors.ts'

const column = z.string('the name of a column').min(1, 'the name of a column')
const rank = z.int('a rank from 1').min(1, 'a rank from 1')
const finite = z.number('a number')
const atLeastZero = z.number('a number from 0').min(0, 'a number from 0')
const share = z.number('a number from 0 to 1').min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1')
const plainValue = z.union([z.string(), z.number(), z.boolean()], 'text, a number, true or false')

const minimum = z
  .strictObject({
    /** Least score of a relevant item. */
    score: finite.optional(),
    /** How far below the best score of the query a relevant item may lie. */
    belowBest: atLeastZero.optional(),
    /** Whether the others are left out of the answer. @default false: they come last, by score */
    drop: z.boolean('true or false').default(false),
  })
  .refine((rule) => rule.score !== undefined || rule.belowBest !== undefined, 'score, belowBest or both')

const margin = z.strictObject({
  /** 0 ranks by relevance alone, 1 by expected margin. */
  weight: atLeastZero,
  price: column.default('retail_price'),
  cost: column.default('cost'),
  /** Margin as a share of the price, or in money. */
  as: z.enum(['share', 'money'], 'share or money').default('share'),
})

const boost = z.strictObject({
  column,
  equals: plainValue,
  /** The factor of the item's odds of being chosen: 2 doubles them, 0.5 halves them. */
  factor: z.number('a number above 0').positive('a number above 0'),
})

const diversity = z
  .strictObject({
    /** 0 is relevance alone, 1 difference alone. */
    weight: share,
    /** Two items are as similar as the share of these columns in which they are equal. */
    columns: z.array(column, 'a list of columns').min(1, 'a list of columns').optional(),
    /** Two items are as similar as the cosine of their vectors in this column. */
    vector: column.optional(),
  })
  .refine((rule) => (rule.columns === undefined) !== (rule.vector === undefined), 'either columns or vector')

const cap = z.strictObject({
  column,
  /** How many items of one value may stand among the first `within`. */
  most: z.int('a count from 1').min(1, 'a count from 1'),
  within: z
    .int('a rank from 1 to 100')
    .min(1, 'a rank from 1 to 100')
    .max(100, 'a rank from 1 to 100')
    .default(10),
})

const exploring = {
  /** The rank to explore. */
  rank: rank.default(10),
  /**
   * The same seed draws the same item for the same candidates. @default the server's choice, which the answer states
   */
  seed: z.union([z.int(), z.string()], 'an integer or text').optional(),
}

const exploration = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('epsilon'),
      /** How often the rank goes to a new item, each equally likely. */
      epsilon: share,
      /** An item is new where this column is missing or at most `most`. @default every item is */
      column: column.optional(),
      most: finite.default(0),
      ...exploring,
    }),
    z.strictObject({
      kind: z.literal('thompson'),
      /** Standard deviation of an item's true worth around its score while nobody has seen it. */
      spread: z.number('a number above 0').positive('a number above 0'),
      /** How often an item was shown; missing means never. */
      column: column.default('impressions'),
      ...exploring,
    }),
  ],
  'an object whose kind is epsilon or thompson',
)

const pin = z.strictObject({ id: z.union([z.string(), z.number()], 'text or a number'), rank })

const unique = (message: string) => ({ message })

/** The business rules after the score: a request gives them in `context.rerank`, a manifest in `rerank`. */
export const rulesSchema = z.strictObject({
  minimum: minimum.optional(),
  margin: margin.optional(),
  boosts: z.array(boost, 'a list of boosts').optional(),
  diversity: diversity.optional(),
  caps: z.array(cap, 'a list of caps').optional(),
  exploration: exploration.optional(),
  pins: z
    .array(pin, 'a list of pins')
    .refine(
      (pins) => new Set(pins.map((one) => one.rank)).size === pins.length,
      unique('each rank once at most'),
    )
    .refine(
      (pins) => new Set(pins.map((one) => String(one.id))).size === pins.length,
      unique('each id once at most'),
    )
    .optional(),
})

export type Rules = z.infer<typeof rulesSchema>
export type MinimumRule = NonNullable<Rules['minimum']>
export type MarginRule = NonNullable<Rules['margin']>
export type BoostRule = NonNullable<Rules['boosts']>[number]
export type DiversityRule = NonNullable<Rules['diversity']>
export type CapRule = NonNullable<Rules['caps']>[number]
export type ExplorationRule = NonNullable<Rules['exploration']>
export type PinRule = NonNullable<Rules['pins']>[number]

/** Which part of an answer a rule moved an item in. */
export type RuleName = keyof Rules

/**
 * The rules of a request: the model's own, each replaced by the request's of the same name. A null removes one rule,
 * and `false` in place of all removes them all.
 * @param ofModel the manifest's `rerank`
 * @param ofRequest the request's `context.rerank`
 * @returns undefined if no rule is left
 * @throws {RankerError} BAD_REQUEST_SHAPE.
 */
export function rulesFor(ofModel: Rules | undefined, ofRequest: unknown): Rules | undefined {
  if (ofRequest === undefined || ofRequest === null) return ofModel
  if (ofRequest === false) return undefined
  const result = nullableRules.safeParse(ofRequest)
  if (!result.success) throw shapeError(result.error.issues[0]!, ofRequest)
  const rules = Object.fromEntries(
    Object.entries({ ...ofModel, ...result.data }).filter(([, rule]) => rule != null),
  )
  return Object.keys(rules).length > 0 ? (rules as Rules) : undefined
}

const nullableRules = z.strictObject(
  Object.fromEntries(
    Object.entries(rulesSchema.shape).map(([name, rule]) => [name, (rule as z.ZodType).nullish()]),
  ),
)

function shapeError(issue: z.core.$ZodIssue, body: unknown): RankerError {
  const [unknown] = issue.code === 'unrecognized_keys' ? issue.keys : []
  const path = unknown === undefined ? issue.path : [...issue.path, unknown]
  const seen = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], body)
  const wanted =
    unknown === undefined
      ? wantedBy(issue)
      : `no such field${issue.path.length === 0 ? `, but any of ${Object.keys(rulesSchema.shape).join(', ')}` : ''}`
  return new RankerError('BAD_REQUEST_SHAPE', { where: ['context.rerank', ...path].join('.'), seen, wanted })
}

/** In our words where the schema has none of its own. */
function wantedBy(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message
  return `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
}
