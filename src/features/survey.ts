import { contiguousRows, type RowStore } from '../data/dataset/row-store.ts'
import type { ColumnSink, Row } from '../data/row.ts'
import type { LineUnit } from '../errors.ts'
import { parseDate, parseVector } from './cells.ts'

/** Most distinct values that are counted. */
const MOST_DISTINCT = 100_000
/** Rows whose cells are tried as dates and vectors; after them a column's type is settled. */
const TRIED_ROWS = 1000
/** Rows whose numbers are kept, to see how well each column ranks alone. */
const KEPT_ROWS = 50_000

/** What a column holds. */
export interface SurveyedColumn {
  readonly name: string
  readonly rows: number
  readonly missing: number
  readonly numbers: number
  readonly whole: boolean
  /** Number of distinct values, up to a limit. */
  readonly distinct: number
  /** Words in a text, on average. */
  readonly words: number
  readonly kind: 'empty' | 'number' | 'text' | 'date' | 'vector' | 'mixed'
  /** Length of its vectors. */
  readonly dimension: number
}

class ColumnSurvey {
  readonly name: string
  rows = 0
  missing = 0
  numbers = 0
  whole = true
  #dates = 0
  #vectors = 0
  #texts = 0
  #words = 0
  #dimension = 0
  readonly #distinct = new Set<string | number>()
  /** The numbers of the first rows. */
  readonly first = new Float32Array(KEPT_ROWS).fill(Number.NaN)

  constructor(name: string, rowsBefore: number) {
    this.name = name
    this.rows = rowsBefore
    this.missing = rowsBefore
  }

  add(row: Row, cell: number): void {
    const at = this.rows++
    const value = cell < 0 ? Number.NaN : row.number(cell)
    if (Number.isNaN(value)) {
      this.missing++
      return
    }
    if (Number.isFinite(value)) {
      this.numbers++
      this.whole &&= Number.isInteger(value)
      if (at < KEPT_ROWS) this.first[at] = value
      if (this.#distinct.size < MOST_DISTINCT) this.#distinct.add(value)
      return
    }
    const text = row.text(cell)
    if (this.#distinct.size < MOST_DISTINCT) this.#distinct.add(text)
    if (++this.#texts > TRIED_ROWS) return
    this.#words += text.trim().split(/\s+/).length
    if (parseDate(text) !== undefined) this.#dates++
    const vector = text.trim().startsWith('[') ? parseVector(text) : undefined
    if (vector) this.#vectors++
    this.#dimension ||= vector?.length ?? 0
  }

  get summary(): SurveyedColumn {
    const { name, rows, missing, numbers, whole } = this
    const tried = Math.min(this.#texts, TRIED_ROWS)
    const texts = (): SurveyedColumn['kind'] => {
      if (this.#dates === tried) return 'date'
      return this.#vectors === tried ? 'vector' : 'text'
    }
    const kind =
      numbers + this.#texts === 0 ? 'empty' : this.#texts === 0 ? 'number' : numbers === 0 ? texts() : 'mixed'
    const words = tried === 0 ? 0 : this.#words / tried
    return {
      name,
      rows,
      missing,
      numbers,
      whole,
      distinct: this.#distinct.size,
      words,
      kind,
      dimension: this.#dimension,
    }
  }
}

/** Looks at every column of a table that has no role. */
export class Survey implements ColumnSink {
  readonly #columns = new Map<string, ColumnSurvey>()
  #cells: number[] = []
  #rows = 0

  begin(_file: string, names: readonly string[], _unit: LineUnit, roles: ReadonlySet<string>): void {
    for (const name of names) {
      if (!roles.has(name) && !this.#columns.has(name))
        this.#columns.set(name, new ColumnSurvey(name, this.#rows))
    }
    this.#cells = [...this.#columns.keys()].map((name) => names.indexOf(name))
  }

  row(row: Row): void {
    this.#rows++
    let at = 0
    for (const column of this.#columns.values()) column.add(row, this.#cells[at++]!)
  }

  get columns(): SurveyedColumn[] {
    return [...this.#columns.values()].map(({ summary }) => summary)
  }

  /** The numeric columns of the kept rows. @param order those rows, in the order wanted */
  numbers(order: Uint32Array): { featureNames: string[]; matrix: RowStore } {
    const columns = [...this.#columns.values()].filter(({ summary }) => summary.kind === 'number')
    const values = new Float32Array(order.length * columns.length)
    for (const [place, row] of order.entries()) {
      for (const [at, column] of columns.entries()) values[place * columns.length + at] = column.first[row]!
    }
    return { featureNames: columns.map(({ name }) => name), matrix: contiguousRows(values, columns.length) }
  }

  /** How many rows' numbers were kept: the first ones. */
  get keptRows(): number {
    return Math.min(this.#rows, KEPT_ROWS)
  }
}
