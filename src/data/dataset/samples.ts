import { seededRandom } from '../random.ts'
import type { Dataset } from './dataset.ts'
import { selectQueries } from './query-parts.ts'

const BATCH_ROWS = 1 << 14

/** The values of some rows, row-major. @param rows zero-based indices, ascending. */
export function readRows({ matrix }: Dataset, rows: Uint32Array): Float32Array {
  const { width } = matrix
  const values = new Float32Array(rows.length * width)
  for (let at = 0; at < rows.length; ) {
    // Rows that follow each other are read in one go.
    let end = at + 1
    while (end < rows.length && end - at < BATCH_ROWS && rows[end] === rows[end - 1]! + 1) end++
    values.set(matrix.view(rows[at]!, rows[end - 1]! + 1), at * width)
    at = end
  }
  return values
}

/**
 * At most `most` of `count` indices, ascending and spread evenly: one is drawn from each of `most` equal stretches.
 * All of them if there are no more.
 */
export function sampleIndices(count: number, most: number, seed = 1): Uint32Array {
  if (count <= most) return Uint32Array.from({ length: count }, (_, index) => index)
  const random = seededRandom(seed)
  const stretch = count / most
  return Uint32Array.from({ length: most }, (_, at) => {
    const from = Math.floor(at * stretch)
    return from + Math.floor(random() * (Math.floor((at + 1) * stretch) - from))
  })
}

/** How many rows of this width to sample: `most`, or fewer of wide ones so that they take no more memory. */
export function affordableRows(width: number, most: number): number {
  return Math.min(most, Math.max(LEAST_ROWS, Math.floor(MOST_VALUES / Math.max(1, width))))
}

const MOST_VALUES = 1 << 23
const LEAST_ROWS = 1000

/** Whole queries with about `most` rows in total, spread over the data; the data itself if it has no more. */
export function sampleQueries(data: Dataset, most: number): Dataset {
  if (!data.groups || data.rows <= most) return data
  const queries = data.groups.sizes.length
  return selectQueries(data, sampleIndices(queries, Math.max(1, Math.round((most / data.rows) * queries))))
}
