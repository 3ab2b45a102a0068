import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { batchesOf, type Dataset } from '../data/dataset/dataset.ts'
import { RankerError, show } from '../errors.ts'
import { MANIFEST_FILE, type Manifest, parseManifest } from '../model/manifest.ts'
import { readXGBoostInfo, type XGBoostInfo } from '../model/xgboost-model.ts'
import type { ChannelName } from '../sagemaker/job.ts'
import { readTarGz } from '../storage/tar.ts'
import { Booster } from '../xgboost/booster.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { withOwned } from '../xgboost/owned.ts'
import type { Datasets } from './datasets.ts'

/** File names of a booster, this product's first. */
const MODEL_FILES = ['model.ubj', 'model.json', 'xgboost-model']

const BATCH_ROWS = 1 << 14

/** A model's score of every row, by channel. */
export type Scores = Partial<Record<ChannelName, Float32Array>>

/** The booster of a `model` channel: training continues from it, or compares the new ranker with it. */
export interface ChannelModel extends XGBoostInfo {
  readonly file: string
  readonly bytes: Uint8Array
  readonly sha256: string
  /** From the manifest beside it, if that has a feature pipeline. */
  readonly features?: Manifest['features']
}

/**
 * Reads the model of a channel: a folder with model.ubj, model.json or xgboost-model (an artefact of ours is one), or
 * with the model.tar.gz of an earlier job, or with one other `.ubj`, `.json` or `.tar.gz`; or such a file itself.
 * Where a ranker.json lists the file, its hash must be the listed one.
 * @throws {RankerError} BAD_CHANNEL_MODEL, MODEL_DAMAGED, MODEL_UNSUPPORTED, HASH_MISMATCH, INPUT_UNREADABLE.
 */
export function loadChannelModel(path: string): ChannelModel {
  const files = filesOf(path)
  const file = modelName([...files.keys()])
  if (file === undefined) {
    throw badModel(`${path} holds no ${MODEL_FILES.join(', ')} or model.tar.gz: wanted one of them`)
  }
  const bytes = files.get(file)!
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const text = files.get(MANIFEST_FILE)
  const manifest = text && parseManifest(text.toString())
  const listed = manifest?.files[file]
  if (listed !== undefined && listed !== sha256) {
    throw new RankerError('HASH_MISMATCH', { file, seen: sha256, wanted: listed })
  }
  return { ...readXGBoostInfo(bytes, file), file, bytes, sha256, features: manifest?.features }
}

function filesOf(path: string): Map<string, Uint8Array> {
  if (statSync(path).isFile()) return open(path)
  const names = readdirSync(path).filter(
    (name) => !name.startsWith('.') && statSync(join(path, name)).isFile(),
  )
  const archive = onlyOne(names.filter(isArchive))
  if (modelName(names) === undefined && archive !== undefined) return open(join(path, archive))
  const wanted = names.filter((name) => name === modelName(names) || name === MANIFEST_FILE)
  return new Map(wanted.map((name) => [name, readFileSync(join(path, name))]))
}

const open = (file: string): Map<string, Uint8Array> =>
  isArchive(file) ? readTarGz(file) : new Map([[basename(file), readFileSync(file)]])

const isArchive = (name: string): boolean => /\.(tar\.gz|tgz)$/i.test(name)

function modelName(names: readonly string[]): string | undefined {
  const others = names.filter((name) => /\.(ubj|json)$/i.test(name) && name !== MANIFEST_FILE)
  return MODEL_FILES.find((name) => names.includes(name)) ?? onlyOne(others)
}

const onlyOne = (names: readonly string[]): string | undefined => (names.length === 1 ? names[0] : undefined)

/**
 * @throws {RankerError} BAD_CHANNEL_MODEL when training with these parameters and columns cannot continue from it.
 */
export function checkContinues(
  model: ChannelModel,
  parameters: Readonly<Record<string, unknown>>,
  featureNames: readonly string[],
): void {
  for (const name of ['objective', 'booster'] as const) {
    const wanted = parameters[name]
    if (wanted === undefined || wanted === model[name]) continue
    throw badModel(
      `${model.file} has the ${name} ${model[name]} and this job ${wanted}: set ${name}=${model[name]} to continue it, or model_channel=incumbent only to measure it`,
    )
  }
  if (model.featureNames.length === 0) checkWidth(model, featureNames)
  for (const [at, name] of model.featureNames.entries()) {
    if (featureNames[at] === name) continue
    throw badModel(
      `${model.file} has ${show(name)} as feature ${at} and train ${featureNames[at] === undefined ? 'ends before it' : `has ${show(featureNames[at])}`}: to continue a model, train needs its features in its order`,
    )
  }
  const extra = featureNames[model.width]
  if (extra !== undefined) {
    throw badModel(`train has the feature ${show(extra)} that ${model.file} was not trained on`)
  }
}

/**
 * XGBoost's `predict()` of the model on every channel, one score a row; columns are matched by name.
 * @throws {RankerError} BAD_CHANNEL_MODEL naming a feature that the data do not have.
 */
export function scoreChannels(library: XGBoost, model: ChannelModel, datasets: Datasets): Scores {
  const columns = columnsOf(model, datasets.train.featureNames)
  return withOwned((own) => {
    const booster = own(Booster.load(library, model.bytes))
    return Object.fromEntries(
      Object.entries(datasets).map(([name, data]) => [name, scoreRows(booster, data, columns)]),
    )
  })
}

function scoreRows(booster: Booster, data: Dataset, columns: readonly number[]): Float32Array {
  const scores = new Float32Array(data.rows)
  for (const { from, to } of batchesOf(data, BATCH_ROWS)) {
    const rows = pickColumns(data.matrix.view(from, to), data.matrix.width, columns)
    scores.set(booster.predict(rows, to - from, columns.length), from)
  }
  return scores
}

function pickColumns(values: Float32Array, width: number, columns: readonly number[]): Float32Array {
  if (columns.length === width && columns.every((column, at) => column === at)) return values
  const picked = new Float32Array((values.length / width) * columns.length)
  let to = 0
  for (let start = 0; start < values.length; start += width) {
    for (const column of columns) picked[to++] = values[start + column]!
  }
  return picked
}

function columnsOf(model: ChannelModel, featureNames: readonly string[]): number[] {
  if (model.featureNames.length === 0) {
    checkWidth(model, featureNames)
    return featureNames.map((_, at) => at)
  }
  return model.featureNames.map((name) => {
    const at = featureNames.indexOf(name)
    if (at < 0) throw badModel(`${model.file} needs the feature ${show(name)}, which train does not have`)
    return at
  })
}

function checkWidth({ file, width }: ChannelModel, featureNames: readonly string[]): void {
  if (width === featureNames.length) return
  throw badModel(
    `${file} takes ${width} features and names none of them, and train has ${featureNames.length}`,
  )
}

const badModel = (reason: string): RankerError => new RankerError('BAD_CHANNEL_MODEL', { reason })
