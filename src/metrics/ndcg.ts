import { type Ties, topRows } from './order.ts'
import {
  type EmptyQuery,
  eachQuery,
  emptyValue,
  meanOfQueries,
  type QueryMetric,
  roomForTop,
} from './queries.ts'

/** The gain of a grade: 2^grade − 1, or the grade itself. */
export type Gain = 'exponential' | 'linear'

export const gainOf = (grade: number, gain: Gain): number => (gain === 'exponential' ? 2 ** grade - 1 : grade)

/** The gain of each label. By a table: computing a power for each of millions of rows takes too long. */
export function gainsOf(labels: Float32Array, gain: Gain): Float64Array {
  const whole = Float64Array.from({ length: 32 }, (_, grade) => gainOf(grade, gain))
  const gains = new Float64Array(labels.length)
  for (let row = 0; row < labels.length; row++) gains[row] = whole[labels[row]!] ?? gainOf(labels[row]!, gain)
  return gains
}

export type NdcgOptions = Ties & {
  /** Ranks that count. */
  readonly k: number
  /** @default 'exponential' */
  readonly gain?: Gain
  /** @default 'one' */
  readonly emptyQuery?: EmptyQuery
}

/**
 * Prepares NDCG@k, normalised discounted cumulative gain (Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418), over
 * judged queries, so that many rankings of them can be measured: the ideal order is found once.
 * The defaults are XGBoost's `ndcg@k`, and `emptyQuery: 'zero'` its `ndcg@k-`; linear gain with docno ties and
 * `emptyQuery: 'zero'` is trec_eval's `ndcg_cut`.
 * @param labels grades from 0, one a row. @param sizes rows of each query, side by side.
 */
export function ndcgOfQueries(labels: Float32Array, sizes: Uint32Array, options: NdcgOptions): QueryMetric {
  const { k, gain = 'exponential', emptyQuery = 'one' } = options
  const gains = gainsOf(labels, gain)
  const top = roomForTop(k, sizes)
  const discounts = Float64Array.from(top, (_, rank) => 1 / Math.log2(rank + 2))
  const dcgOf = (values: Float32Array, ties: Ties): Float64Array => {
    return eachQuery(sizes, (from, to) => {
      const count = topRows(values, ties, from, to, top)
      let sum = 0
      for (let rank = 0; rank < count; rank++) sum += gains[top[rank]!]! * discounts[rank]!
      return sum
    })
  }
  const ideals = dcgOf(labels, {})
  const empty = emptyValue(emptyQuery)
  return (scores) =>
    dcgOf(scores, options).map((dcg, query) => (ideals[query] === 0 ? empty : dcg / ideals[query]!))
}

/** Mean of {@link ndcgOfQueries} over the queries that count; NaN where none does. */
export function meanNdcg(
  labels: Float32Array,
  scores: Float32Array,
  sizes: Uint32Array,
  options: NdcgOptions,
): number {
  return meanOfQueries(ndcgOfQueries(labels, sizes, options)(scores))
}
