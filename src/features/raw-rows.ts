import type { RowStore } from '../data/dataset/row-store.ts'
import type { RawBatch, RawColumn, RawValues } from './columns.ts'
import type { Texts } from './texts.ts'

/** A date's milliseconds are split into two whole numbers that float32 can hold, which works up to the year 9999. */
const DATE_SPLIT = 2 ** 24

/** Puts a date into two values of a row. */
export function putDate(block: Float32Array, at: number, milliseconds: number): void {
  const high = Math.floor(milliseconds / DATE_SPLIT)
  block[at] = high
  block[at + 1] = milliseconds - DATE_SPLIT * high
}

const dateAt = (block: Float32Array, at: number): number => block[at]! * DATE_SPLIT + block[at + 1]!

/** What a table has collected. */
interface Gathered {
  readonly columns: readonly RawColumn[]
  readonly rows: number
  /** Numbers, dates, and the numbers of texts and categories, row by row. */
  readonly scalars: RowStore
  /** Where each item column's values start in a row of scalars, -1 for others. */
  readonly slots: readonly number[]
  /** The rows of each item column of vectors that has any. */
  readonly vectors: readonly (RowStore | undefined)[]
  /** The values of each query column. */
  readonly ofQueries: readonly (readonly unknown[] | undefined)[]
  readonly dimensions: readonly number[]
  readonly texts: Texts
  /** How many rows have each text, by column and by the text's number. */
  readonly counts: readonly (ReadonlyMap<number, number> | undefined)[]
}

/** The collected raw columns of judged rows. */
export class RawRows {
  readonly rows: number
  readonly columns: readonly RawColumn[]
  /** Values of the vectors in each column, 0 where there are none. */
  readonly dimensions: readonly number[]
  /** The texts of all columns. */
  readonly texts: Texts
  readonly #gathered: Gathered

  constructor(gathered: Gathered) {
    this.#gathered = gathered
    this.rows = gathered.rows
    this.columns = gathered.columns
    this.dimensions = gathered.dimensions
    this.texts = gathered.texts
  }

  /** Different texts of a column, with how many rows (of a query column, queries) have each. */
  countTexts(place: number): ReadonlyMap<string, number> {
    const counts = this.#gathered.counts[place]!
    return new Map([...counts].map(([number, many]) => [this.texts.text(number)!, many]))
  }

  /** Rows `[from, to)`, those of the queries `[firstQuery, lastQuery)`. */
  batch(from: number, to: number, firstQuery: number, lastQuery: number, sizes: ArrayLike<number>): RawBatch {
    const { scalars, vectors, ofQueries } = this.#gathered
    const cells = scalars.view(from, to)
    const columns = this.columns.map((column, place): RawValues => {
      const values = ofQueries[place]
      if (values) return this.#ofQueries(place, values.slice(firstQuery, lastQuery))
      if (column.type !== 'vector') return this.#ofItems(place, cells, to - from)
      const store = vectors[place]
      if (!store) return { type: 'vector', values: new Float32Array(0), dimension: 0 }
      return { type: 'vector', values: store.view(from, to).slice(), dimension: store.width }
    })
    return { rows: to - from, sizes, columns }
  }

  #ofItems(place: number, cells: Float32Array, rows: number): RawValues {
    const { scalars, slots } = this.#gathered
    const [first, width] = [slots[place]!, scalars.width]
    switch (this.columns[place]!.type) {
      case 'date': {
        const values = new Float64Array(rows)
        for (let row = 0, at = first; row < rows; row++, at += width) values[row] = dateAt(cells, at)
        return { type: 'date', values }
      }
      case 'category': {
        const values = new Int32Array(rows)
        for (let row = 0, at = first; row < rows; row++, at += width) values[row] = cells[at]!
        return { type: 'category', values, texts: this.texts }
      }
      case 'text': {
        const values = new Array<string | undefined>(rows)
        for (let row = 0, at = first; row < rows; row++, at += width)
          values[row] = this.texts.text(cells[at]!)
        return { type: 'text', values }
      }
      default: {
        const values = new Float32Array(rows)
        for (let row = 0, at = first; row < rows; row++, at += width) values[row] = cells[at]!
        return { type: 'number', values }
      }
    }
  }

  #ofQueries(place: number, list: readonly unknown[]): RawValues {
    const { type } = this.columns[place]!
    switch (type) {
      case 'number':
        return { type, values: Float32Array.from(list as number[]) }
      case 'date':
        return { type, values: Float64Array.from(list as number[]) }
      case 'category':
        return { type, values: Int32Array.from(list as number[]), texts: this.texts }
      case 'text':
        return { type, values: list.map((number) => this.texts.text(number as number)) }
      case 'vector': {
        const dimension = this.dimensions[place]!
        const values = new Float32Array(list.length * dimension).fill(Number.NaN)
        for (const [query, vector] of list.entries())
          if (vector) values.set(vector as Float32Array, query * dimension)
        return { type, values, dimension }
      }
    }
  }

  close(): void {
    this.#gathered.scalars.close()
    for (const store of this.#gathered.vectors) store?.close()
  }
}
