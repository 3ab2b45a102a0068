import { groupBounds } from '../data/dataset.ts'

export interface NdcgOptions {
  /** Ranks that count. */
  readonly k: number
  /** What a grade is worth: 2^grade − 1 or the grade itself. @default 'exponential' */
  readonly gain?: 'exponential' | 'linear'
  /** Value of a query without a relevant row; `skip` leaves it out of the mean. @default 'one' */
  readonly emptyQuery?: 'one' | 'zero' | 'skip'
  /**
   * Names of the rows: ties in score are then ordered by name, descending, as trec_eval does.
   * Without them ties keep the order of the input, as XGBoost does.
   */
  readonly docnos?: readonly string[]
}

/**
 * Prepares NDCG@k, normalised discounted cumulative gain (Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418), over
 * judged queries, so that many rankings of them can be measured: the ideal order is found once.
 * The defaults are XGBoost's `ndcg@k`; linear gain with `docnos` and `emptyQuery: 'zero'` is trec_eval's `ndcg_cut`.
 * @param labels grades from 0, one a row. @param sizes rows of each query, side by side.
 * @returns from scores (one a row; NaN ranks last) to the value of each query, NaN for one that is skipped.
 */
export function ndcgOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  { k, gain = 'exponential', emptyQuery = 'one', docnos }: NdcgOptions,
): (scores: Float32Array) => Float64Array {
  const empty = { one: 1, zero: 0, skip: Number.NaN }[emptyQuery]
  const bounds = groupBounds(sizes)
  const gains = Float64Array.from(labels, (label) => (gain === 'exponential' ? 2 ** label - 1 : label))
  const longest = sizes.reduce((most, size) => Math.max(most, size), 0)
  const top = new Int32Array(Math.min(k, longest))
  const discounts = Float64Array.from(top, (_, rank) => 1 / Math.log2(rank + 2))

  const dcg = (values: Float32Array, from: number, to: number, names?: readonly string[]): number => {
    const count = topRows(values, from, to, top, names)
    let sum = 0
    for (let rank = 0; rank < count; rank++) sum += gains[top[rank]!]! * discounts[rank]!
    return sum
  }
  const ideals = Float64Array.from(sizes, (_, query) => dcg(labels, bounds[query]!, bounds[query + 1]!))
  return (scores) =>
    ideals.map((ideal, query) =>
      ideal === 0 ? empty : dcg(scores, bounds[query]!, bounds[query + 1]!, docnos) / ideal,
    )
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

/** Mean of the values of the queries; NaN is a query that was skipped. */
export function meanOfQueries(values: Float64Array): number {
  const counted = values.filter((value) => !Number.isNaN(value))
  return counted.reduce((sum, value) => sum + value, 0) / counted.length
}

/**
 * Puts the rows of `[from, to)` with the highest values into `top`, best first, and returns how many there are. An
 * insertion into the few kept rows: k is small where lists are long.
 */
function topRows(
  values: Float32Array,
  from: number,
  to: number,
  top: Int32Array,
  docnos?: readonly string[],
): number {
  let count = 0
  for (let row = from; row < to; row++) {
    if (count === top.length && (count === 0 || !ranksBefore(row, top[count - 1]!, values, docnos))) continue
    let rank = count < top.length ? count++ : count - 1
    for (; rank > 0 && ranksBefore(row, top[rank - 1]!, values, docnos); rank--) top[rank] = top[rank - 1]!
    top[rank] = row
  }
  return count
}

function ranksBefore(row: number, other: number, values: Float32Array, docnos?: readonly string[]): boolean {
  const value = values[row]!
  const otherValue = values[other]!
  if (value > otherValue) return true
  if (value < otherValue || Number.isNaN(value)) return false
  if (Number.isNaN(otherValue)) return true
  return docnos !== undefined && docnos[row]! > docnos[other]!
}
