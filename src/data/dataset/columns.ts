import { batchesOf, type Dataset } from './dataset.ts'

/** Bytes of columns that are gathered in one pass over the rows. */
const PASS_BYTES = 1 << 22
const BATCH_ROWS = 1 << 12
/** Rows that stay in the cache while their columns are picked one after the other. */
const TILE_ROWS = 64

/** Each feature's column, in order: one value a row, NaN where it is missing. */
export function* columnsOf(data: Dataset): Generator<Float32Array> {
  const { matrix, rows, featureNames } = data
  const { width } = matrix
  const perPass = Math.max(1, Math.floor(PASS_BYTES / 4 / Math.max(1, rows)))
  for (let first = 0; first < featureNames.length; first += perPass) {
    const columns = featureNames.slice(first, first + perPass).map(() => new Float32Array(rows))
    for (const { from, to } of batchesOf(data, BATCH_ROWS)) {
      const values = matrix.view(from, to)
      for (let tile = from; tile < to; tile += TILE_ROWS) {
        const end = Math.min(tile + TILE_ROWS, to)
        for (let index = 0; index < columns.length; index++) {
          const column = columns[index]!
          let at = (tile - from) * width + first + index
          for (let row = tile; row < end; row++, at += width) column[row] = values[at]!
        }
      }
    }
    yield* columns
  }
}

/** One feature of every row. @param feature its index in `featureNames`. */
export function readColumn(data: Dataset, feature: number): Float32Array {
  const { width } = data.matrix
  const column = new Float32Array(data.rows)
  for (const { from, to } of batchesOf(data, BATCH_ROWS)) {
    const values = data.matrix.view(from, to)
    for (let row = from, at = feature; row < to; row++, at += width) column[row] = values[at]!
  }
  return column
}
