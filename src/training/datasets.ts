import { isDeepStrictEqual } from 'node:util'
import type { Dataset } from '../data/dataset/dataset.ts'
import { oddities } from '../data/dataset/oddities.ts'
import { RankerError } from '../errors.ts'
import type { FittedFeatures } from '../features/fitted.ts'
import { counted } from '../report/format.ts'
import { CHANNELS, type Channel, type ChannelName } from '../sagemaker/job.ts'
import { openSpillFile } from '../storage/spill-file.ts'
import type { Own } from '../xgboost/owned.ts'
import { readChannelRows, readRawChannel } from './channel-reader.ts'
import { agreeOnRows } from './hosts/agree.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import { withInputs } from './inputs.ts'
import { type ChannelFeatures, type ModelFeatures, ServedFeatures, SpecFeatures } from './model-features.ts'
import type { Emit, TrainingPlan } from './plan.ts'

/** The data of each channel; the features of all are those of train. */
export type Datasets = { train: Dataset } & Partial<Record<ChannelName, Dataset>>

/** What a job reads. */
export interface ReadData {
  readonly datasets: Datasets
  /** If a spec says what the features are. */
  readonly features?: ModelFeatures | undefined
}

/**
 * Share of the memory limit that rows may take before they go to disk. The rest is for their quantised form (a quarter
 * of their size), XGBoost's histograms, and the process itself.
 */
const ROWS_SHARE = 0.4

/**
 * Reads every channel of the plan, train first. Of several hosts each reads its share: what it was given of a sharded
 * channel, else the queries that fall to it.
 * @param interrupt called every megabyte or so; what it throws ends the reading.
 * @param given the fitted features of the model that training goes on from
 * @throws {RankerError} naming file, line and column.
 */
export async function readDatasets(
  plan: TrainingPlan,
  emit: Emit,
  own: Own,
  interrupt = () => {},
  hosts: Hosts = ONE_HOST,
  given?: FittedFeatures,
): Promise<ReadData> {
  const spec = specFeatures(plan, given)
  const budget = plan.memory.limitBytes * ROWS_SHARE
  const datasets = await readAll(plan, emit, own, interrupt, hosts, budget, spec)
  return { datasets, features: spec?.features }
}

/**
 * Reads the channels again the way an earlier model sees them: its columns, and its features made of them.
 * @param inMemory the datasets of this job, which take their part of the memory
 * @throws {RankerError} naming a column that the model needs and the data lacks, or a cell of another type.
 */
export function readAsServed(
  plan: TrainingPlan,
  fitted: FittedFeatures,
  own: Own,
  interrupt: () => void,
  hosts: Hosts,
  inMemory: Datasets,
): Promise<Datasets> {
  const taken = Object.values(inMemory).map(({ matrix, rows }) =>
    matrix.onDisk ? 0 : 4 * rows * matrix.width,
  )
  const budget = plan.memory.limitBytes * ROWS_SHARE - taken.reduce((sum, bytes) => sum + bytes, 0)
  // The first reading of this job has already warned about the files.
  return readAll(plan, () => {}, own, interrupt, hosts, Math.max(0, budget), new ServedFeatures(fitted))
}

async function readAll(
  plan: TrainingPlan,
  emit: Emit,
  own: Own,
  interrupt: () => void,
  hosts: Hosts,
  bytes: number,
  spec: ChannelFeatures | undefined,
): Promise<Datasets> {
  const { channels, hyperparameters } = plan
  let budget = bytes
  const read = async (name: ChannelName, channel: Channel, featureNames?: readonly string[]) => {
    const options = { emit, interrupt, budget, featureNames, hosts, spec }
    const data = await readChannel(plan, name, channel, options)
    own(data.matrix)
    if (!data.matrix.onDisk) budget = Math.max(0, budget - 4 * data.rows * data.matrix.width)
    return agreeOnRows(name, data, hosts)
  }
  const train = await read('train', channels.train!, hyperparameters.features)
  const datasets: Datasets = { train }
  for (const name of CHANNELS) {
    const channel = channels[name]
    if (channel && name !== 'train') datasets[name] = await read(name, channel, train.featureNames)
  }
  return datasets
}

/** A model that training continues from brings its own features. */
function specFeatures(
  { features, hyperparameters }: TrainingPlan,
  given: FittedFeatures | undefined,
): SpecFeatures | undefined {
  if (!given) return features && new SpecFeatures(features, hyperparameters, undefined)
  const source = 'ranker.json of the model channel'
  const { spec } = given
  if (features && !isDeepStrictEqual(features.spec, spec)) {
    throw new RankerError('BAD_CHANNEL_MODEL', {
      reason: `its features are others than those of ${features.source}: to continue a model, leave the spec out or give the one that it was trained with`,
    })
  }
  return new SpecFeatures(features ?? { spec, source }, hyperparameters, given)
}

interface ReadOptions {
  readonly emit: Emit
  readonly interrupt: () => void
  /** Bytes of rows that may stay in memory. */
  readonly budget: number
  readonly featureNames: readonly string[] | undefined
  readonly hosts: Hosts
  readonly spec: ChannelFeatures | undefined
}

async function readChannel(
  { hyperparameters, memory, s3 }: TrainingPlan,
  name: ChannelName,
  channel: Channel,
  { emit, interrupt, budget, featureNames, hosts, spec }: ReadOptions,
): Promise<Dataset> {
  const warn = (text: string) => emit({ type: 'warning', text: `${name}: ${text}` })
  // Raw columns and the features made from them are in memory at the same time.
  const limit = { bytes: spec ? budget / 2 : budget, openSpill: () => openSpillFile(memory.folder) }
  const sorted = name === 'train'
  const sharded = channel.sharded ?? false
  const data = await withInputs(name, channel, { scratch: memory.folder, s3, interrupt }, async (inputs) => {
    const options = { hyperparameters, featureNames, sorted, memory: limit, hosts, sharded, warn }
    if (!spec) return readChannelRows(inputs, options)
    const rows = await readRawChannel(inputs, { ...options, featureNames: undefined, raw: spec.raw })
    try {
      return sorted ? spec.train(rows, limit, hosts) : spec.other(rows, limit)
    } finally {
      rows.raw.close()
    }
  })
  const queries = data.groups ? ` of ${counted(data.groups.sizes.length, 'query', 'queries')}` : ''
  const where = data.matrix.onDisk ? ', kept on disk because they outgrow the memory limit' : ''
  emit({
    type: 'note',
    text: `${name}: ${counted(data.rows, 'row')}${queries}, ${counted(data.featureNames.length, 'feature')}${where}`,
  })
  for (const oddity of oddities(data)) warn(oddity)
  return data
}
