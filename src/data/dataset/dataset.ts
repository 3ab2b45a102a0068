import type { RowStore } from './row-store.ts'

/** Judged rows ready for training, the rows of a query side by side. */
export interface Dataset {
  readonly featureNames: readonly string[]
  readonly rows: number
  /** One row a pair of query and item, one column a feature; NaN is missing. */
  readonly matrix: RowStore
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
 * The order that brings the rows of a query together, queries in order of first appearance and rows of a query in
 * their own order.
 * @param queryOfRow index of each row's query, numbered by first appearance.
 * @returns for each place the row that goes there; undefined when all rows are in place already.
 */
export function groupRows(
  queryOfRow: Uint32Array,
  queries: number,
): { sizes: Uint32Array; order: Uint32Array | undefined } {
  const sizes = new Uint32Array(queries)
  let inPlace = true
  for (let row = 0; row < queryOfRow.length; row++) {
    sizes[queryOfRow[row]!]!++
    if (row > 0 && queryOfRow[row]! < queryOfRow[row - 1]!) inPlace = false
  }
  if (inPlace) return { sizes, order: undefined }
  const next = groupBounds(sizes)
  const order = new Uint32Array(queryOfRow.length)
  for (let row = 0; row < queryOfRow.length; row++) order[next[queryOfRow[row]!]!++] = row
  return { sizes, order }
}

/** A stretch of whole queries: their rows `[from, to)`, and the queries `[firstQuery, lastQuery)`. */
export interface Batch {
  readonly from: number
  readonly to: number
  readonly firstQuery: number
  readonly lastQuery: number
}

/** Cuts the rows into batches of about `rows` rows; a query is never cut, and where there are none each row stands alone. */
export function batchesOf(data: Pick<Dataset, 'rows' | 'groups'>, rows: number): Batch[] {
  const bounds = data.groups ? groupBounds(data.groups.sizes) : undefined
  const queries = data.groups?.sizes.length ?? data.rows
  const startOf = (query: number) => (bounds ? bounds[query]! : query)
  const batches: Batch[] = []
  for (let firstQuery = 0; firstQuery < queries; ) {
    const from = startOf(firstQuery)
    let lastQuery = firstQuery + 1
    while (lastQuery < queries && startOf(lastQuery + 1) - from <= rows) lastQuery++
    batches.push({ from, to: startOf(lastQuery), firstQuery, lastQuery })
    firstQuery = lastQuery
  }
  return batches
}
