import type { Row } from '../data/row.ts'
import { type MemoryLimit, RowBuffer, type RowStore } from '../data/row-store.ts'
import { type LineUnit, RankerError } from '../errors.ts'
import { MOST_DIMENSIONS } from './cells.ts'
import { type RawBatch, type RawColumn, type RawValues, tableName } from './columns.ts'
import { BAD, readCell, wantedOf } from './raw-cell.ts'

export interface RawTableOptions {
  /** How much may stay in memory; without it, everything. */
  readonly memory?: MemoryLimit | undefined
  /** Whether this is what is learnt from: only that has columns that are for training alone. */
  readonly isTraining: boolean
  /** The length of each column's vectors, 0 for others; without it the first vector tells. */
  readonly dimensions?: readonly number[] | undefined
  readonly warn: (sentence: string) => void
}

/** A date's milliseconds are two whole numbers that float32 holds. */
const DATE_SPLIT = 2 ** 24
/** Texts are numbered in float32, which holds whole numbers up to here. */
const MOST_TEXTS = 2 ** 24
/** Bytes of an entry of the dictionary beside its characters. */
const TEXT_OVERHEAD = 80

/** Raw columns of judged rows, gathered. */
export interface RawRows {
  readonly rows: number
  readonly columns: readonly RawColumn[]
  /** Values of the vectors in each column, 0 where there are none. */
  readonly dimensions: readonly number[]
  /** Different texts of a column, with how many rows (of a query column, queries) have each. */
  countTexts(place: number): ReadonlyMap<string, number>
  /** Rows `[from, to)`, those of the queries `[firstQuery, lastQuery)`. */
  batch(from: number, to: number, firstQuery: number, lastQuery: number, sizes: ArrayLike<number>): RawBatch
  close(): void
}

/**
 * Takes the columns that a feature spec names from the rows of a table, in whatever order these come, and keeps them as
 * numbers: of each different text one copy, and its number in every row. What passes the memory limit goes to disk; texts
 * and the columns of queries, of which there are fewer, stay in memory.
 */
export class RawTable {
  readonly #columns: readonly RawColumn[]
  readonly #options: RawTableOptions
  readonly #texts = new Texts()
  readonly #scalars: RowBuffer
  /** Where each item column's values start in a row of scalars, -1 for others. */
  readonly #slots: readonly number[]
  readonly #vectors: (VectorColumn | undefined)[]
  readonly #ofQueries: (unknown[] | undefined)[]
  /** Of the vectors of query columns, 0 until the first one comes. */
  readonly #dimensions: number[]
  /** How many rows have each text, by column and the text's number. */
  readonly #counts: (Map<number, number> | undefined)[]
  /** The number of each spelling of a category. */
  readonly #categories = new Map<string, number>()
  #cells: readonly number[] = []
  #file = ''
  #unit: LineUnit = 'line'
  #queries = 0

  constructor(columns: readonly RawColumn[], options: RawTableOptions) {
    this.#columns = columns
    this.#options = options
    let width = 0
    this.#slots = columns.map(({ source, type }) => {
      if (source === 'query' || type === 'vector') return -1
      width += type === 'date' ? 2 : 1
      return width - (type === 'date' ? 2 : 1)
    })
    const isVector = ({ source, type }: RawColumn) => source === 'item' && type === 'vector'
    const { memory } = options
    const share = 1 / (1 + columns.filter(isVector).length)
    const limit = memory && { ...memory, bytes: memory.bytes * share }
    this.#scalars = new RowBuffer(width, limit)
    this.#vectors = columns.map((column, place) =>
      isVector(column) ? new VectorColumn(limit, options.dimensions?.[place]) : undefined,
    )
    this.#dimensions = columns.map((_, place) => options.dimensions?.[place] ?? 0)
    this.#ofQueries = columns.map(({ source }) => (source === 'query' ? [] : undefined))
    this.#counts = columns.map(({ type }) => (type === 'category' || type === 'text' ? new Map() : undefined))
  }

  /** The columns that a reader must keep the text of, by their names in a table. */
  static textColumns(columns: readonly RawColumn[]): string[] {
    return columns.filter(({ type }) => type !== 'number').map(tableName)
  }

  begin(
    file: string,
    names: readonly string[],
    unit: LineUnit = 'line',
    roles: ReadonlySet<string> = new Set(),
  ): void {
    this.#file = file
    this.#unit = unit
    this.#cells = this.#columns.map((column) => {
      if (column.trainingOnly && !this.#options.isTraining) return -1
      const name = tableName(column)
      const cell = names.indexOf(name)
      if (cell < 0)
        throw new RankerError('COLUMN_MISSING', { file, column: name, role: 'feature', columns: names })
      return cell
    })
    const known = new Set(this.#columns.map(tableName))
    const extra = names.filter((name) => !known.has(name) && !roles.has(name))
    if (extra.length > 0) this.#options.warn(`${file} has columns that are not used: ${extra.join(', ')}`)
  }

  /** Takes a row. @param query the number of its query, by first appearance */
  row(row: Row, query: number): void {
    const columns = this.#columns
    const isFirst = query >= this.#queries
    if (isFirst) this.#queries = query + 1
    const { block, at } = this.#scalars.extend()
    for (let place = 0; place < columns.length; place++) {
      const cell = this.#cells[place]!
      const column = columns[place]!
      const value = cell < 0 ? missing(column) : this.#read(row, cell, column)
      if (column.source === 'query') {
        this.#takeOfQuery(value, query, isFirst, place, row)
        continue
      }
      const slot = at + this.#slots[place]!
      switch (column.type) {
        case 'number':
          block[slot] = value as number
          break
        case 'date':
          block[slot] = Math.floor((value as number) / DATE_SPLIT)
          block[slot + 1] = (value as number) - DATE_SPLIT * Math.floor((value as number) / DATE_SPLIT)
          break
        case 'vector':
          if (!this.#vectors[place]!.add(value as Float32Array | undefined))
            this.#refuseLength(row, cell, place)
          break
        default:
          block[slot] = value as number
          this.#count(place, value as number)
      }
    }
  }

  /** Reads a cell; a text becomes its number. */
  #read(row: Row, cell: number, column: RawColumn): number | Float32Array | undefined {
    const { type } = column
    if (type === 'category') {
      const spelled = row.text(cell)
      const known = this.#categories.get(spelled)
      if (known !== undefined) return known
      const value = readCell(row, cell, column) as string | undefined
      const number = value === undefined ? Number.NaN : this.#number(value)
      this.#categories.set(spelled, number)
      return number
    }
    const value = readCell(row, cell, column)
    if (value === BAD) {
      throw new RankerError('RAW_CELL', { ...this.#place(row, cell, column), wanted: wantedOf(column) })
    }
    if (type !== 'text') return value as number | Float32Array | undefined
    return value === undefined ? Number.NaN : this.#number(value as string)
  }

  #number(text: string): number {
    const texts = this.#texts
    const number = texts.number(text)
    const { memory } = this.#options
    if (texts.size > MOST_TEXTS || (memory && texts.bytes > memory.bytes)) {
      throw new RankerError('TEXTS_OUTGROW_MEMORY', {
        file: this.#file,
        texts: texts.size,
        limit: memory?.bytes ?? 0,
      })
    }
    return number
  }

  #takeOfQuery(
    value: number | Float32Array | undefined,
    query: number,
    isFirst: boolean,
    place: number,
    row: Row,
  ): void {
    const values = this.#ofQueries[place]!
    const column = this.#columns[place]!
    if (!isFirst) {
      if (isSame(values[query], value)) return
      const before = this.#show(values[query], column)
      throw new RankerError('QUERY_COLUMN_VARIES', {
        ...this.#place(row, this.#cells[place]!, column),
        before,
      })
    }
    values[query] = value
    if (this.#counts[place]) this.#count(place, value as number)
    if (!(value instanceof Float32Array)) return
    this.#dimensions[place] ||= value.length
    if (value.length === this.#dimensions[place]) return
    const wanted = `a vector of ${this.#dimensions[place]} values, as before`
    throw new RankerError('RAW_CELL', { ...this.#place(row, this.#cells[place]!, column), wanted })
  }

  #count(place: number, number: number): void {
    const counts = this.#counts[place]!
    if (!Number.isNaN(number)) counts.set(number, (counts.get(number) ?? 0) + 1)
  }

  #show(value: unknown, { type }: RawColumn): string {
    if (value === undefined || Number.isNaN(value)) return ''
    if (type === 'text' || type === 'category') return this.#texts.text(value as number)!
    if (type === 'date') return new Date(value as number).toISOString()
    return typeof value === 'number' ? String(value) : 'another vector'
  }

  #refuseLength(row: Row, cell: number, place: number): never {
    const wanted = `a vector of ${this.#vectors[place]!.dimension} values, as before`
    throw new RankerError('RAW_CELL', { ...this.#place(row, cell, this.#columns[place]!), wanted })
  }

  #place(row: Row, cell: number, column: RawColumn) {
    return {
      file: this.#file,
      line: row.line,
      unit: this.#unit,
      column: tableName(column),
      seen: row.text(cell),
    }
  }

  /**
   * Ends the gathering.
   * @param order for each place the row that goes there, undefined where all are in place
   */
  finish(order: Uint32Array | undefined): RawRows {
    const all = (width: number) => Int32Array.from({ length: width }, (_, at) => at)
    const { rows } = this.#scalars
    const scalars = this.#scalars.finish(all(this.#scalars.width), order)
    const vectors = this.#vectors.map((column) => column?.finish(order))
    const dimensions = this.#columns.map((_, place) => vectors[place]?.width ?? this.#dimensions[place]!)
    const texts = this.#texts
    const counts = this.#counts
    this.#categories.clear()
    return {
      rows,
      columns: this.#columns,
      dimensions,
      countTexts: (place) =>
        new Map([...counts[place]!].map(([number, many]) => [texts.text(number)!, many])),
      batch: (from, to, firstQuery, lastQuery, sizes) => {
        const cells = scalars.view(from, to)
        const values = this.#columns.map((column, place): RawValues => {
          const ofQueries = this.#ofQueries[place]
          if (ofQueries)
            return queryValues(column, ofQueries.slice(firstQuery, lastQuery), texts, dimensions[place]!)
          const store = vectors[place]
          if (store) return { type: 'vector', values: store.view(from, to).slice(), dimension: store.width }
          if (column.type === 'vector') return { type: 'vector', values: new Float32Array(0), dimension: 0 }
          return itemValues(column, cells, this.#slots[place]!, scalars.width, to - from, texts)
        })
        return { rows: to - from, sizes, columns: values }
      },
      close: () => {
        scalars.close()
        for (const store of vectors) store?.close()
      },
    }
  }

  /** Gives up what was read. */
  close(): void {
    this.#scalars.close()
    for (const column of this.#vectors) column?.close()
  }
}

const missing = ({ type }: RawColumn): number | undefined => (type === 'vector' ? undefined : Number.NaN)

function isSame(a: unknown, b: unknown): boolean {
  if (!(a instanceof Float32Array) || !(b instanceof Float32Array)) return Object.is(a, b) || a === b
  return a.length === b.length && a.every((value, at) => value === b[at])
}

function itemValues(
  { type }: RawColumn,
  cells: Float32Array,
  slot: number,
  width: number,
  rows: number,
  texts: Texts,
): RawValues {
  if (type === 'number') {
    const values = new Float32Array(rows)
    for (let row = 0, at = slot; row < rows; row++, at += width) values[row] = cells[at]!
    return { type, values }
  }
  if (type === 'date') {
    const values = new Float64Array(rows)
    for (let row = 0, at = slot; row < rows; row++, at += width)
      values[row] = cells[at]! * DATE_SPLIT + cells[at + 1]!
    return { type, values }
  }
  const values = new Array<string | undefined>(rows)
  for (let row = 0, at = slot; row < rows; row++, at += width) values[row] = texts.text(cells[at]!)
  return { type: type as 'text', values }
}

function queryValues(
  { type }: RawColumn,
  list: readonly unknown[],
  texts: Texts,
  dimension: number,
): RawValues {
  switch (type) {
    case 'number':
      return { type, values: Float32Array.from(list as number[]) }
    case 'date':
      return { type, values: Float64Array.from(list as number[]) }
    case 'vector': {
      const values = new Float32Array(list.length * dimension).fill(Number.NaN)
      for (const [query, vector] of list.entries())
        if (vector) values.set(vector as Float32Array, query * dimension)
      return { type, values, dimension }
    }
    default:
      return { type, values: list.map((number) => texts.text(number as number)) }
  }
}

/** Different texts, numbered as they come. */
class Texts {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []
  bytes = 0

  get size(): number {
    return this.#texts.length
  }

  number(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#texts.push(text) - 1
    this.#numbers.set(text, number)
    this.bytes += 2 * text.length + TEXT_OVERHEAD
    return number
  }

  /** @returns undefined for NaN, which stands for a missing text. */
  text(number: number): string | undefined {
    return this.#texts[number]
  }
}

/** A column of vectors, whose length the first one tells. */
class VectorColumn {
  readonly #limit: MemoryLimit | undefined
  #buffer: RowBuffer | undefined
  /** Rows before the first vector. */
  #missing = 0

  constructor(limit: MemoryLimit | undefined, dimension: number | undefined) {
    this.#limit = limit
    if (dimension) this.#buffer = new RowBuffer(dimension, limit)
  }

  get dimension(): number {
    return this.#buffer?.width ?? 0
  }

  /** @returns false where its length is another. */
  add(vector: Float32Array | undefined): boolean {
    if (!vector) {
      if (this.#buffer) this.#addMissing(this.#buffer)
      else this.#missing++
      return true
    }
    if (!this.#buffer) {
      if (vector.length > MOST_DIMENSIONS) return false
      this.#buffer = new RowBuffer(vector.length, this.#limit)
      for (let row = 0; row < this.#missing; row++) this.#addMissing(this.#buffer)
    }
    if (vector.length !== this.#buffer.width) return false
    const { block, at } = this.#buffer.extend()
    block.set(vector, at)
    return true
  }

  #addMissing(buffer: RowBuffer): void {
    const { block, at } = buffer.extend()
    block.fill(Number.NaN, at, at + buffer.width)
  }

  finish(order: Uint32Array | undefined): RowStore | undefined {
    const buffer = this.#buffer
    return buffer?.finish(
      Int32Array.from({ length: buffer.width }, (_, at) => at),
      order,
    )
  }

  close(): void {
    this.#buffer?.close()
  }
}
