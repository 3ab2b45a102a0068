import { createHash } from 'node:crypto'
import type { Dataset } from '../data/dataset/dataset.ts'
import type { Forest } from '../model/forest.ts'
import type { Manifest } from '../model/manifest.ts'
import { writeOnnx } from '../model/onnx-writer.ts'
import { readXGBoostModel } from '../model/xgboost-model.ts'
import { CHANNELS } from '../sagemaker/job.ts'
import { PRODUCT } from '../version.ts'
import type { Booster } from '../xgboost/booster.ts'
import { XGBOOST_VERSION } from '../xgboost/library.ts'
import { fingerprint } from './fingerprint.ts'
import { goldenRawRows, goldenRows } from './golden-rows.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { TrainingProfile } from './inspect.ts'
import type { Metrics } from './measure.ts'
import type { ModelFeatures } from './model-features.ts'
import type { TrainingPlan } from './plan.ts'

/** The model's files in memory: nothing is written before the export was checked. */
export interface Artefact {
  readonly onnx: Uint8Array
  readonly ubj: Uint8Array
  readonly manifest: Manifest
}

/** The kept booster in XGBoost's own format, and the forest that is exported. */
export interface Exported {
  readonly ubj: Uint8Array
  readonly forest: Forest
}

export function exportBooster(final: Booster): Exported {
  const ubj = final.save('ubj')
  return { ubj, forest: readXGBoostModel(ubj, 'model.ubj') }
}

/** What a manifest says about a model, apart from its files. */
export interface Described {
  readonly train: Dataset
  readonly features: ModelFeatures | undefined
  readonly metrics: Metrics
  readonly profile: TrainingProfile
  readonly hosts: Hosts
}

/** Writes the kept model as ONNX and describes it. */
export function buildArtefact(
  plan: TrainingPlan,
  final: Booster,
  { ubj, forest }: Exported,
  { train, features, metrics, profile, hosts }: Described,
): Artefact {
  const onnx = writeOnnx(forest, PRODUCT)
  const files = { 'model.onnx': sha256(onnx), 'model.ubj': sha256(ubj) }
  const channels = CHANNELS.filter((name) => metrics[name])
  const predict = (rows: Float32Array, count: number) => final.predict(rows, count, train.featureNames.length)
  const manifest: Manifest = {
    schemaVersion: 1,
    model: { name: plan.modelName, version: files['model.onnx'].slice(0, 12) },
    featureNames: [...train.featureNames],
    ...(features && { features: { ...features.pipeline.fitted } }),
    objective: plan.hyperparameters.objective,
    hyperparameters: { ...plan.hyperparameters },
    bestIteration: metrics.best_iteration,
    metrics: Object.fromEntries(channels.map((name) => [name, metrics[name]!])),
    training: { ...learntFrom(train, hosts), profile },
    libraries: { [PRODUCT.name]: PRODUCT.version, xgboost: XGBOOST_VERSION },
    files,
    goldenRows: features ? goldenRawRows(features, predict) : goldenRows(train, predict),
  }
  return { onnx, ubj, manifest }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Fingerprint of the rows that all hosts learnt from. */
function learntFrom(train: Dataset, hosts: Hosts): Manifest['training'] {
  const sum = (mine: number) => hosts.gather(mine).reduce((sum, one) => sum + one)
  return {
    rows: sum(train.rows),
    queries: sum(train.groups?.sizes.length ?? 0),
    fingerprint: fingerprint(train, hosts),
  }
}
