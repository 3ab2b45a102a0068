import type { FileMetaData, SchemaElement } from 'hyparquet'
import { parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { RankerError, reasonOf } from '../errors.ts'
import { shortestFloat32 } from './number.ts'
import type { Row, TableSink } from './row.ts'

/** A file that can be read anywhere in it. */
export interface RandomAccess {
  readonly byteLength: number
  slice(start: number, end?: number): ArrayBuffer
}

export interface ParquetOptions {
  /** Columns whose text counts, such as the query's: their cells keep all digits. */
  readonly textColumns: ReadonlySet<string>
  readonly warn: (sentence: string) => void
}

/** Cells that are held at a time. */
const BATCH_CELLS = 1 << 24

/**
 * Reads Parquet into a table, by column name, a part of a row group at a time. Numbers of every width, decimals and
 * booleans (0 and 1) are numbers; text, dates and times are text; null is missing. Columns of lists or structs are left
 * out with a warning.
 * @throws {RankerError} FILE_EMPTY, NO_ROWS, PARQUET_DAMAGED and what the sink throws.
 */
export async function readParquet(
  file: string,
  source: RandomAccess,
  { textColumns, warn }: ParquetOptions,
  sink: TableSink,
): Promise<void> {
  if (source.byteLength === 0) throw new RankerError('FILE_EMPTY', { file })
  const metadata = await whole(file, () => parquetMetadataAsync(source, { geoparquet: false }))
  const elements = await whole(file, async () => topLevel(metadata))
  const nested = elements.filter(({ children }) => children > 0).map(({ name }) => name)
  if (nested.length > 0)
    warn(`${file} has columns of lists or structs that are left out: ${nested.join(', ')}`)
  const columns = elements.filter(({ children }) => children === 0).map(({ name }) => name)
  sink.begin(file, columns, 'row')

  const row = new ParquetRow(columns.map((name) => textColumns.has(name)))
  const batch = Math.max(1, Math.floor(BATCH_CELLS / Math.max(1, columns.length)))
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows)
    for (let start = groupStart; start < groupEnd; start += batch) {
      const end = Math.min(start + batch, groupEnd)
      row.clear(start, end)
      for (const [cell, name] of columns.entries()) {
        const options = { file: source, metadata, columns: [name], rowStart: start, rowEnd: end, compressors }
        await whole(file, async () => {
          await parquetRead({
            ...options,
            onChunk: ({ columnData, rowStart }) => row.take(cell, columnData, rowStart - start),
          })
          row.check(cell, name)
        })
      }
      while (row.next()) sink.row(row)
    }
    groupStart = groupEnd
  }
  if (groupStart === 0) throw new RankerError('NO_ROWS', { file })
}

/** Calls into hyparquet, whose errors are plain: whatever it cannot read is a damaged file. */
async function whole<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new RankerError('PARQUET_DAMAGED', { file, reason: reasonOf(cause).slice(0, 200) }, { cause })
  }
}

function topLevel(metadata: FileMetaData): { name: string; children: number }[] {
  for (const element of metadata.schema) declareType(element)
  return parquetSchema(metadata).children.map(({ element, children }) => ({
    name: element.name,
    children: children.length,
  }))
}

/** hyparquet converts decimals and dates only where the older of the two ways to declare them is used. */
function declareType(element: SchemaElement): void {
  const { logical_type: logical } = element
  if (logical?.type === 'DATE') element.converted_type ??= 'DATE'
  if (logical?.type !== 'DECIMAL') return
  element.converted_type ??= 'DECIMAL'
  element.scale ??= logical.scale
}

class ParquetRow implements Row {
  line = 0
  readonly count: number
  /** For each column its numbers, or all of its cells where they are text. */
  readonly #numbers: (Float32Array | undefined)[]
  readonly #texts: (unknown[] | undefined)[]
  readonly #taken: Float64Array
  readonly #keepsText: readonly boolean[]
  #start = 0
  #rows = 0
  #at = -1

  constructor(keepsText: readonly boolean[]) {
    this.count = keepsText.length
    this.#keepsText = keepsText
    this.#numbers = new Array(this.count)
    this.#texts = new Array(this.count)
    this.#taken = new Float64Array(this.count)
  }

  clear(start: number, end: number): void {
    this.#start = start
    this.#rows = end - start
    this.#at = -1
    this.#taken.fill(0)
    this.#texts.fill(undefined)
  }

  /** Takes the cells of a column that stand from row `from` of the batch, some of them perhaps outside of it. */
  take(cell: number, data: ArrayLike<unknown>, from: number): void {
    this.#numbers[cell] ??= new Float32Array(this.#rows)
    let numbers = this.#numbers[cell]
    if (numbers.length < this.#rows) numbers = this.#numbers[cell] = new Float32Array(this.#rows)
    const first = Math.max(0, -from)
    const last = Math.min(data.length, this.#rows - from)
    for (let index = first; index < last; index++) {
      const value = data[index]
      const row = from + index
      if (typeof value === 'number' && !this.#keepsText[cell]) {
        numbers[row] = value
        continue
      }
      numbers[row] = toFloat32(value)
      if (typeof value !== 'number' || this.#keepsText[cell]) this.#text(cell)[row] = value
    }
    this.#taken[cell]! += Math.max(0, last - first)
  }

  /** @throws {Error} when a column has other rows than the metadata say. */
  check(cell: number, name: string): void {
    const taken = this.#taken[cell]!
    if (taken !== this.#rows) {
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
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString()
    if (value === null || Number.isNaN(value)) return ''
    return value === undefined ? this.#numberText(cell) : String(value)
  }

  number(cell: number): number {
    return this.#numbers[cell]![this.#at]!
  }

  #numberText(cell: number): string {
    const value = this.number(cell)
    return Number.isNaN(value) ? '' : String(shortestFloat32(value))
  }

  #text(cell: number): unknown[] {
    this.#texts[cell] ??= new Array(this.#rows)
    return this.#texts[cell]
  }
}

/** NaN where the cell is missing, ±Infinity where it is no number. */
function toFloat32(value: unknown): number {
  if (value === null || value === undefined || value === '') return Number.NaN
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return Number(value)
  return Number.POSITIVE_INFINITY
}
