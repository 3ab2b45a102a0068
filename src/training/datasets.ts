import { basename } from 'node:path'
import { readCsvTable } from '../data/csv-table.ts'
import type { Dataset } from '../data/dataset.ts'
import { TrainingTable } from '../data/training-table.ts'
import { RankerError } from '../errors.ts'
import { CHANNELS, type Channel, type ChannelName } from '../sagemaker/job.ts'
import { readChunks } from '../storage/files.ts'
import { openSpillFile } from '../storage/spill-file.ts'
import type { Own } from '../xgboost/owned.ts'
import { labelCheck, needsGroups } from './data-needs.ts'
import type { Emit, TrainingPlan } from './plan.ts'

/** The data of each channel; the features of all are those of train. */
export type Datasets = { train: Dataset } & Partial<Record<ChannelName, Dataset>>

/**
 * Share of the memory limit that rows may take before they go to disk. The rest is for their quantised form (a quarter
 * of their size), XGBoost's histograms, and the process itself.
 */
const ROWS_SHARE = 0.4

/** Reads every channel of the plan, train first. @throws {RankerError} naming file, line and column. */
export async function readDatasets(plan: TrainingPlan, emit: Emit, own: Own): Promise<Datasets> {
  const { channels, hyperparameters } = plan
  let budget = plan.memory.limitBytes * ROWS_SHARE
  const read = async (name: ChannelName, channel: Channel, featureNames?: readonly string[]) => {
    const data = await readChannel(plan, name, channel, { emit, budget, featureNames })
    own(data.matrix)
    if (!data.matrix.onDisk) budget = Math.max(0, budget - 4 * data.rows * data.matrix.width)
    return data
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
  /** Bytes of rows that may stay in memory. */
  readonly budget: number
  readonly featureNames: readonly string[] | undefined
}

async function readChannel(
  { hyperparameters, memory }: TrainingPlan,
  name: ChannelName,
  channel: Channel,
  { emit, budget, featureNames }: ReadOptions,
): Promise<Dataset> {
  const { label, group, weight, item, position } = hyperparameters
  const table = new TrainingTable({
    roles: { label, group, weight, item, position },
    grouped: needsGroups(hyperparameters),
    // Positions tell what was shown while clicks were gathered: other channels may well have none.
    sorted: name === 'train',
    refuseLabel: labelCheck(hyperparameters),
    featureNames,
    memory: { bytes: budget, openSpill: () => openSpillFile(memory.folder) },
    warn: (text) => emit({ type: 'warning', text: `${name}: ${text}` }),
  })
  let data: Dataset
  try {
    for (const file of channel.files) {
      if (!isCsv(file, channel.contentType)) {
        throw new RankerError('UNKNOWN_FORMAT', { file, known: 'CSV with a header (.csv or text/csv)' })
      }
      await readCsvTable(basename(file), readChunks(file), table)
    }
    data = table.finish()
    if (data.weights?.every((one) => one === 0)) {
      throw new RankerError('WEIGHTS_ALL_ZERO', { channel: name, column: weight! })
    }
  } catch (thrown) {
    table.close()
    throw thrown
  }
  const queries = data.groups ? ` of ${data.groups.sizes.length} queries` : ''
  const where = data.matrix.onDisk ? ', kept on disk because they outgrow the memory limit' : ''
  emit({
    type: 'note',
    text: `${name}: ${data.rows} rows${queries}, ${data.featureNames.length} features${where}`,
  })
  return data
}

/** The channel's content type decides; without one, the file's name. */
function isCsv(file: string, contentType: string | undefined): boolean {
  return contentType === undefined ? /\.csv$/i.test(file) : /^\s*text\/csv\s*(;|$)/i.test(contentType)
}
