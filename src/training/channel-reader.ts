import { readCsvTable } from '../data/csv/table.ts'
import type { Dataset } from '../data/dataset/dataset.ts'
import type { MemoryLimit } from '../data/dataset/row-store.ts'
import { FORMAT_NAMES, isSparse } from '../data/format.ts'
import { readJsonLines } from '../data/json/table.ts'
import { readLibsvm } from '../data/libsvm/table.ts'
import { readRecords } from '../data/recordio/table.ts'
import type { ColumnSink, SparseSink } from '../data/row.ts'
import { numberedColumns, SparseShape, SparseTable } from '../data/table/sparse-table.ts'
import { type ColumnRoles, TrainingTable } from '../data/table/training-table.ts'
import { nameUnnamedColumns } from '../data/table/unnamed-columns.ts'
import { RankerError } from '../errors.ts'
import { type RawColumn, type RawType, tableName } from '../features/columns.ts'
import type { RawRows } from '../features/raw-rows.ts'
import { RawTable } from '../features/raw-table.ts'
import { labelCheck, needsGroups } from './data-needs.ts'
import { agreeOnFeatures } from './hosts/agree.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { Input } from './inputs.ts'

export interface ChannelOptions {
  readonly hyperparameters: Hyperparameters
  /** The features of train, which the other channels must have. */
  readonly featureNames: readonly string[] | undefined
  /**
   * Whether rows are sorted by position. Positions tell what was shown while clicks were gathered, so channels other
   * than train may lack them.
   */
  readonly sorted: boolean
  readonly memory: MemoryLimit | undefined
  /** The raw columns to read, where a feature spec says what the features are. */
  readonly raw?: RawColumns | undefined
  readonly hosts: Hosts
  /** Whether the files are for this host alone; of files that all hosts have, each takes its share of the queries. */
  readonly sharded: boolean
  readonly warn: (sentence: string) => void
}

/** What is read of a channel for a feature spec, and where it goes. */
export interface RawColumns {
  readonly columns: readonly RawColumn[]
  /** Length of each column's vectors, once train has told. */
  readonly dimensions?: readonly number[]
  /** Whether the rows of train, too, are read as a request has them, without the columns for training alone. */
  readonly asServed?: boolean
}

/** A channel's raw rows, with their labels, queries and weights. */
export interface RawChannel {
  readonly raw: RawRows
  readonly judged: Omit<Dataset, 'featureNames' | 'matrix'>
}

/** The column of the weights that libsvm and recordio have beside the label. */
const SPARSE_WEIGHT = 'weight'

/**
 * Reads the files of a channel into one table. Formats with column names can be mixed, and so can formats with
 * numbered columns (libsvm and recordio), but not one kind with the other.
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

/**
 * Reads the columns that a feature spec names from the files of a channel.
 * @throws {RankerError} naming file, line and column, with nothing left open.
 */
export async function readRawChannel(
  inputs: readonly Input[],
  options: ChannelOptions & { readonly raw: RawColumns },
): Promise<RawChannel> {
  const sparse = inputs.find(({ format }) => isSparse(format))
  if (sparse) {
    throw new RankerError('FEATURES_UNNAMED', { file: sparse.name, format: FORMAT_NAMES[sparse.format] })
  }
  const { raw, sorted, memory, warn } = options
  const table = new RawTable(raw.columns, { ...raw, memory, isTraining: sorted && !raw.asServed, warn })
  try {
    return await fillTable(rolesOf(options), options, table, async (rows) => {
      for (const input of inputs) {
        await readTable(input, rolesOf(options), options, rows)
        input.close()
      }
      const { order, ...judged } = rows.finishRows()
      return { raw: table.finish(order), judged }
    })
  } catch (thrown) {
    table.close()
    throw thrown
  }
}

/** Labels, queries and weights of the rows that a survey saw, in the order of their queries. */
export type SurveyedRows = ReturnType<TrainingTable['finishRows']>

/**
 * Shows every column of a channel to a survey.
 * @throws {RankerError} naming file, line and column.
 */
export async function surveyChannel(
  inputs: readonly Input[],
  survey: ColumnSink,
  { hyperparameters, warn }: Pick<ChannelOptions, 'hyperparameters' | 'warn'>,
): Promise<SurveyedRows> {
  const sparse = inputs.find(({ format }) => isSparse(format))
  if (sparse) {
    throw new RankerError('FEATURES_UNNAMED', { file: sparse.name, format: FORMAT_NAMES[sparse.format] })
  }
  const options: ChannelOptions = {
    hyperparameters,
    featureNames: undefined,
    sorted: false,
    memory: undefined,
    hosts: ONE_HOST,
    sharded: false,
    warn,
  }
  const roles = rolesOf(options)
  return fillTable(roles, options, survey, async (table) => {
    for (const input of inputs) await readTable(input, roles, options, table, true)
    return table.finishRows()
  })
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
  { hyperparameters, raw, warn }: ChannelOptions,
  table: TrainingTable,
  isSurvey = false,
): Promise<void> {
  const { name } = input
  const { columns = [] } = raw ?? {}
  const namesOf = (wanted: RawType) => new Set(columns.filter(({ type }) => type === wanted).map(tableName))
  const [arrays, categories] = [namesOf('vector'), namesOf('category')]
  switch (input.format) {
    case 'parquet': {
      // Loaded only when needed: it is as much code as all other readers together.
      const { readParquet } = await import('../data/parquet/table.ts')
      const textColumns = new Set([roles.group, ...RawTable.textColumns(columns)])
      const wantsList = (column: string) => isSurvey || arrays.has(column)
      return readParquet(name, await input.randomAccess(), { textColumns, wantsList, warn }, table)
    }
    case 'jsonlines': {
      const named = new Set([...Object.values(roles), ...columns.map(tableName)])
      const isWanted = (column: string) => named.has(column) || (isSurvey && column.startsWith('query.'))
      const wanted =
        raw || isSurvey
          ? (column: string) =>
              isWanted(column)
                ? { arrays: isSurvey || arrays.has(column), booleans: isSurvey || categories.has(column) }
                : undefined
          : undefined
      return readJsonLines(name, () => input.read(), { roles, wanted, warn }, table)
    }
    default: {
      const grouped = needsGroups(hyperparameters)
      const nameColumns = (file: string, count: number) => nameUnnamedColumns(roles, grouped, file, count)
      return readCsvTable(name, input.readOnce(), nameColumns, table)
    }
  }
}

/** Reads rows twice, since their width and weights are known only after all were seen. */
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

function withTable(
  roles: ColumnRoles,
  options: ChannelOptions,
  fill: (table: TrainingTable) => Promise<void>,
): Promise<Dataset> {
  return fillTable(roles, options, undefined, async (table) => {
    await fill(table)
    return table.finish()
  })
}

async function fillTable<T>(
  roles: ColumnRoles,
  { hyperparameters, featureNames, sorted, memory, hosts, sharded, warn }: ChannelOptions,
  columns: ColumnSink | undefined,
  fill: (table: TrainingTable) => Promise<T>,
): Promise<T> {
  const table = new TrainingTable({
    roles,
    grouped: needsGroups(hyperparameters),
    refuseLabel: labelCheck(hyperparameters),
    featureNames,
    columns,
    sorted,
    ...(hosts.names.length > 1 && {
      share: sharded ? undefined : { index: hosts.index, hosts: hosts.names.length },
      agree: (named) => agreeOnFeatures({ named, numbered: 0 }, hosts),
    }),
    memory,
    warn,
  })
  try {
    return await fill(table)
  } catch (thrown) {
    table.close()
    throw thrown
  }
}
