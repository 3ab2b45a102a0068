import { CsvScanner } from '../data/csv/scanner.ts'
import { groupRows } from '../data/dataset/dataset.ts'
import { checkCells, type Rows } from '../data/request/row-list.ts'
import type { Row } from '../data/row.ts'
import { RankerError } from '../errors.ts'
import { columnBuilder } from './batch-builder.ts'
import { type RawBatch, type RawColumn, tableName } from './columns.ts'
import type { FeaturePipeline } from './pipeline.ts'
import { BAD, type RawValue, readCell } from './raw-cell.ts'

export interface TableOptions {
  /** The column that names the query of a row, if the table has it. */
  readonly group: string
  /** Milliseconds since 1970: the time of a query that states none. */
  readonly now: number
}

/**
 * Reads CSV whose first line names raw columns, those of queries as `query.text`, and turns it into rows. Rows belong
 * to the query that the group column names; without that column each row is its own query, which is refused if a
 * feature needs the other rows.
 * @returns rows in the order of the lines
 * @throws {RankerError} BODY_EMPTY, COLUMN_ABSENT, COLUMN_TWICE, NOT_AS_HEADER, BAD_VALUE, TOO_MANY_CELLS and the
 * scanner's.
 */
export function transformCsv(body: Uint8Array, pipeline: FeaturePipeline, options: TableOptions): Rows {
  const table = new RequestTable(pipeline, options)
  const scanner = new CsvScanner('the body')
  const onRecord = (record: Row) => table.take(record)
  scanner.push(body, onRecord)
  scanner.end(onRecord)
  return table.finish()
}

class RequestTable {
  readonly #pipeline: FeaturePipeline
  readonly #options: TableOptions
  #header: readonly string[] | undefined
  #cells: readonly number[] = []
  #groupCell = -1
  /** By column: a value a row. */
  readonly #values: RawValue[][]
  readonly #queries = new Map<string, number>()
  readonly #queryOfRow: number[] = []
  /** The first row of each query. */
  readonly #firstRow: number[] = []

  constructor(pipeline: FeaturePipeline, options: TableOptions) {
    this.#pipeline = pipeline
    this.#options = options
    this.#values = pipeline.columns.map(() => [])
  }

  take(record: Row): void {
    if (!this.#header) {
      this.#begin(Array.from({ length: record.count }, (_, cell) => record.text(cell).trim()))
      return
    }
    const index = this.#queryOfRow.length
    const row = index + 1
    if (record.count !== this.#header.length) {
      throw new RankerError('NOT_AS_HEADER', { row, seen: record.count, wanted: this.#header.length })
    }
    checkCells(row, this.#pipeline.width)
    const query = this.#query(record, index)
    for (const [place, column] of this.#pipeline.columns.entries()) {
      const cell = this.#cells[place]!
      if (cell < 0) continue
      const value = readCell(record, cell, column)
      if (value === BAD || this.#hasOtherLength(value, place))
        this.#refuse(record, cell, row, place, value !== BAD)
      this.#values[place]!.push(value as RawValue)
      if (column.source === 'query') this.#checkQuery(record, cell, row, place, query)
    }
  }

  #begin(header: readonly string[]): void {
    this.#header = header
    const { columns, needsQueries } = this.#pipeline
    const cellOf = (column: string) => {
      const cell = header.indexOf(column)
      if (cell >= 0 && header.lastIndexOf(column) !== cell) throw new RankerError('COLUMN_TWICE', { column })
      return cell
    }
    this.#cells = columns.map((column) => (column.trainingOnly ? -1 : cellOf(tableName(column))))
    const { group } = this.#options
    this.#groupCell = cellOf(group)
    const absent = columns.filter(
      ({ optional, trainingOnly }, place) => this.#cells[place]! < 0 && !optional && !trainingOnly,
    )
    const names = [...new Set(absent.map(tableName))]
    if (needsQueries && this.#groupCell < 0) names.push(group)
    if (names.length > 0) throw new RankerError('COLUMN_ABSENT', { columns: names })
  }

  #query(record: Row, index: number): number {
    // Without a group column, no two rows share a query.
    const id = this.#groupCell < 0 ? `${index}` : record.text(this.#groupCell).trim()
    if (id === '') {
      const column = this.#options.group
      throw new RankerError('BAD_VALUE', { row: index + 1, column, seen: '', wanted: 'the query of the row' })
    }
    const query = this.#queries.get(id) ?? this.#queries.size
    if (query === this.#queries.size) {
      this.#queries.set(id, query)
      this.#firstRow.push(index)
    }
    this.#queryOfRow.push(query)
    return query
  }

  #hasOtherLength(value: RawValue | typeof BAD, place: number): boolean {
    return value instanceof Float32Array && value.length !== this.#pipeline.dimensions[place]
  }

  #checkQuery(record: Row, cell: number, row: number, place: number, query: number): void {
    const values = this.#values[place]!
    if (isSame(values[row - 1], values[this.#firstRow[query]!])) return
    throw new RankerError('BAD_VALUE', {
      row,
      column: tableName(this.#pipeline.columns[place]!),
      seen: record.text(cell),
      wanted: `the same as in row ${this.#firstRow[query]! + 1}, which is of the same query`,
    })
  }

  #refuse(record: Row, cell: number, row: number, place: number, isVector: boolean): never {
    const column = tableName(this.#pipeline.columns[place]!)
    const wanted = this.#pipeline.wanted(place, isVector)
    throw new RankerError('BAD_VALUE', { row, column, seen: record.text(cell), wanted })
  }

  finish(): Rows {
    const count = this.#queryOfRow.length
    if (count === 0) throw new RankerError('BODY_EMPTY', {})
    const { width, columns } = this.#pipeline
    const { sizes, order } = groupRows(Uint32Array.from(this.#queryOfRow), this.#queries.size)
    const batch: RawBatch = {
      rows: count,
      sizes,
      columns: columns.map((column, place) => this.#column(column, place, order)),
    }
    const ordered = new Float32Array(count * width)
    this.#pipeline.transform(batch, ordered)
    const values = order ? new Float32Array(count * width) : ordered
    for (const [at, row] of order?.entries() ?? []) {
      values.set(ordered.subarray(at * width, (at + 1) * width), row * width)
    }
    const known = new Set([...columns.map(tableName), this.#options.group])
    const ignored = (this.#header ?? []).filter((name) => !known.has(name))
    return { kind: 'rows', values, count, width, ignored }
  }

  #column(column: RawColumn, place: number, order: Uint32Array | undefined) {
    const { dimensions, categories } = this.#pipeline
    const isOfQuery = column.source === 'query'
    const rows = isOfQuery ? this.#queries.size : this.#queryOfRow.length
    const builder = columnBuilder(column, rows, dimensions[place]!, categories)
    const values = this.#values[place]!
    for (let at = 0; at < rows; at++) {
      if (this.#cells[place]! >= 0)
        builder.set(at, values[isOfQuery ? this.#firstRow[at]! : (order?.[at] ?? at)])
      else if (column.optional) builder.set(at, this.#options.now)
    }
    return builder.values
  }
}

function isSame(a: RawValue, b: RawValue): boolean {
  if (!(a instanceof Float32Array) || !(b instanceof Float32Array)) return Object.is(a, b) || a === b
  return a.every((value, at) => value === b[at])
}
