import { quantile } from '../data/quantile.ts'
import { seededRandom } from '../data/random.ts'

/** A mean over queries, and its 95 % interval: where it would lie for other queries of the same kind. */
export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface IntervalOptions {
  /** One a query. @default all equal */
  readonly weights?: ArrayLike<number> | undefined
  /** @default 1000 */
  readonly resamples?: number
  /** @default 1 */
  readonly seed?: number
}

/** Above this many queries the two kinds of interval agree to 0.0001, and resampling takes seconds. */
export const MOST_RESAMPLED = 100_000

/** The 97.5 % point of the standard normal. */
const Z = 1.959964

/** How {@link meanIntervals} finds the interval for so many queries. */
export const intervalMethod = (queries: number): 'bootstrap' | 'normal' =>
  queries > MOST_RESAMPLED ? 'normal' : 'bootstrap'

/**
 * Means over queries with their percentile bootstrap intervals (Efron & Tibshirani 1993, chapter 13): queries are drawn
 * with replacement, the same ones for every series, so that a difference of two series is paired. The interval is
 * normal above {@link MOST_RESAMPLED} queries.
 * @param series values of the same queries, one list a quantity; no NaN.
 * @returns one interval a series; NaN where there is no query, the mean alone where there is one.
 */
export function meanIntervals(
  series: readonly Float64Array[],
  { weights, resamples = 1000, seed = 1 }: IntervalOptions = {},
): Interval[] {
  const queries = series[0]?.length ?? 0
  const weight = Float64Array.from({ length: queries }, (_, query) => weights?.[query] ?? 1)
  const total = weight.reduce((sum, one) => sum + one, 0)
  const means = series.map((values) => {
    let sum = 0
    for (let query = 0; query < queries; query++) sum += weight[query]! * values[query]!
    return sum / total
  })
  if (intervalMethod(queries) === 'normal') {
    return series.map((values, index) => {
      const mean = means[index]!
      let squares = 0
      for (let query = 0; query < queries; query++) squares += (weight[query]! * (values[query]! - mean)) ** 2
      const reach = (Z * Math.sqrt(squares)) / total
      return { mean, low: mean - reach, high: mean + reach }
    })
  }
  const resampled = resampledMeans(series, weight, resamples, seededRandom(seed))
  return resampled.map((values, index) => {
    values.sort()
    return { mean: means[index]!, low: quantile(values, 0.025), high: quantile(values, 0.975) }
  })
}

/** The mean of every series in each resample. */
function resampledMeans(
  series: readonly Float64Array[],
  weight: Float64Array,
  resamples: number,
  random: () => number,
): Float64Array[] {
  const queries = weight.length
  const weighted = series.map((values) => values.map((value, query) => value * weight[query]!))
  const means = series.map(() => new Float64Array(resamples))
  // How often each query is drawn: the sums can then run through memory in order.
  const drawn = new Float64Array(queries)
  const sum = (values: Float64Array): number => {
    let total = 0
    for (let query = 0; query < queries; query++) total += values[query]! * drawn[query]!
    return total
  }
  const hasWeight = weight.some((one) => one > 0)
  for (let resample = 0; resample < resamples; resample++) {
    let total: number
    do {
      drawn.fill(0)
      for (let draw = 0; draw < queries; draw++) drawn[Math.floor(random() * queries)]!++
      total = sum(weight)
      // A resample whose queries all have weight 0 has no mean.
    } while (total === 0 && hasWeight)
    for (const [index, values] of weighted.entries()) means[index]![resample] = sum(values) / total
  }
  return means
}
