import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '../src/data/dataset/dataset.ts'
import type { Forest } from '../src/model/forest.ts'
import { readXGBoostModel } from '../src/model/xgboost-model.ts'
import { openOnnxRuntime } from '../src/scoring/onnxruntime.ts'
import { readDatasets } from '../src/training/datasets.ts'
import { parseHyperparameters } from '../src/training/hyperparameters.ts'
import { Booster } from '../src/xgboost/booster.ts'
import type { XGBoost } from '../src/xgboost/library.ts'
import { predictDataset } from '../src/xgboost/predict.ts'
import type { ParityCase } from './parity-cases.ts'

/** What our two model files give for the rows of train, then those of test, queries brought together. */
export interface Ours {
  readonly ubj: Float32Array
  readonly onnx: Float32Array
  readonly forest: Forest
  /** NDCG@10 on test, where there are queries. */
  readonly ndcg: number | undefined
}

/** Scores a case's rows with the model that `ranker train` wrote to `output`. */
export async function scoreOurs(one: ParityCase, output: string, library: XGBoost): Promise<Ours> {
  const { datasets } = await readDatasets(
    {
      channels: { train: { files: [one.train] }, test: { files: [one.test] } },
      hyperparameters: parseHyperparameters({ objective: one.params.objective, ...one.roles }),
      threads: 1,
      s3: { pathStyle: false },
      memory: { limitBytes: Number.POSITIVE_INFINITY, folder: tmpdir() },
      modelName: 'parity',
    },
    () => {},
    (matrix) => matrix,
  )
  const { train, test } = datasets
  const bytes = readFileSync(join(output, 'model/model.ubj'))
  const booster = Booster.load(library, bytes)
  const scorer = await openOnnxRuntime(readFileSync(join(output, 'model/model.onnx')))
  try {
    const both = [train, test!]
    return {
      ubj: joined(both.map((data) => predictDataset(booster, data))),
      onnx: joined(
        await Promise.all(both.map((data) => scorer.score(data.matrix.view(0, data.rows), data.rows))),
      ),
      forest: readXGBoostModel(bytes, 'model.ubj'),
      ndcg: readNdcg(output, test!),
    }
  } finally {
    booster.close()
    await scorer.close()
  }
}

function readNdcg(output: string, { groups }: Dataset): number | undefined {
  if (!groups) return undefined
  return JSON.parse(readFileSync(join(output, 'output/data/metrics.json'), 'utf8')).test['ndcg@10']
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** How many trees of another model, given as its file, are the same number for number at the same place. */
export function treesAlike(ours: Forest, model: Uint8Array): number {
  const theirs = readXGBoostModel(model, 'model.ubj of Python')
  return theirs.trees.filter((tree, index) => {
    const own = ours.trees[index]
    if (!own) return false
    const arrays = ['left', 'right', 'feature', 'threshold', 'defaultLeft', 'cover'] as const
    return arrays.every((name) => {
      const [a, b] = [own[name], tree[name]]
      return (
        a?.length === b?.length && (a ?? []).every((value: number, at: number) => Object.is(value, b![at]))
      )
    })
  }).length
}

/**
 * The largest difference between two lists and where it is; NaN, or another length, is the largest of all.
 */
export function largestDifference(
  seen: Float32Array,
  wanted: Float32Array,
): { difference: number; row: number } {
  if (seen.length !== wanted.length) {
    return { difference: Number.NaN, row: Math.min(seen.length, wanted.length) }
  }
  let difference = 0
  let row = 0
  for (let at = 0; at < seen.length; at++) {
    const here = Math.abs(seen[at]! - wanted[at]!)
    if (here <= difference) continue
    difference = here
    row = at
    if (Number.isNaN(here)) break
  }
  return { difference, row }
}
