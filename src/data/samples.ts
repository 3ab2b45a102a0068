import { type Dataset, groupBounds } from './dataset.ts'
import { mulberry32 } from './random.ts'

/** The values of some rows, row-major. @param rows zero-based indices. */
export function readRows(data: Dataset, rows: Uint32Array): Float32Array {
  const width = data.featureNames.length
  const values = new Float32Array(rows.length * width)
  for (const [at, row] of rows.entries()) {
    values.set(data.values.subarray(row * width, (row + 1) * width), at * width)
  }
  return values
}

/** One feature of every row. @param feature its index in `featureNames`. */
export function readColumn(data: Dataset, feature: number): Float32Array {
  const width = data.featureNames.length
  const values = new Float32Array(data.rows)
  for (let row = 0, at = feature; row < data.rows; row++, at += width) values[row] = data.values[at]!
  return values
}

/**
 * At most `most` of `count` indices, ascending and spread over all of them: one drawn from each of so many equal
 * stretches. All of them where there are no more.
 */
export function sampleIndices(count: number, most: number, seed = 1): Uint32Array {
  if (count <= most) return Uint32Array.from({ length: count }, (_, index) => index)
  const random = mulberry32(seed)
  const stretch = count / most
  return Uint32Array.from({ length: most }, (_, at) => {
    const from = Math.floor(at * stretch)
    return from + Math.floor(random() * (Math.floor((at + 1) * stretch) - from))
  })
}

/** Whole queries with about `most` rows together, spread over the data; the data itself where it has no more. */
export function sampleQueries(data: Dataset, most: number): Dataset {
  if (!data.groups || data.rows <= most) return data
  const { ids, sizes } = data.groups
  const bounds = groupBounds(sizes)
  const queries = sampleIndices(sizes.length, Math.max(1, Math.round((most / data.rows) * sizes.length)))
  const keptSizes = Uint32Array.from(queries, (query) => sizes[query]!)
  const rows = new Uint32Array(keptSizes.reduce((sum, size) => sum + size, 0))
  let at = 0
  for (const query of queries) {
    for (let row = bounds[query]!; row < bounds[query + 1]!; row++) rows[at++] = row
  }
  return {
    featureNames: data.featureNames,
    rows: rows.length,
    values: readRows(data, rows),
    labels: Float32Array.from(rows, (row) => data.labels[row]!),
    groups: { ids: Array.from(queries, (query) => ids[query]!), sizes: keptSizes },
  }
}
