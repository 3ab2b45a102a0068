import type { Dataset } from '../data/dataset/dataset.ts'
import { shortestFloat32 } from '../data/number.ts'
import { goldenValues } from '../features/golden.ts'
import type { Manifest } from '../model/manifest.ts'
import type { ModelFeatures } from './model-features.ts'

const COUNT = 64

type Predict = (rows: Float32Array, count: number) => Float32Array

/** Raw rows of whole queries, with the scores that `predict` gives for the features of such a request. */
export function goldenRawRows({ pipeline, golden }: ModelFeatures, predict: Predict): Manifest['goldenRows'] {
  const { columns, rows, sizes } = golden
  return {
    columns: [...columns],
    rows: rows.map((cells) => [...cells]),
    sizes: [...sizes],
    scores: Array.from(predict(goldenValues(pipeline, golden), rows.length), shortestFloat32),
  }
}

/** Rows spread evenly over the training data, with the score that `predict` gives each. */
export function goldenRows(data: Dataset, predict: Predict): Manifest['goldenRows'] {
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
