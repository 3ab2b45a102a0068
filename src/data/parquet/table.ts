import type { ColumnMetaData, DecodedArray, FileMetaData, SchemaElement, SchemaTree } from 'hyparquet'
import { parquetMetadataAsync, parquetSchema } from 'hyparquet'
import { RankerError, reasonOf } from '../../errors.ts'
import { shortestFloat32 } from '../number.ts'
import type { Row, TableSink } from '../row.ts'
import { columnRange, readFlatColumn } from './column.ts'
import { ListReader, listPath, type NumberList } from './list.ts'

/** A file that can be read at any offset. */
export interface RandomAccess {
  readonly byteLength: number
  slice(start: number, end?: number): ArrayBuffer
}

export interface ParquetOptions {
  /** Columns that are read as text, such as the query's: their cells keep all digits. */
  readonly textColumns: ReadonlySet<string>
  /** Whether a column of lists of numbers is wanted; its cells are texts, JSON arrays. */
  readonly wantsList?: ((column: string) => boolean) | undefined
  readonly warn: (sentence: string) => void
  /** Cells that are held at a time, as float32. @default 2^24 */
  readonly batchCells?: number
}

/**
 * Reads Parquet into a table, by column name, a part of a row group at a time. Numbers of every width, decimals and
 * booleans (0 and 1) are numbers; text, dates and timestamps are text; null is missing. Columns of structs, and of lists
 * that nobody wants, are left out with a warning.
 * @throws {RankerError} FILE_EMPTY, NO_ROWS, PARQUET_DAMAGED and what the sink throws.
 */
export async function readParquet(
  file: string,
  source: RandomAccess,
  { textColumns, wantsList = () => false, warn, batchCells = 1 << 24 }: ParquetOptions,
  sink: TableSink,
): Promise<void> {
  if (source.byteLength === 0) throw new RankerError('FILE_EMPTY', { file })
  const { metadata, root, flat, lists, nested } = await whole(file, () => readMetadata(source, wantsList))
  if (nested.length > 0)
    warn(`${file} has columns of lists or structs that are left out: ${nested.join(', ')}`)
  const names = [...flat.map(({ element }) => element.name), ...lists.keys()]
  sink.begin(file, names, 'row')

  const row = new ParquetRow(
    names,
    flat.map(({ element }) => element),
    textColumns,
  )
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    const chunks = new Map(
      group.columns.map(({ meta_data: column }) => [column?.path_in_schema.join('.'), column]),
    )
    const listReaders = await whole(file, async () => openLists(source, root, lists, chunks))
    const inLists = [...listReaders.values()].reduce((sum, { values }) => sum + values, 0)
    const width = flat.length + Math.ceil(inLists / Math.max(1, rows))
    const batch = Math.max(1, Math.floor(batchCells / Math.max(1, width)))
    for (let from = 0; from < rows; from += batch) {
      const range = { from, to: Math.min(from + batch, rows) }
      await whole(file, async () =>
        readBatch(source, { root, flat, lists: listReaders, chunks, groupStart }, range, row),
      )
      while (row.next()) sink.row(row)
    }
    groupStart += rows
  }
  if (groupStart === 0) throw new RankerError('NO_ROWS', { file })
}

/** Calls into hyparquet, whose errors are plain: whatever it cannot read is a damaged file. */
async function whole<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    // JavaScript's own message about an offset past the end is of no help.
    const reason =
      cause instanceof RangeError ? 'it points to where it has nothing' : reasonOf(cause).slice(0, 200)
    throw new RankerError('PARQUET_DAMAGED', { file, reason }, { cause })
  }
}

async function readMetadata(source: RandomAccess, wantsList: (column: string) => boolean) {
  const metadata = await parquetMetadataAsync(source, { geoparquet: false })
  for (const element of metadata.schema) declareType(element)
  const root = parquetSchema(metadata)
  const isFlat = ({ children, element }: SchemaTree) =>
    children.length === 0 && element.repetition_type !== 'REPEATED'
  const flat = root.children.filter(isFlat)
  const others = root.children.filter((column) => !isFlat(column))
  const lists = new Map<string, readonly SchemaTree[]>()
  for (const column of others) {
    const path = wantsList(column.element.name) ? listPath(column) : undefined
    if (path) lists.set(column.element.name, path)
  }
  const nested = others.map(({ element }) => element.name).filter((name) => !lists.has(name))
  checkCounts(metadata, new Set(flat.map(({ element }) => element.name)))
  return { metadata, root, flat, lists, nested }
}

/** Checks that the several row counts in the file agree. */
function checkCounts({ row_groups: groups, num_rows: rows }: FileMetaData, flat: ReadonlySet<string>): void {
  const inGroups = groups.reduce((sum, group) => sum + group.num_rows, 0n)
  if (inGroups !== rows) throw new Error(`it has ${rows} rows, and ${inGroups} in its row groups`)
  for (const { columns, num_rows: wanted } of groups) {
    for (const { meta_data: column } of columns) {
      const [name = '', inner] = column?.path_in_schema ?? []
      if (column && inner === undefined && flat.has(name) && column.num_values !== wanted) {
        throw new Error(`column "${name}" has ${column.num_values} values in a row group of ${wanted} rows`)
      }
    }
  }
}

interface OpenList {
  readonly reader: ListReader
  /** Values in all lists of the group. */
  readonly values: number
}

function openLists(
  source: RandomAccess,
  root: SchemaTree,
  lists: ReadonlyMap<string, readonly SchemaTree[]>,
  chunks: Group['chunks'],
): Map<string, OpenList> {
  return new Map(
    [...lists].map(([name, path]) => {
      const column = chunks.get(path.map(({ element }) => element.name).join('.'))
      if (!column) throw new Error(`a row group lacks the column "${name}"`)
      const { start, end } = columnRange(column)
      const reader = new ListReader(source.slice(start, end), column, root, path)
      return [name, { reader, values: Number(column.num_values) }]
    }),
  )
}

interface Group {
  readonly root: SchemaTree
  readonly flat: readonly SchemaTree[]
  readonly lists: ReadonlyMap<string, OpenList>
  readonly chunks: ReadonlyMap<string | undefined, ColumnMetaData | undefined>
  /** Rows of the file before this group. */
  readonly groupStart: number
}

/** Reads some rows of a group, column by column. */
function readBatch(
  source: RandomAccess,
  { root, flat, lists, chunks, groupStart }: Group,
  range: { readonly from: number; readonly to: number },
  row: ParquetRow,
): void {
  row.clear(groupStart + range.from, range.to - range.from)
  for (const [cell, tree] of flat.entries()) {
    const column = chunks.get(tree.element.name)
    if (!column) throw new Error(`a row group lacks the column "${tree.element.name}"`)
    const { start, end } = columnRange(column)
    readFlatColumn(source.slice(start, end), column, [root, tree], range, (values, levels, page) =>
      row.take(cell, values, levels, page.firstRow - range.from, page.rows),
    )
  }
  let cell = flat.length
  for (const { reader } of lists.values()) row.takeLists(cell++, reader.take(range.to - range.from))
  row.check()
}

/** hyparquet converts decimals and dates only if they are declared in the older of the two ways. */
function declareType(element: SchemaElement): void {
  const { logical_type: logical } = element
  if (logical?.type === 'DATE') element.converted_type ??= 'DATE'
  if (logical?.type !== 'DECIMAL') return
  element.converted_type ??= 'DECIMAL'
  element.scale ??= logical.scale
}

/** The cells of some rows, read column by column and given row by row. */
class ParquetRow implements Row {
  line = 0
  readonly columns: readonly string[]
  /** The columns that are not lists, which come first. */
  readonly #elements: readonly SchemaElement[]
  readonly #keepsText: readonly boolean[]
  readonly #numbers: Float32Array[]
  /** All cells of columns that hold text, or are read as text. */
  readonly #texts: (unknown[] | undefined)[]
  /** Number of rows taken from each column. */
  readonly #taken: Float64Array
  #start = 0
  #rows = 0
  #at = -1

  constructor(
    columns: readonly string[],
    elements: readonly SchemaElement[],
    textColumns: ReadonlySet<string>,
  ) {
    this.columns = columns
    this.#elements = elements
    this.#keepsText = columns.map((name) => textColumns.has(name))
    this.#numbers = columns.map(() => new Float32Array(0))
    this.#texts = columns.map(() => undefined)
    this.#taken = new Float64Array(columns.length)
  }

  get count(): number {
    return this.columns.length
  }

  /** Makes room for so many rows of the file, from the row `start` on. */
  clear(start: number, rows: number): void {
    this.#start = start
    this.#rows = rows
    this.#at = -1
    this.#taken.fill(0)
    this.#texts.fill(undefined)
    for (const [cell, numbers] of this.#numbers.entries()) {
      if (numbers.length < rows) this.#numbers[cell] = new Float32Array(rows)
    }
  }

  /**
   * Takes a page of a column: `count` cells from row `from` on, some of which may be outside these rows.
   * @param levels 0 for each missing cell, which has no value; absent if all have one
   */
  take(
    cell: number,
    values: DecodedArray,
    levels: readonly number[] | undefined,
    from: number,
    count: number,
  ): void {
    const numbers = this.#numbers[cell]!
    const keepsText = this.#keepsText[cell]!
    const isSingle = this.#elements[cell]?.type === 'FLOAT'
    const end = Math.min(from + count, this.#rows)
    for (let row = from, at = 0; row < end; row++) {
      const isMissing = levels !== undefined && levels[row - from] === 0
      const value: unknown = isMissing ? undefined : values[at++]
      if (row < 0) continue
      const number = typeof value === 'number' ? value : toFloat32(value)
      numbers[row] = number
      if (keepsText || number === Number.POSITIVE_INFINITY) {
        this.#texts[cell] ??= new Array(this.#rows)
        this.#texts[cell][row] = isSingle && typeof value === 'number' ? shortestFloat32(value) : value
      }
    }
    this.#taken[cell]! += Math.max(0, end - Math.max(0, from))
  }

  /** Takes a column of lists. */
  takeLists(cell: number, lists: readonly (NumberList | undefined)[]): void {
    this.#texts[cell] = [...lists]
    for (const [row, list] of lists.entries())
      this.#numbers[cell]![row] = list ? Number.POSITIVE_INFINITY : Number.NaN
    this.#taken[cell] = lists.length
  }

  /** @throws {Error} when a column has another number of rows than the metadata says. */
  check(): void {
    for (const [cell, name] of this.columns.entries()) {
      const taken = this.#taken[cell]!
      if (taken === this.#rows) continue
      throw new Error(`column "${name}" has ${taken} of the ${this.#rows} rows from row ${this.#start + 1}`)
    }
  }

  next(): boolean {
    this.#at++
    this.line = this.#start + this.#at + 1
    return this.#at < this.#rows
  }

  text(cell: number): string {
    const value = this.#texts[cell]?.[this.#at]
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) return 'an invalid date'
      const text = value.toISOString()
      return this.#elements[cell]?.converted_type === 'DATE' ? text.slice(0, 'YYYY-MM-DD'.length) : text
    }
    if (value === null || Number.isNaN(value)) return ''
    if (Array.isArray(value)) return JSON.stringify(value)
    return value === undefined ? this.#numberText(cell) : String(value)
  }

  number(cell: number): number {
    return this.#numbers[cell]![this.#at]!
  }

  isText(cell: number): boolean {
    return typeof this.#texts[cell]?.[this.#at] === 'string'
  }

  #numberText(cell: number): string {
    const value = this.number(cell)
    return Number.isNaN(value) ? '' : String(shortestFloat32(value))
  }
}

/** NaN where the cell is missing, ±Infinity where it is no number. */
function toFloat32(value: unknown): number {
  if (value === null || value === undefined || value === '') return Number.NaN
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return Number(value)
  return Number.POSITIVE_INFINITY
}
