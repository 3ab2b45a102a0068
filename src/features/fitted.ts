import * as z from 'zod'
import { RankerError, reasonOf } from '../errors.ts'
import { checkSpec, type FeatureSpec } from './spec.ts'

const count = z.int().min(0)

/**
 * For a categorical feature: its categories in the order of their codes, and the values of training that share one
 * more code. What is in neither list is missing.
 */
const categories = z.object({ values: z.array(z.string()), others: z.array(z.string()) })

/** For a text feature with bm25: statistics of the distinct texts of training. */
const wordStatistics = z
  .object({
    texts: count,
    /** Words of a text, on average. */
    averageLength: z.number().min(0),
    /** Words that more than one text has, and in how many texts each occurs; any other word counts as if in one. */
    words: z.array(z.string()),
    counts: z.array(count),
  })
  .refine(({ words, counts }) => words.length === counts.length, 'wanted one count a word')

/** For a prior: the mean label, and for each level the smoothed mean of each kind. */
const rates = z.object({
  mean: z.number(),
  levels: z.array(
    z
      .object({ kinds: z.array(z.string()), rates: z.array(z.number()) })
      .refine((level) => level.kinds.length === level.rates.length, 'wanted one rate a kind'),
  ),
})

/** What training learnt about one feature. */
const learnt = z.object({
  categories: categories.optional(),
  words: wordStatistics.optional(),
  rates: rates.optional(),
  /** Values of its vectors. */
  dimension: z.int().min(1).optional(),
})

const fitted = z.object({ version: z.literal(1), spec: z.unknown(), learnt: z.array(learnt) })

export type Learnt = z.infer<typeof learnt>
export type Categories = z.infer<typeof categories>
export type WordStatistics = z.infer<typeof wordStatistics>
export type Rates = z.infer<typeof rates>

/**
 * A feature pipeline as the manifest holds it: the spec, and what training learnt, feature by feature. Plain data: it lies
 * in the manifest and crosses to other processes.
 */
export interface FittedFeatures {
  readonly version: 1
  readonly spec: FeatureSpec
  readonly learnt: readonly Learnt[]
}

/** Checks what a manifest holds. @param file its name. @throws {RankerError} MODEL_DAMAGED. */
export function readFitted(value: unknown, file: string): FittedFeatures {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new RankerError('MODEL_DAMAGED', { file, reason: `features: ${reason}` }, { cause })
  }
  const result = fitted.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    return refuse(`${issue!.path.join('.')}: ${issue!.message}`)
  }
  const { version, learnt } = result.data
  let spec: FeatureSpec
  try {
    spec = checkSpec(result.data.spec, 'its spec')
  } catch (cause) {
    return refuse(reasonOf(cause), cause)
  }
  if (spec.features.length !== learnt.length) refuse('wanted one entry of learnt a feature')
  return { version, spec, learnt }
}
