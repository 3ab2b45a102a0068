/** What a query without a relevant row counts as; `skip` leaves it out of the mean. */
export type EmptyQuery = 'one' | 'zero' | 'skip'

/** The value of such a query; NaN is one that is skipped. */
export const emptyValue = (emptyQuery: EmptyQuery): number =>
  ({ one: 1, zero: 0, skip: Number.NaN })[emptyQuery]

/** Measures a ranking of judged queries: from scores (one a row; NaN ranks last) to the value of each query. */
export type QueryMetric = (scores: Float32Array) => Float64Array

/** Calls `measure` with the rows `[from, to)` of each query. */
export function eachQuery(
  sizes: Uint32Array,
  measure: (from: number, to: number, query: number) => number,
): Float64Array {
  const values = new Float64Array(sizes.length)
  let from = 0
  for (let query = 0; query < sizes.length; query++) {
    const to = from + sizes[query]!
    values[query] = measure(from, to, query)
    from = to
  }
  return values
}

/** Room for the first k rows of any query. */
export const roomForTop = (k: number, sizes: Uint32Array): Int32Array =>
  new Int32Array(
    Math.min(
      k,
      sizes.reduce((most, size) => Math.max(most, size), 0),
    ),
  )

/** Relevant rows of each query: those with at least the grade `relevantFrom`. */
export function relevantRows(labels: Float32Array, sizes: Uint32Array, relevantFrom: number): Float64Array {
  return eachQuery(sizes, (from, to) => {
    let count = 0
    for (let row = from; row < to; row++) if (labels[row]! >= relevantFrom) count++
    return count
  })
}

/**
 * Mean of the values of the queries; NaN is a query that was skipped, and the mean where all were.
 * @param weights one a query. @default 1 for each
 */
export function meanOfQueries(values: Float64Array, weights?: Float32Array): number {
  let sum = 0
  let total = 0
  for (let query = 0; query < values.length; query++) {
    const value = values[query]!
    if (Number.isNaN(value)) continue
    const weight = weights ? weights[query]! : 1
    sum += value * weight
    total += weight
  }
  return sum / total
}
