import type { ModelInput } from './input-fn.ts'

/** Upper bounds of the score histogram. Scores of rankers lie around 0, on no scale of their own. */
export const SCORE_BOUNDS = [-10, -5, -2, -1, -0.5, -0.2, -0.1, 0, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** Features whose missing values are counted one by one. */
export const MOST_FEATURES = 100

/**
 * Scores are float32, or the shortest numbers that stand for these: a score equal to a bound is then not above it.
 */
const BOUNDS = Float32Array.from(SCORE_BOUNDS)

/** What the metrics count of an answer. Plain data, and small however many rows there were. */
export interface Profile {
  readonly rows: number
  /** Of the scores, by {@link SCORE_BOUNDS}; the last one is of those above all bounds. */
  readonly scoreCounts: Uint32Array
  readonly scoreSum: number
  /** Missing values of each of the first {@link MOST_FEATURES} features. */
  readonly missing: Uint32Array
}

/** Counts what the default inputFn read and the default predictFn made of it; undefined for anything else. */
export function profileOf(input: unknown, prediction: unknown): Profile | undefined {
  const { values, count } = (input ?? {}) as Partial<ModelInput>
  const scores = scoresOf(prediction)
  if (!(values instanceof Float32Array) || !count || scores === undefined) return undefined
  const width = values.length / count
  const missing = new Uint32Array(Math.min(width, MOST_FEATURES))
  for (let row = 0; row < values.length; row += width) {
    for (let feature = 0; feature < missing.length; feature++) {
      const value = values[row + feature]!
      // Only NaN differs from itself.
      // biome-ignore lint/suspicious/noSelfCompare: several times as fast as Number.isNaN
      if (value !== value) missing[feature]!++
    }
  }
  const scoreCounts = new Uint32Array(SCORE_BOUNDS.length + 1)
  let scoreSum = 0
  for (const score of scores) {
    let bucket = 0
    while (bucket < BOUNDS.length && score > BOUNDS[bucket]!) bucket++
    scoreCounts[bucket]!++
    scoreSum += score
  }
  return { rows: count, scoreCounts, scoreSum, missing }
}

/** Whatever the request was made of: rows, a query, several of either, or lines, of which some may be errors. */
function scoresOf(prediction: unknown): Iterable<number> | undefined {
  if (prediction instanceof Float32Array) return prediction
  if (Array.isArray(prediction)) return typeof prediction[0] === 'number' ? prediction : undefined
  const { ranking, predictions, rankings, lines } = (prediction ?? {}) as Record<string, unknown>
  const scored = ranking ?? predictions
  if (Array.isArray(scored)) return scored.map(({ score }) => score)
  const parts = rankings ?? lines
  return Array.isArray(parts) ? parts.flatMap((part) => [...(scoresOf(part) ?? [])]) : undefined
}
