import { batchesOf, type Dataset } from '../data/dataset/dataset.ts'
import type { Booster } from './booster.ts'

const BATCH_ROWS = 1 << 14

/** XGBoost's `predict()` of every row of a dataset. */
export function predictDataset(booster: Booster, data: Dataset): Float32Array {
  const scores = new Float32Array(data.rows)
  for (const { from, to } of batchesOf(data, BATCH_ROWS)) {
    scores.set(booster.predict(data.matrix.view(from, to), to - from, data.matrix.width), from)
  }
  return scores
}
