import type { Dataset } from '../data/dataset.ts'
import { oddities } from '../data/oddities.ts'
import { CHANNELS, type Channel, type ChannelName } from '../sagemaker/job.ts'
import { openSpillFile } from '../storage/spill-file.ts'
import type { Own } from '../xgboost/owned.ts'
import { readChannelRows } from './channel-reader.ts'
import { agreeOnRows } from './hosts/agree.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import { withInputs } from './inputs.ts'
import type { Emit, TrainingPlan } from './plan.ts'

/** The data of each channel; the features of all are those of train. */
export type Datasets = { train: Dataset } & Partial<Record<ChannelName, Dataset>>

/**
 * Share of the memory limit that rows may take before they go to disk. The rest is for their quantised form (a quarter
 * of their size), XGBoost's histograms, and the process itself.
 */
const ROWS_SHARE = 0.4

/**
 * Reads every channel of the plan, train first. Of several hosts each reads its share: what it was given of a sharded
 * channel, else the queries that fall to it.
 * @param interrupt called every megabyte or so; what it throws ends the reading.
 * @throws {RankerError} naming file, line and column.
 */
export async function readDatasets(
  plan: TrainingPlan,
  emit: Emit,
  own: Own,
  interrupt = () => {},
  hosts: Hosts = ONE_HOST,
): Promise<Datasets> {
  const { channels, hyperparameters } = plan
  let budget = plan.memory.limitBytes * ROWS_SHARE
  const read = async (name: ChannelName, channel: Channel, featureNames?: readonly string[]) => {
    const data = await readChannel(plan, name, channel, { emit, interrupt, budget, featureNames, hosts })
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

interface ReadOptions {
  readonly emit: Emit
  readonly interrupt: () => void
  /** Bytes of rows that may stay in memory. */
  readonly budget: number
  readonly featureNames: readonly string[] | undefined
  readonly hosts: Hosts
}

async function readChannel(
  { hyperparameters, memory, s3 }: TrainingPlan,
  name: ChannelName,
  channel: Channel,
  { emit, interrupt, budget, featureNames, hosts }: ReadOptions,
): Promise<Dataset> {
  const warn = (text: string) => emit({ type: 'warning', text: `${name}: ${text}` })
  const limit = { bytes: budget, openSpill: () => openSpillFile(memory.folder) }
  const sharded = channel.sharded ?? false
  const data = await withInputs(name, channel, { scratch: memory.folder, s3, interrupt }, (inputs) =>
    readChannelRows(inputs, {
      hyperparameters,
      featureNames,
      sorted: name === 'train',
      memory: limit,
      hosts,
      sharded,
      warn,
    }),
  )
  const queries = data.groups ? ` of ${data.groups.sizes.length} queries` : ''
  const where = data.matrix.onDisk ? ', kept on disk because they outgrow the memory limit' : ''
  emit({
    type: 'note',
    text: `${name}: ${data.rows} rows${queries}, ${data.featureNames.length} features${where}`,
  })
  for (const oddity of oddities(data)) warn(oddity)
  return data
}
