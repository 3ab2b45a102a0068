import { createHash } from 'node:crypto'
import { batchesOf, type Dataset } from '../data/dataset.ts'
import type { Manifest } from '../model/manifest.ts'
import { writeOnnx } from '../model/onnx-writer.ts'
import { readXGBoostModel } from '../model/xgboost-model.ts'
import { PRODUCT } from '../version.ts'
import type { Booster } from '../xgboost/booster.ts'
import { XGBOOST_VERSION } from '../xgboost/library.ts'
import { goldenRows } from './golden-rows.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { Metrics } from './measure.ts'
import type { TrainingPlan } from './plan.ts'

/** The model's files in memory: nothing is written before the export was checked. */
export interface Artefact {
  readonly onnx: Uint8Array
  readonly ubj: Uint8Array
  readonly manifest: Manifest
}

/** Exports the kept booster and describes it. */
export function buildArtefact(
  plan: TrainingPlan,
  train: Dataset,
  final: Booster,
  metrics: Metrics,
  hosts: Hosts,
): Artefact {
  const ubj = final.save('ubj')
  const onnx = writeOnnx(readXGBoostModel(ubj, 'model.ubj'), PRODUCT)
  const files = { 'model.onnx': sha256(onnx), 'model.ubj': sha256(ubj) }
  const { best_iteration: bestIteration, baselines: _, ...byChannel } = metrics
  const manifest: Manifest = {
    schemaVersion: 1,
    model: { name: plan.modelName, version: files['model.onnx'].slice(0, 12) },
    featureNames: [...train.featureNames],
    objective: plan.hyperparameters.objective,
    hyperparameters: { ...plan.hyperparameters },
    bestIteration,
    metrics: byChannel,
    training: learntFrom(train, hosts),
    libraries: { [PRODUCT.name]: PRODUCT.version, xgboost: XGBOOST_VERSION },
    files,
    goldenRows: goldenRows(train, (rows, count) => final.predict(rows, count, train.featureNames.length)),
  }
  return { onnx, ubj, manifest }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What all hosts learnt from. */
function learntFrom(train: Dataset, hosts: Hosts): Manifest['training'] {
  const queries = train.groups?.sizes.length ?? 0
  const parts = hosts.gather({ rows: train.rows, queries, fingerprint: fingerprint(train) })
  if (parts.length === 1) return parts[0]!
  return {
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    queries: parts.reduce((sum, part) => sum + part.queries, 0),
    fingerprint: sha256(Buffer.from(parts.map((part) => part.fingerprint).join())),
  }
}

/** sha256 over what was learnt from: names, values, labels and groups. */
function fingerprint(data: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify(data.featureNames)).update(data.labels)
  for (const { from, to } of batchesOf(data, 1 << 14)) hash.update(data.matrix.view(from, to))
  if (data.groups) hash.update(data.groups.sizes)
  return hash.digest('hex')
}
