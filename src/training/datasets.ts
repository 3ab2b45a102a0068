import { basename } from 'node:path'
import { readCsvTable } from '../data/csv-table.ts'
import type { Dataset } from '../data/dataset.ts'
import { TrainingTable } from '../data/training-table.ts'
import { RankerError } from '../errors.ts'
import { CHANNELS, type Channel, type ChannelName } from '../sagemaker/job.ts'
import { readChunks } from '../storage/files.ts'
import { labelCheck, needsGroups } from './data-needs.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { Emit, TrainingPlan } from './plan.ts'

/** The data of each channel; the features of all are those of train. */
export type Datasets = { train: Dataset } & Partial<Record<ChannelName, Dataset>>

/** Reads every channel of the plan, train first. @throws {RankerError} naming file, line and column. */
export async function readDatasets(
  { channels, hyperparameters }: TrainingPlan,
  emit: Emit,
): Promise<Datasets> {
  const train = await readChannel('train', channels.train!, hyperparameters, emit, hyperparameters.features)
  const datasets: Datasets = { train }
  for (const name of CHANNELS) {
    const channel = channels[name]
    if (!channel || name === 'train') continue
    datasets[name] = await readChannel(name, channel, hyperparameters, emit, train.featureNames)
  }
  return datasets
}

async function readChannel(
  name: ChannelName,
  channel: Channel,
  hyperparameters: Hyperparameters,
  emit: Emit,
  featureNames?: readonly string[],
): Promise<Dataset> {
  const { label, group, weight, item, position } = hyperparameters
  const table = new TrainingTable({
    roles: { label, group, weight, item, position },
    grouped: needsGroups(hyperparameters),
    // Positions tell what was shown while clicks were gathered: other channels may well have none.
    sorted: name === 'train',
    refuseLabel: labelCheck(hyperparameters),
    featureNames,
    warn: (text) => emit({ type: 'warning', text: `${name}: ${text}` }),
  })
  for (const file of channel.files) {
    if (!isCsv(file, channel.contentType)) {
      throw new RankerError('UNKNOWN_FORMAT', { file, known: 'CSV with a header (.csv or text/csv)' })
    }
    await readCsvTable(basename(file), readChunks(file), table)
  }
  const data = table.finish()
  if (data.weights?.every((one) => one === 0)) {
    throw new RankerError('WEIGHTS_ALL_ZERO', { channel: name, column: weight! })
  }
  const queries = data.groups ? ` of ${data.groups.sizes.length} queries` : ''
  emit({ type: 'note', text: `${name}: ${data.rows} rows${queries}, ${data.featureNames.length} features` })
  return data
}

/** The channel's content type decides; without one, the file's name. */
function isCsv(file: string, contentType: string | undefined): boolean {
  return contentType === undefined ? /\.csv$/i.test(file) : /^\s*text\/csv\s*(;|$)/i.test(contentType)
}
