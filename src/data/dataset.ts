/** Judged rows ready for training: one float32 matrix, the rows of a query side by side. */
export interface Dataset {
  readonly featureNames: readonly string[]
  readonly rows: number
  /** Row-major, `rows * featureNames.length` values; NaN is missing. */
  readonly values: Float32Array
  /** One grade (or target) a row. */
  readonly labels: Float32Array
  /** Queries in order of their first row; absent where the objective needs none. */
  readonly groups?: QueryGroups
  /** One weight a query (a row where there are no groups); absent means 1 for all. */
  readonly weights?: Float32Array
}

export interface QueryGroups {
  /** Text that names each query in the data. */
  readonly ids: readonly string[]
  /** Rows of each query. */
  readonly sizes: Uint32Array
}

/** Zero-based row at which each query starts, and the row count at the end: `sizes.length + 1` values. */
export function groupBounds(sizes: Uint32Array): Uint32Array {
  const bounds = new Uint32Array(sizes.length + 1)
  for (let query = 0; query < sizes.length; query++) bounds[query + 1] = bounds[query]! + sizes[query]!
  return bounds
}

/**
 * Where each row goes when the rows of a query are brought together, queries in order of first appearance and rows
 * of a query in their own order.
 * @param queryOfRow index of each row's query, numbered by first appearance.
 */
export function groupRows(
  queryOfRow: Uint32Array,
  queries: number,
): { sizes: Uint32Array; target: Uint32Array } {
  const sizes = new Uint32Array(queries)
  for (const query of queryOfRow) sizes[query]!++
  const next = groupBounds(sizes)
  const target = Uint32Array.from(queryOfRow, (query) => next[query]!++)
  return { sizes, target }
}
