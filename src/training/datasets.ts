import { tmpdir } from 'node:os'
import { readCsvTable } from '../data/csv-table.ts'
import type { Dataset } from '../data/dataset.ts'
import { FORMAT_NAMES, isSparse } from '../data/format.ts'
import { readJsonLines } from '../data/json-lines.ts'
import { readLibsvm } from '../data/libsvm.ts'
import { oddities } from '../data/oddities.ts'
import { readParquet } from '../data/parquet.ts'
import { readRecords } from '../data/record-protobuf.ts'
import type { SparseSink } from '../data/row.ts'
import { numberedColumns, SparseShape, SparseTable } from '../data/sparse-table.ts'
import { type ColumnRoles, TrainingTable } from '../data/training-table.ts'
import { nameUnnamedColumns } from '../data/unnamed-columns.ts'
import { RankerError } from '../errors.ts'
import { CHANNELS, type Channel, type ChannelName } from '../sagemaker/job.ts'
import type { Env } from '../storage/s3.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { type Input, withInputs } from './inputs.ts'
import { labelCheck, needsGroups } from './objective.ts'
import type { Emit, TrainingPlan } from './plan.ts'

/** The data of each channel; the features of all are those of train. */
export type Datasets = { train: Dataset } & Partial<Record<ChannelName, Dataset>>

/**
 * Reads every channel of the plan, train first.
 * @param env where S3 is reached and how
 * @throws {RankerError} naming file, line and column.
 */
export async function readDatasets(
  { channels, hyperparameters }: TrainingPlan,
  env: Env,
  emit: Emit,
): Promise<Datasets> {
  const read = (name: ChannelName, channel: Channel, featureNames?: readonly string[]) =>
    withInputs(name, channel, { env, scratch: tmpdir() }, async (inputs) => {
      const warn = (text: string) => emit({ type: 'warning', text: `${name}: ${text}` })
      const data = await new ChannelReader(hyperparameters, warn, featureNames).read(inputs)
      const queries = data.groups ? ` of ${data.groups.sizes.length} queries` : ''
      emit({ type: 'note', text: `${name}: ${data.rows} rows${queries}, ${data.featureNames.length} features` })
      for (const oddity of oddities(data)) warn(oddity)
      return data
    })
  const train = await read('train', channels.train!)
  const datasets: Datasets = { train }
  for (const name of CHANNELS) {
    const channel = channels[name]
    if (channel && name !== 'train') datasets[name] = await read(name, channel, train.featureNames)
  }
  return datasets
}

/**
 * Reads the files of a channel, whatever their formats, into one table. Formats that name their columns may be mixed,
 * and so may those whose columns have but numbers, but not the ones with the others.
 */
class ChannelReader {
  readonly #parameters: Hyperparameters
  readonly #warn: (sentence: string) => void
  readonly #featureNames: readonly string[] | undefined
  readonly #grouped: boolean

  constructor(
    parameters: Hyperparameters,
    warn: (sentence: string) => void,
    featureNames: readonly string[] | undefined,
  ) {
    this.#parameters = parameters
    this.#warn = warn
    this.#featureNames = featureNames
    this.#grouped = needsGroups(parameters.objective)
  }

  async read(inputs: readonly Input[]): Promise<Dataset> {
    const sparse = inputs.find(({ format }) => isSparse(format))
    const other = inputs.find(({ format }) => !isSparse(format))
    if (sparse && other) {
      throw new RankerError('MIXED_FORMATS', {
        file: sparse.name,
        format: FORMAT_NAMES[sparse.format],
        other: other.name,
        otherFormat: FORMAT_NAMES[other.format],
      })
    }
    return sparse ? this.#readSparse(inputs) : this.#readTables(inputs)
  }

  async #readTables(inputs: readonly Input[]): Promise<Dataset> {
    const table = this.#table(this.#roles(), this.#featureNames)
    for (const input of inputs) {
      await this.#readTable(input, table)
      input.close()
    }
    return table.finish()
  }

  async #readTable(input: Input, table: TrainingTable): Promise<void> {
    const { name } = input
    const roles = this.#roles()
    const warn = this.#warn
    switch (input.format) {
      case 'parquet':
        return readParquet(name, await input.randomAccess(), { textColumns: new Set([roles.group]), warn }, table)
      case 'jsonlines':
        return readJsonLines(name, () => input.read(), { roles, warn }, table)
      default: {
        const nameColumns = (file: string, count: number) => nameUnnamedColumns(roles, this.#grouped, file, count)
        return readCsvTable(name, input.readOnce(), nameColumns, table)
      }
    }
  }

  /** Reads rows whose width and weights are known only once all were seen: twice. */
  async #readSparse(inputs: readonly Input[]): Promise<Dataset> {
    const shape = new SparseShape(this.#grouped)
    for (const input of inputs) await this.#readRows(input, shape)
    const featureNames = this.#featureNames ?? numberedColumns(shape.width)
    const width = featureNames.length
    if (shape.width > width) {
      this.#warn(`columns from f${width} to f${shape.width - 1} are not in train and are not used`)
    }
    const isOneBased = inputs.every(({ format }) => format === 'libsvm') && !shape.startsAtZero
    if (isOneBased && this.#parameters.libsvm_index_base === 0) {
      this.#warn('no row has index 0: if the files count from one, libsvm_index_base=1 says so')
    }
    const roles = { ...this.#roles(), weight: shape.weighted ? 'weight' : this.#parameters.weight }
    const table = this.#table(roles, featureNames)
    const sink = new SparseTable(table, {
      roles: { ...roles, weight: shape.weighted ? 'weight' : undefined },
      width,
      grouped: this.#grouped,
    })
    for (const input of inputs) await this.#readRows(input, sink)
    return table.finish()
  }

  async #readRows(input: Input, sink: SparseSink): Promise<void> {
    const { name, format, isGuess } = input
    if (format === 'recordio') return readRecords(name, input.read(), sink)
    const hint = isGuess ? 'neither a content type nor its name says what it is, so it is read as libsvm' : undefined
    return readLibsvm(name, input.read(), { indexBase: this.#parameters.libsvm_index_base, hint }, sink)
  }

  #roles(): ColumnRoles {
    const { label, group, weight, item } = this.#parameters
    return { label, group, weight, item }
  }

  #table(
    roles: ColumnRoles,
    featureNames: readonly string[] | undefined,
  ): TrainingTable {
    const { objective } = this.#parameters
    const refuseLabel = labelCheck(objective)
    return new TrainingTable({ roles, grouped: this.#grouped, refuseLabel, featureNames, warn: this.#warn })
  }
}
