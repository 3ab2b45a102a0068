import * as z from 'zod'

/** What a value of a hyperparameter may be: how its text is read, and the same in words. */
export interface Kind<S extends z.ZodType = z.ZodType> {
  readonly schema: S
  readonly wanted: string
}

/** What errors, help and docs say of a hyperparameter, apart from its schema. */
export interface Meta {
  /** What a value must be. */
  readonly wanted: string
  readonly description: string
  /** Other names of it: XGBoost's own aliases, and SageMaker's. */
  readonly aliases?: readonly string[]
  /** XGBoost's own default, as stated here, where the value is left to XGBoost. */
  readonly passedOn?: string
  /** The default in words, where it is neither the schema's nor XGBoost's. */
  readonly byDefault?: string
  /** Values that are known and not supported, with the reason. */
  readonly refused?: readonly RefusedValue[]
  /** Why the release of XGBoost in use does nothing with it; it is accepted with a warning. */
  readonly outdated?: string
}

export interface RefusedValue {
  /** The values in words. */
  readonly values: string
  readonly pattern: RegExp
  readonly reason: string
}

type Details = Omit<Meta, 'wanted' | 'description' | 'passedOn' | 'outdated'>

const describe = <S extends z.ZodType>({ schema, wanted }: Kind<S>, meta: Omit<Meta, 'wanted'>): S =>
  schema.meta({ wanted, ...meta }) as S

/** A hyperparameter of the job itself. */
export const own = <S extends z.ZodType>(kind: Kind<S>, description: string, details: Details = {}): S =>
  describe(kind, { description, ...details })

/** One that is left to XGBoost when it is not given; the default stated is the library's. */
export const passedOn = <S extends z.ZodType>(
  kind: Kind<S>,
  libraryDefault: string,
  description: string,
  details: Details = {},
): z.ZodOptional<S> => describe(kind, { description, passedOn: libraryDefault, ...details }).optional()

/** One of an earlier XGBoost: its value is checked, a warning given, and nothing done. */
export const outdated = <S extends z.ZodType>(
  kind: Kind<S>,
  reason: string,
  refused: readonly RefusedValue[] = [],
): z.ZodOptional<S> =>
  describe(kind, { description: `accepted and not used: ${reason}`, outdated: reason, refused }).optional()

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/
const numeric = z.string().regex(NUMBER).transform(Number)

/** XGBoost's integers have 32 bits. */
const MAX_INT = 2 ** 31 - 1
const SMALLEST_FLOAT32 = 2 ** -126

/** XGBoost's numbers are float32, and it refuses values beyond that. */
const isFloat32 = (value: number): boolean =>
  value === 0 || (Math.abs(value) >= SMALLEST_FLOAT32 && Number.isFinite(Math.fround(value)))

/** A whole number in a range. */
export function whole(from: number, to = MAX_INT): Kind<z.ZodType<number, string>> {
  const schema = numeric.pipe(z.int().min(from).max(to))
  if (to === from + 1) return { schema, wanted: `${from} or ${to}` }
  return { schema, wanted: `a whole number from ${from}${to === MAX_INT ? '' : ` to ${to}`}` }
}

interface Interval {
  readonly from?: number
  readonly above?: number
  readonly to?: number
  readonly below?: number
}

/** A number in a range whose ends belong to it (`from`, `to`) or not (`above`, `below`). */
export function real({ from, above, to, below }: Interval): Kind<z.ZodType<number, string>> {
  const isInside = (value: number): boolean =>
    !(value < from! || value <= above! || value > to! || value >= below!) && isFloat32(value)
  const ends = [
    from !== undefined && `from ${from}`,
    above !== undefined && `above ${above}`,
    to !== undefined && (from === undefined ? `up to ${to}` : `to ${to}`),
    below !== undefined && `below ${below}`,
  ].filter((end) => end !== false)
  const wanted = `a number ${ends.join(from === undefined ? ', ' : ' ')}`
  return { schema: numeric.pipe(z.number().refine(isInside)), wanted }
}

/** A share above 0, such as of rows or columns. */
export const share = real({ above: 0, to: 1 })

/** One of a few words. */
export const oneOf = <const V extends readonly string[]>(...values: V) => ({
  schema: z
    .string()
    .transform((text) => text.trim())
    .pipe(z.enum(values)),
  wanted: values.length === 2 ? values.join(' or ') : values.join(', '),
})

const FLAGS = new Map<string, boolean>(
  [
    ['true', 't', 'yes', 'y', 'on', '1'].map((text) => [text, true] as const),
    ['false', 'f', 'no', 'n', 'off', '0'].map((text) => [text, false] as const),
  ].flat(),
)

/** True or false, in any usual spelling. */
export const flag = {
  schema: z
    .string()
    .transform((text) => FLAGS.get(text.trim().toLowerCase()))
    .pipe(z.boolean()),
  wanted: 'true or false',
}

/** The name of a column; names in a header carry no spaces around them either. */
export const column = {
  schema: z
    .string()
    .transform((text) => text.trim())
    .pipe(z.string().min(1)),
  wanted: 'the name of a column',
}

/** Words divided by commas, or a JSON list of them, each once. */
export function list<S extends z.ZodType<string, string>>(item: S, wanted: string) {
  const schema = z
    .string()
    .transform((text) => (text.trim().startsWith('[') ? readStructure(text) : text.split(',')))
    .pipe(
      z.array(
        z
          .string()
          .transform((word) => word.trim())
          .pipe(item),
      ),
    )
    .refine((words) => words.length > 0 && new Set(words).size === words.length)
  return { schema, wanted }
}

/** A list or an object, as JSON or as Python writes it: `(1,-1)`, `[['a', 'b']]`, `{'a': 1}`. */
export function structure<S extends z.ZodType>(shape: S, wanted: string) {
  return { schema: z.string().transform(readStructure).pipe(shape), wanted }
}

function readStructure(text: string): unknown {
  // The one key that a schema would drop silently.
  if (/['"]__proto__['"]/.test(text)) return undefined
  for (const candidate of [text, asJson(text)]) {
    try {
      return JSON.parse(candidate)
    } catch {
      // The other notation, or neither.
    }
  }
  return undefined
}

const asJson = (text: string): string =>
  text
    .replaceAll('(', '[')
    .replaceAll(')', ']')
    .replaceAll("'", '"')
    .replaceAll(/,\s*\]/g, ']')

const POWERS = ['', 'K', 'M', 'G', 'T']
/** Bytes of each unit: `GB` is 10^9, `G` and `GiB` are 2^30. */
const UNIT_BYTES = new Map(
  POWERS.flatMap((letter, power) => [
    [`${letter}B`, 1000 ** power],
    [letter, 1024 ** power],
    [`${letter}IB`, 1024 ** power],
  ]),
)

function readSize(text: string): number | undefined {
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const bytes = UNIT_BYTES.get(unit?.toUpperCase() ?? '?')
  return bytes && Math.floor(Number(amount) * bytes)
}

/** A size of memory, read as bytes. */
export const memorySize = {
  schema: z
    .string()
    .transform(readSize)
    .pipe(z.number().refine((bytes) => bytes >= 1)),
  wanted: 'a size such as 2000000000, 4GB or 512MiB',
}
