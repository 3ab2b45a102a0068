import { groupBounds } from '../data/dataset.ts'
import { type Gain, gainOf } from './ndcg.ts'

/**
 * NDCG@k of a random order, for each query: the exact mean over all its orders, for then every rank holds the mean gain.
 * A query without a relevant row counts as 1, as in XGBoost's `ndcg@k`.
 * @param labels grades from 0, one a row. @param sizes rows of each query, side by side.
 */
export function randomNdcgOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  { k, gain = 'exponential' }: { readonly k: number; readonly gain?: Gain | undefined },
): Float64Array {
  const bounds = groupBounds(sizes)
  return Float64Array.from(sizes, (size, query) => {
    const rows = labels.subarray(bounds[query]!, bounds[query + 1]!)
    const gains = Float64Array.from(rows, (label) => gainOf(label, gain))
    const mean = gains.reduce((sum, one) => sum + one, 0) / size
    gains.sort().reverse()
    let ideal = 0
    let expected = 0
    for (let rank = 0; rank < Math.min(k, size); rank++) {
      const discount = 1 / Math.log2(rank + 2)
      ideal += gains[rank]! * discount
      expected += mean * discount
    }
    return ideal === 0 ? 1 : expected / ideal
  })
}
