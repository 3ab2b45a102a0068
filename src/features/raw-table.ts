import { type MemoryLimit, RowBuffer } from '../data/dataset/row-store.ts'
import type { Row } from '../data/row.ts'
import { type LineUnit, RankerError } from '../errors.ts'
import { type RawColumn, tableName } from './columns.ts'
import { BAD, readCell, wantedOf } from './raw-cell.ts'
import { putDate, RawRows } from './raw-rows.ts'
import { MISSING, Spellings, Texts } from './texts.ts'
import { VectorColumn } from './vector-column.ts'

export interface RawTableOptions {
  /** How much may stay in memory; without it, everything. */
  readonly memory?: MemoryLimit | undefined
  /** Whether this is the training data: only that has columns for training alone. */
  readonly isTraining: boolean
  /** The length of each column's vectors, 0 for others; without it, the first vector decides. */
  readonly dimensions?: readonly number[] | undefined
  readonly warn: (sentence: string) => void
}

/** Texts are numbered in float32, which holds whole numbers exactly up to here. */
const MOST_TEXTS = 2 ** 24

/**
 * Collects the columns that a feature spec names, from rows in any order, as numbers: of each distinct text one copy,
 * and its number in every row. What exceeds the memory limit goes to disk; texts and the columns of queries, of which
 * there are fewer, stay in memory.
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
  readonly #spellings = new Spellings((category) => this.#number(category))
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

  /** The columns whose text a reader must keep, by their names in a table. */
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
      // Columns for training alone hold numbers.
      const value = cell < 0 ? Number.NaN : this.#read(row, cell, column)
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
          putDate(block, slot, value as number)
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
    if (type === 'category') return this.#spellings.number(row.text(cell))
    const value = readCell(row, cell, column)
    if (value === BAD) {
      throw new RankerError('RAW_CELL', { ...this.#place(row, cell, column), wanted: wantedOf(column) })
    }
    if (type !== 'text') return value as number | Float32Array | undefined
    return value === undefined ? MISSING : this.#number(value as string)
  }

  #number(text: string): number {
    const texts = this.#texts
    const number = texts.add(text)
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
    if (number !== MISSING) counts.set(number, (counts.get(number) ?? 0) + 1)
  }

  #show(value: unknown, { type }: RawColumn): string {
    if (type === 'text' || type === 'category') return this.#texts.text(value as number) ?? ''
    if (value === undefined || Number.isNaN(value)) return ''
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

  /** Ends the collecting. @param order for each place the row that goes there, undefined if all are in place */
  finish(order: Uint32Array | undefined): RawRows {
    const all = (width: number) => Int32Array.from({ length: width }, (_, at) => at)
    const { rows } = this.#scalars
    const scalars = this.#scalars.finish(all(this.#scalars.width), order)
    const vectors = this.#vectors.map((column) => column?.finish(order))
    const dimensions = this.#columns.map((_, place) => vectors[place]?.width ?? this.#dimensions[place]!)
    return new RawRows({
      columns: this.#columns,
      rows,
      scalars,
      slots: this.#slots,
      vectors,
      ofQueries: this.#ofQueries,
      dimensions,
      texts: this.#texts,
      counts: this.#counts,
    })
  }

  /** Discards what was read. */
  close(): void {
    this.#scalars.close()
    for (const column of this.#vectors) column?.close()
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (!(a instanceof Float32Array) || !(b instanceof Float32Array)) return Object.is(a, b) || a === b
  return a.length === b.length && a.every((value, at) => value === b[at])
}
