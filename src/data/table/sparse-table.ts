import { type LineUnit, RankerError } from '../../errors.ts'
import { shortestFloat32 } from '../number.ts'
import type { Row, SparseRow, SparseSink, TableSink } from '../row.ts'

/** Size in bytes from which a dense matrix is refused before it is made: 16 GiB of float32. */
const MAX_DENSE_BYTES = 2 ** 34

/** The name of a column that has only a number. */
export const numberedColumn = (index: number): string => `f${index}`

/** The names of the first `width` numbered columns. */
export const numberedColumns = (width: number): string[] =>
  Array.from({ length: width }, (_, i) => numberedColumn(i))

/**
 * What must be known of numbered rows before they become a table: the first pass over a channel's files.
 * @throws {RankerError} QID_MISSING, WEIGHT_MISSING, MATRIX_TOO_LARGE from `row`.
 */
export class SparseShape implements SparseSink {
  /** Number of columns that the rows imply. */
  width = 0
  rows = 0
  /** Whether the rows have a weight: all of them, or none. */
  weighted = false
  /** Whether any row has a value in column 0. */
  startsAtZero = false
  /** Whether every row names its query. */
  grouped = true
  readonly #mustBeGrouped: boolean
  #file = ''
  #unit: LineUnit = 'line'

  /** @param mustBeGrouped whether every row must name its query. */
  constructor(mustBeGrouped: boolean) {
    this.#mustBeGrouped = mustBeGrouped
  }

  begin(file: string, unit: LineUnit): void {
    this.#file = file
    this.#unit = unit
  }

  row(row: SparseRow): void {
    const place = { file: this.#file, line: row.line, unit: this.#unit }
    if (row.query === '') this.grouped = false
    if (this.#mustBeGrouped && !this.grouped) throw new RankerError('QID_MISSING', place)
    const weighted = !Number.isNaN(row.weight)
    if (this.rows++ === 0) this.weighted = weighted
    if (weighted !== this.weighted)
      throw new RankerError('WEIGHT_MISSING', { ...place, other: this.weighted })
    this.width = Math.max(this.width, row.width)
    this.startsAtZero ||= row.indices.subarray(0, row.count).includes(0)
    const bytes = 4 * this.rows * this.width
    if (bytes > MAX_DENSE_BYTES) {
      const size = { gigabytes: Math.ceil(bytes / 2 ** 30), limit: MAX_DENSE_BYTES / 2 ** 30 }
      throw new RankerError('MATRIX_TOO_LARGE', { ...place, index: this.width - 1, rows: this.rows, ...size })
    }
  }
}

export interface SparseTableOptions {
  /** The table's names for the label, the query and the weight. */
  readonly roles: { readonly label: string; readonly group: string; readonly weight?: string | undefined }
  /** Columns of the table; cells past them are dropped. */
  readonly width: number
  readonly grouped: boolean
}

/** Turns numbered rows into rows of a table, with columns f0, f1, … after label, query and weight: the second pass. */
export class SparseTable implements SparseSink {
  readonly #sink: TableSink
  readonly #columns: readonly string[]
  readonly #row: DenseRow

  constructor(sink: TableSink, { roles, width, grouped }: SparseTableOptions) {
    this.#sink = sink
    const leading = [
      roles.label,
      ...(grouped ? [roles.group] : []),
      ...(roles.weight === undefined ? [] : [roles.weight]),
    ]
    this.#columns = [...leading, ...numberedColumns(width)]
    this.#row = new DenseRow(width, grouped ? 1 : -1, leading.length)
  }

  begin(file: string, unit: LineUnit): void {
    this.#sink.begin(file, this.#columns, unit)
  }

  row(row: SparseRow): void {
    this.#row.fill(row)
    this.#sink.row(this.#row)
    this.#row.clear(row)
  }
}

/** A row's cells side by side; between rows, every value is missing. */
class DenseRow implements Row {
  line = 0
  readonly count: number
  readonly #leading: Float32Array
  readonly #values: Float32Array
  readonly #group: number
  #query = ''

  /** @param group the query's cell, -1 for none. @param leading number of cells before the values. */
  constructor(width: number, group: number, leading: number) {
    this.count = leading + width
    this.#group = group
    this.#leading = new Float32Array(leading)
    this.#values = new Float32Array(width).fill(Number.NaN)
  }

  fill({ line, label, weight, query, count, indices, values }: SparseRow): void {
    this.line = line
    this.#query = query
    this.#leading.fill(weight)
    this.#leading[0] = label
    for (let cell = 0; cell < count; cell++) {
      if (indices[cell]! < this.#values.length) this.#values[indices[cell]!] = values[cell]!
    }
  }

  clear({ count, indices }: SparseRow): void {
    for (let cell = 0; cell < count; cell++) {
      if (indices[cell]! < this.#values.length) this.#values[indices[cell]!] = Number.NaN
    }
  }

  text(cell: number): string {
    if (cell === this.#group) return this.#query
    const value = this.number(cell)
    return Number.isNaN(value) ? 'nan' : String(shortestFloat32(value))
  }

  number(cell: number): number {
    const leading = this.#leading.length
    return cell < leading ? this.#leading[cell]! : this.#values[cell - leading]!
  }
}
