import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { contiguousRows } from '../src/data/dataset/row-store.ts'
import { seededRandom } from '../src/data/random.ts'
import type { Forest } from '../src/model/forest.ts'
import { writeOnnx } from '../src/model/onnx-writer.ts'
import { readXGBoostModel } from '../src/model/xgboost-model.ts'
import { writeWhole } from '../src/storage/files.ts'
import { Booster } from '../src/xgboost/booster.ts'
import { DMatrix } from '../src/xgboost/dmatrix.ts'
import { XGBOOST_VERSION, XGBoost } from '../src/xgboost/library.ts'
import { withOwned } from '../src/xgboost/owned.ts'
import { normal } from './data.ts'
import { root } from './ranker.ts'

/** Features of a row. */
export const WIDTH = 136

const ROWS = 4000
/** A learning rate so small that the last of two thousand trees has as much to learn as the first. */
const COMMON = {
  objective: 'reg:squarederror',
  eta: '0.003',
  max_bin: '32',
  colsample_bytree: '0.15',
  nthread: '1',
  seed: '1',
} as const

/** Shapes of trees, by what the tables call them. */
export const SHAPES = {
  'depth 3': { max_depth: '3' },
  'depth 6': { max_depth: '6' },
  'depth 8': { max_depth: '8' },
  'depth 12': { max_depth: '12' },
  'lossguide 255': { grow_policy: 'lossguide', max_leaves: '255', max_depth: '0' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>
export type Shape = keyof typeof SHAPES

/** A model of the same trees in the forms that the engines read. */
export interface Grown {
  readonly forest: Forest
  readonly onnx: Uint8Array
  readonly ubj: Uint8Array
}

/**
 * Trains forests of a shape, each the beginning of the largest. Thousands of deep trees take longer to train than to
 * measure: the largest is kept in `.cache` for the next run.
 */
export function growForests(shape: Shape, sizes: readonly number[]): Map<number, Grown> {
  const most = Math.max(...sizes)
  const library = XGBoost.load(process.env)
  return withOwned((own) => {
    const largest = own(Booster.load(library, keptModel(library, shape, most)))
    return new Map(
      sizes.map((trees) => {
        const ubj = own(largest.slice(trees)).save('ubj')
        const forest = readXGBoostModel(ubj, 'model.ubj')
        return [trees, { forest, onnx: writeOnnx(forest, { name: 'benchmark', version: '1' }), ubj }]
      }),
    )
  })
}

function keptModel(library: XGBoost, shape: Shape, trees: number): Uint8Array {
  const parameters = { ...COMMON, ...SHAPES[shape] }
  const job = JSON.stringify([XGBOOST_VERSION, ROWS, WIDTH, trees, parameters])
  const folder = join(root, '.cache/bench-forests')
  const file = join(folder, `${createHash('sha256').update(job).digest('hex').slice(0, 16)}.ubj`)
  if (existsSync(file)) return readFileSync(file)
  const model = train(library, parameters, trees)
  mkdirSync(folder, { recursive: true })
  writeWhole(file, model)
  return model
}

function train(library: XGBoost, parameters: Readonly<Record<string, string>>, trees: number): Uint8Array {
  const values = drawRows(ROWS, 1)
  const random = seededRandom(2)
  const labels = Float32Array.from({ length: ROWS }, (_, row) => {
    const [a = 0, b = 0, c = 0] = values.subarray(row * WIDTH)
    return a + b * c + normal(random)
  })
  const featureNames = Array.from({ length: WIDTH }, (_, feature) => `f${feature}`)
  const data = { featureNames, rows: ROWS, labels, matrix: contiguousRows(values, WIDTH) }
  return withOwned((own) => {
    const matrix = own(DMatrix.create(library, data, { threads: 1, maxBin: Number(COMMON.max_bin) }))
    const booster = own(Booster.create(library, parameters, [matrix]))
    for (let round = 0; round < trees; round++) booster.update(round, matrix)
    return booster.save('ubj')
  })
}

/** Rows of normal deviates. */
export function drawRows(count: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  return Float32Array.from({ length: count * WIDTH }, () => normal(random))
}

/** Rows with values that no training saw: a tenth missing, infinities, and thresholds of the forest itself. */
export function drawOddRows(count: number, seed: number, { trees }: Forest): Float32Array {
  const rows = drawRows(count, seed)
  const random = seededRandom(~seed)
  for (let at = 0; at < rows.length; at++) {
    const kind = random()
    if (kind < 0.1) rows[at] = Number.NaN
    else if (kind < 0.105) rows[at] = Number.POSITIVE_INFINITY
    else if (kind < 0.11) rows[at] = Number.NEGATIVE_INFINITY
  }
  for (let row = 0; row < count; row++) {
    const { left, feature, threshold } = trees[row % trees.length]!
    const node = row % left.length
    if (left[node] !== -1) rows[row * WIDTH + feature[node]!] = threshold[node]!
  }
  return rows
}
