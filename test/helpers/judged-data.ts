import type { Dataset, QueryGroups } from '../../src/data/dataset/dataset.ts'
import { contiguousRows } from '../../src/data/dataset/row-store.ts'

/** A seeded generator of numbers in [0, 1), so that tests see the same data everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    // xorshift32 (Marsaglia 2003)
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

export interface JudgedDataOptions {
  queries?: number
  perQuery?: number
  width?: number
  seed?: number
  /** Share of the cells that is missing. */
  missing?: number
  grades?: number
}

/** A dataset with queries, and its matrix in one piece. */
export type JudgedData = Dataset & { groups: QueryGroups; values: Float32Array }

/** Judged rows whose grade follows the first features, with noise: a ranker has something to learn. */
export function judgedData(options: JudgedDataOptions = {}): JudgedData {
  const { queries = 40, perQuery = 20, width = 6, seed = 1, missing = 0.1, grades = 5 } = options
  const random = seededRandom(seed)
  const rows = queries * perQuery
  const values = new Float32Array(rows * width)
  const labels = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    let signal = random() * 0.4
    for (let feature = 0; feature < width; feature++) {
      const value = Math.fround(random() * 2 - 1)
      if (feature < 3) signal += value * (3 - feature)
      values[row * width + feature] = random() < missing ? Number.NaN : value
    }
    labels[row] = Math.max(0, Math.min(grades - 1, Math.floor(((signal + 4) / 8) * grades)))
  }
  return {
    featureNames: Array.from({ length: width }, (_, feature) => `f${feature}`),
    rows,
    values,
    matrix: contiguousRows(values, width),
    labels,
    groups: {
      ids: Array.from({ length: queries }, (_, query) => `q${query}`),
      sizes: new Uint32Array(queries).fill(perQuery),
    },
  }
}

/** The data as a CSV with a header, `label,qid,f0,…`. */
export function toCsv(data: Dataset): string {
  const lines = [`label,qid,${data.featureNames.join(',')}`]
  let row = 0
  for (const [query, size] of (data.groups?.sizes ?? []).entries()) {
    for (let item = 0; item < size; item++, row++) {
      const cells = Array.from(data.matrix.view(row, row + 1), (value) =>
        Number.isNaN(value) ? '' : String(value),
      )
      lines.push([data.labels[row], data.groups!.ids[query], ...cells].join(','))
    }
  }
  return `${lines.join('\n')}\n`
}
