import type { Dataset } from '../data/dataset.ts'
import { shortestFloat32 } from '../data/number.ts'
import type { Manifest } from '../model/manifest.ts'

const COUNT = 64

/** Rows spread evenly over the training data, with the score that `predict` gives each. */
export function goldenRows(
  data: Dataset,
  predict: (rows: Float32Array, count: number) => Float32Array,
): Manifest['goldenRows'] {
  const width = data.featureNames.length
  const count = Math.min(COUNT, data.rows)
  const rows = new Float32Array(count * width)
  for (let golden = 0; golden < count; golden++) {
    const row = Math.floor((golden * data.rows) / count)
    rows.set(data.matrix.view(row, row + 1), golden * width)
  }
  return {
    columns: [...data.featureNames],
    rows: Array.from({ length: count }, (_, golden) =>
      Array.from(rows.subarray(golden * width, (golden + 1) * width), (value) =>
        Number.isNaN(value) ? null : shortestFloat32(value),
      ),
    ),
    scores: Array.from(predict(rows, count), shortestFloat32),
  }
}
