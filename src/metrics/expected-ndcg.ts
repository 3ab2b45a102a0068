import { type Gain, gainsOf } from './ndcg.ts'
import { topRows } from './order.ts'
import { eachQuery, type QueryMetric, roomForTop } from './queries.ts'

interface ExpectedNdcgOptions {
  /** Ranks that count. */
  readonly k: number
  /** @default 'exponential' */
  readonly gain?: Gain | undefined
}

/**
 * Prepares NDCG@k of orders with ties, such as those of a column: for each query the exact mean over all orders of
 * equal values (McSherry & Najork 2008, doi:10.1007/978-3-540-78646-7_38). Breaking ties in any one way, for instance
 * in file order, would credit the column with that order. Missing values rank last and are equal. A query without a
 * relevant row counts as 1, as in XGBoost's `ndcg@k`.
 * @param labels grades from 0, one a row.
 * @param sizes rows of each query, side by side.
 */
export function expectedNdcgOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  { k, gain = 'exponential' }: ExpectedNdcgOptions,
): QueryMetric {
  const gains = gainsOf(labels, gain)
  const top = roomForTop(k, sizes)
  const discounts = Float64Array.from(top, (_, rank) => 1 / Math.log2(rank + 2))
  const dcgOf = (values: Float32Array): Float64Array => {
    return eachQuery(sizes, (from, to) => {
      const count = topRows(values, {}, from, to, top)
      let dcg = 0
      for (let rank = 0; rank < count; ) {
        const value = values[top[rank]!]!
        const first = rank
        let sum = 0
        let discount = 0
        for (; rank < count && isSame(values[top[rank]!]!, value); rank++) {
          sum += gains[top[rank]!]!
          discount += discounts[rank]!
        }
        let tied = rank - first
        if (rank === count && count < to - from) {
          // Other rows with the last value may not have fitted into the first k.
          tied = 0
          sum = 0
          for (let row = from; row < to; row++) {
            if (!isSame(values[row]!, value)) continue
            tied++
            sum += gains[row]!
          }
        }
        dcg += (sum / tied) * discount
      }
      return dcg
    })
  }
  const ideals = dcgOf(labels)
  return (values) => dcgOf(values).map((dcg, query) => (ideals[query] === 0 ? 1 : dcg / ideals[query]!))
}

const isSame = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b))

/** NDCG@k of a random order, for each query: with all values equal, every order is equally likely. */
export function randomNdcgOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: ExpectedNdcgOptions,
): Float64Array {
  return expectedNdcgOfQueries(labels, sizes, options)(new Float32Array(labels.length))
}
