import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Forest, predictRow, type Tree } from '../../src/model/forest.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { writeOnnx } from '../../src/model/onnx-writer.ts'
import { writeTree } from './command.ts'

export const FEATURES = ['price', 'cost', 'age']

/** Two stumps over three features: cheap is worth 1, a cost of 5 or more or none known is worth 0.25. */
export const FOREST: Forest = {
  width: 3,
  base: 0.5,
  transform: 'identity',
  featureNames: FEATURES,
  trees: [stump(0, 10, 1, -1, false), stump(1, 5, 0, 0.25, false)],
}

export function stump(
  feature: number,
  threshold: number,
  left: number,
  right: number,
  defaultLeft: boolean,
): Tree {
  return {
    left: Int32Array.of(1, -1, -1),
    right: Int32Array.of(2, -1, -1),
    feature: Int32Array.of(feature, 0, 0),
    threshold: Float32Array.of(threshold, left, right),
    defaultLeft: Uint8Array.of(defaultLeft ? 1 : 0, 0, 0),
    cover: Float32Array.of(4, 1, 3),
  }
}

export function onnxOf(forest: Forest): Buffer {
  return Buffer.from(writeOnnx(forest, { name: 'test', version: '1' }))
}

/** A forest as XGBoost's `save_model` writes it. */
export function xgboostJsonOf({ trees, base, width, featureNames }: Forest): string {
  return JSON.stringify({
    version: [3, 4, 1],
    learner: {
      feature_names: featureNames,
      learner_model_param: {
        base_score: `[${base}]`,
        num_class: '0',
        num_feature: String(width),
        num_target: '1',
      },
      objective: { name: 'rank:ndcg' },
      gradient_booster: {
        name: 'gbtree',
        model: {
          tree_info: trees.map(() => 0),
          trees: trees.map((tree) => ({
            left_children: [...tree.left],
            right_children: [...tree.right],
            split_indices: [...tree.feature],
            split_conditions: [...tree.threshold],
            default_left: [...tree.defaultLeft],
            sum_hessian: tree.cover && [...tree.cover],
          })),
        },
      },
    },
  })
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const GOLDEN = [
  [9, 4, 1],
  [11, 6, null],
  [null, null, null],
]

/** The manifest of {@link FOREST}, with some of its fields changed. */
export function manifestOf(changes: Partial<Manifest> = {}): Manifest {
  return {
    schemaVersion: 1,
    model: { name: 'lots', version: '7' },
    featureNames: FEATURES,
    objective: 'rank:ndcg',
    hyperparameters: {},
    bestIteration: 1,
    metrics: {},
    training: { rows: 3, queries: 1, fingerprint: '' },
    libraries: {},
    files: { 'model.onnx': sha256(onnxOf(FOREST)) },
    goldenRows: {
      columns: FEATURES,
      rows: GOLDEN,
      scores: GOLDEN.map((row) =>
        predictRow(
          FOREST,
          row.map((cell) => cell ?? Number.NaN),
        ),
      ),
    },
    ...changes,
  }
}

/** A model folder of its own for a test, far from any package.json: {@link FOREST} and whatever files are given. */
export function modelFolder(
  t: Test,
  files: Record<string, string | object> = {},
  manifest = manifestOf(),
): string {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'model.onnx'), onnxOf(FOREST))
  writeTree(folder, { 'ranker.json': manifest, ...files })
  return folder
}

/** A model folder with XGBoost's own file beside the graph, as training leaves it: its scores can be explained. */
export function explainableFolder(t: Test, files: Record<string, string | object> = {}): string {
  const json = xgboostJsonOf(FOREST)
  const listed = { 'model.onnx': sha256(onnxOf(FOREST)), 'model.json': sha256(json) }
  return modelFolder(t, { 'model.json': json, ...files }, manifestOf({ files: listed }))
}

/** A folder below the system's temporary one, gone after the test. */
export function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ranker-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
