import { readCsvTable } from '../data/csv-table.ts'
import type { Dataset } from '../data/dataset.ts'
import { FORMAT_NAMES, isSparse } from '../data/format.ts'
import { readJsonLines } from '../data/json-lines.ts'
import { readLibsvm } from '../data/libsvm.ts'
import { readRecords } from '../data/record-protobuf.ts'
import type { SparseSink } from '../data/row.ts'
import type { MemoryLimit } from '../data/row-store.ts'
import { numberedColumns, SparseShape, SparseTable } from '../data/sparse-table.ts'
import { type ColumnRoles, TrainingTable } from '../data/training-table.ts'
import { nameUnnamedColumns } from '../data/unnamed-columns.ts'
import { RankerError } from '../errors.ts'
import { labelCheck, needsGroups } from './data-needs.ts'
import { agreeOnFeatures } from './hosts/agree.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { Input } from './inputs.ts'

export interface ChannelOptions {
  readonly hyperparameters: Hyperparameters
  /** The features that train has, for the other channels. */
  readonly featureNames: readonly string[] | undefined
  /**
   * Whether rows are sorted by their position: it tells what was shown while clicks were gathered, and other channels
   * than train may well have none.
   */
  readonly sorted: boolean
  readonly memory: MemoryLimit
  readonly hosts: Hosts
  /** Whether the files are this host's alone; of those that all hosts have, each takes its share of the queries. */
  readonly sharded: boolean
  readonly warn: (sentence: string) => void
}

/** The column of the weights that libsvm and recordio have beside the label. */
const SPARSE_WEIGHT = 'weight'

/**
 * Reads the files of a channel into one table. Formats that name their columns may be mixed, and so may those whose
 * columns have but numbers (libsvm and recordio), but not the ones with the others.
 * @throws {RankerError} naming file, line and column, with nothing left open.
 */
export async function readChannelRows(inputs: readonly Input[], options: ChannelOptions): Promise<Dataset> {
  const sparse = inputs.find(({ format }) => isSparse(format))
  const table = inputs.find(({ format }) => !isSparse(format))
  if (sparse && table) {
    throw new RankerError('MIXED_FORMATS', {
      file: sparse.name,
      format: FORMAT_NAMES[sparse.format],
      isGuess: sparse.isGuess,
      other: table.name,
      otherFormat: FORMAT_NAMES[table.format],
    })
  }
  return sparse ? readSparse(inputs, options) : readTables(inputs, options)
}

async function readTables(inputs: readonly Input[], options: ChannelOptions): Promise<Dataset> {
  const roles = rolesOf(options)
  return withTable(roles, options, async (table) => {
    for (const input of inputs) {
      await readTable(input, roles, options, table)
      input.close()
    }
  })
}

async function readTable(
  input: Input,
  roles: ColumnRoles,
  { hyperparameters, warn }: ChannelOptions,
  table: TrainingTable,
): Promise<void> {
  const { name } = input
  switch (input.format) {
    case 'parquet': {
      // Loaded where there is a file of it: it is as much code as all else that reads.
      const { readParquet } = await import('../data/parquet.ts')
      const textColumns = new Set([roles.group])
      return readParquet(name, await input.randomAccess(), { textColumns, warn }, table)
    }
    case 'jsonlines':
      return readJsonLines(name, () => input.read(), { roles, warn }, table)
    default: {
      const grouped = needsGroups(hyperparameters)
      const nameColumns = (file: string, count: number) => nameUnnamedColumns(roles, grouped, file, count)
      return readCsvTable(name, input.readOnce(), nameColumns, table)
    }
  }
}

/** Reads rows whose width and weights are known only once all were seen: twice. */
async function readSparse(inputs: readonly Input[], options: ChannelOptions): Promise<Dataset> {
  const { hyperparameters, hosts, warn } = options
  if (hyperparameters.features) {
    const { name: file, format } = inputs[0]!
    throw new RankerError('FEATURES_UNNAMED', { file, format: FORMAT_NAMES[format] })
  }
  const shape = new SparseShape(needsGroups(hyperparameters))
  for (const input of inputs) await readRows(input, hyperparameters, shape)

  const seen = { named: [], numbered: shape.width }
  const featureNames =
    options.featureNames ??
    (hosts.names.length > 1 ? agreeOnFeatures(seen, hosts) : numberedColumns(shape.width))
  const width = featureNames.length
  if (shape.width > width) {
    warn(`columns f${width} to f${shape.width - 1} are not in train and are not used`)
  }
  const isLibsvm = inputs.every(({ format }) => format === 'libsvm')
  if (isLibsvm && shape.width > 0 && !shape.startsAtZero && hyperparameters.libsvm_index_base === 0) {
    warn('no row has index 0: where the files count from one, the hyperparameter libsvm_index_base is 1')
  }
  const roles = { ...rolesOf(options), ...(shape.weighted && { weight: SPARSE_WEIGHT }) }
  return withTable(roles, { ...options, featureNames }, async (table) => {
    const sink = new SparseTable(table, {
      roles: { ...roles, weight: shape.weighted ? SPARSE_WEIGHT : undefined },
      width,
      grouped: shape.grouped,
    })
    for (const input of inputs) await readRows(input, hyperparameters, sink)
  })
}

async function readRows(input: Input, hyperparameters: Hyperparameters, sink: SparseSink): Promise<void> {
  const { name, format, isGuess } = input
  if (format === 'recordio') return readRecords(name, input.read(), sink)
  const hint = isGuess
    ? 'neither a content type nor its name says what the file is, so it is read as libsvm'
    : undefined
  return readLibsvm(
    name,
    input.read(),
    { indexBase: hyperparameters.libsvm_index_base === 1 ? 1 : 0, hint },
    sink,
  )
}

function rolesOf({ hyperparameters }: ChannelOptions): ColumnRoles {
  const { label, group, weight, item, position } = hyperparameters
  return { label, group, weight, item, position }
}

async function withTable(
  roles: ColumnRoles,
  { hyperparameters, featureNames, sorted, memory, hosts, sharded, warn }: ChannelOptions,
  fill: (table: TrainingTable) => Promise<void>,
): Promise<Dataset> {
  const table = new TrainingTable({
    roles,
    grouped: needsGroups(hyperparameters),
    refuseLabel: labelCheck(hyperparameters),
    featureNames,
    sorted,
    ...(hosts.names.length > 1 && {
      share: sharded ? undefined : { index: hosts.index, hosts: hosts.names.length },
      agree: (named) => agreeOnFeatures({ named, numbered: 0 }, hosts),
    }),
    memory,
    warn,
  })
  try {
    await fill(table)
    return table.finish()
  } catch (thrown) {
    table.close()
    throw thrown
  }
}
