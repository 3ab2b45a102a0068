import { basename } from 'node:path'
import { readCsvTable } from '../data/csv-table.ts'
import type { Dataset } from '../data/dataset.ts'
import { TrainingTable } from '../data/training-table.ts'
import { RankerError } from '../errors.ts'
import { CHANNELS, type Channel, type ChannelName } from '../sagemaker/job.ts'
import { readChunks } from '../storage/files.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { labelCheck, needsGroups } from './objective.ts'
import type { Emit, TrainingPlan } from './plan.ts'

/** The data of each channel; the features of all are those of train. */
export type Datasets = { train: Dataset } & Partial<Record<ChannelName, Dataset>>

/**
 * Reads every channel of the plan, train first.
 * @param interrupt called every megabyte; what it throws ends the reading.
 * @throws {RankerError} naming file, line and column.
 */
export async function readDatasets(
  { channels, hyperparameters }: TrainingPlan,
  emit: Emit,
  interrupt: () => void = () => {},
): Promise<Datasets> {
  const read = (name: ChannelName, channel: Channel, featureNames?: readonly string[]) =>
    readChannel(name, channel, hyperparameters, emit, interrupt, featureNames)
  const train = await read('train', channels.train!)
  const datasets: Datasets = { train }
  for (const name of CHANNELS) {
    const channel = channels[name]
    if (!channel || name === 'train') continue
    datasets[name] = await read(name, channel, train.featureNames)
  }
  return datasets
}

async function readChannel(
  name: ChannelName,
  channel: Channel,
  { objective, label, group, weight, item }: Hyperparameters,
  emit: Emit,
  interrupt: () => void,
  featureNames?: readonly string[],
): Promise<Dataset> {
  const table = new TrainingTable({
    roles: { label, group, weight, item },
    grouped: needsGroups(objective),
    refuseLabel: labelCheck(objective),
    featureNames,
    warn: (text) => emit({ type: 'warning', text: `${name}: ${text}` }),
  })
  for (const file of channel.files) {
    if (!isCsv(file, channel.contentType)) {
      throw new RankerError('UNKNOWN_FORMAT', { file, known: 'CSV with a header (.csv or text/csv)' })
    }
    await readCsvTable(basename(file), interruptible(readChunks(file), interrupt), table)
  }
  const data = table.finish()
  const queries = data.groups ? ` of ${data.groups.sizes.length} queries` : ''
  emit({ type: 'note', text: `${name}: ${data.rows} rows${queries}, ${data.featureNames.length} features` })
  return data
}

function* interruptible<T>(chunks: Iterable<T>, interrupt: () => void): Generator<T> {
  for (const chunk of chunks) {
    interrupt()
    yield chunk
  }
}

/** The channel's content type decides; without one, the file's name. */
function isCsv(file: string, contentType: string | undefined): boolean {
  return contentType === undefined ? /\.csv$/i.test(file) : /^\s*text\/csv\s*(;|$)/i.test(contentType)
}
