import type { JsonObject } from '../data/json/json.ts'
import { shortestFloat32 } from '../data/number.ts'
import { vectorText } from './cells.ts'
import { type RawBatch, type RawColumn, type RawValues, tableName } from './columns.ts'

/** A raw value as a request has it. */
export type RawCell = string | number | null

/** Which type says most, if a column is read as several. */
const ORDER = ['text', 'category', 'vector', 'date', 'number'] as const

/**
 * The raw columns of a batch in a request's form, which the reader of requests turns into the same values.
 * @returns the names of the columns in a table, and the cells of each row
 */
export function rawCells(
  columns: readonly RawColumn[],
  batch: RawBatch,
): { columns: string[]; rows: RawCell[][] } {
  const places = [...columns.keys()].filter((place) => !columns[place]!.trainingOnly)
  const byName = Map.groupBy(places, (place) => tableName(columns[place]!))
  const rows: RawCell[][] = []
  for (let query = 0, row = 0; query < batch.sizes.length; query++) {
    for (let item = 0; item < batch.sizes[query]!; item++, row++) {
      const cells = [...byName.values()].map((list) =>
        cellOf(
          list.map((place) => ({ column: columns[place]!, values: batch.columns[place]! })),
          columns[list[0]!]!.source === 'query' ? query : row,
        ),
      )
      rows.push(cells)
    }
  }
  return { columns: [...byName.keys()], rows }
}

interface Read {
  readonly column: RawColumn
  readonly values: RawValues
}

/** One cell for all the types that it is read as. */
function cellOf(read: readonly Read[], at: number): RawCell {
  const ordered = read.toSorted((a, b) => rank(a) - rank(b))
  const cell = ordered.map((one) => valueAt(one, at)).find((one) => one !== null) ?? null
  const number = read.find(({ column }) => column.type === 'number')
  if (typeof cell !== 'string' || !number) return cell
  // In a request, a number must not be text.
  return Number.isFinite(Number(cell)) ? Number(cell) : valueAt(number, at)
}

/** An ISO 8601 date stays a date where numbers may be dates too. */
const rank = ({ column: { type, epoch } }: Read): number => 2 * ORDER.indexOf(type) + (epoch ? 1 : 0)

function valueAt({ column: { epoch }, values: column }: Read, at: number): RawCell {
  switch (column.type) {
    case 'text':
      return column.values[at] ?? null
    case 'category':
      return column.texts.text(column.values[at]!) ?? null
    case 'number': {
      const value = column.values[at]!
      return Number.isNaN(value) ? null : shortestFloat32(value)
    }
    case 'date': {
      const value = column.values[at]!
      if (Number.isNaN(value)) return null
      if (epoch === undefined) return new Date(value).toISOString()
      return epoch === 'seconds' ? value / 1000 : value
    }
    case 'vector': {
      const { values, dimension } = column
      const vector = values.subarray(at * dimension, (at + 1) * dimension)
      return vector.length === 0 || Number.isNaN(vector[0]!) ? null : vectorText(vector)
    }
  }
}

/** A query with its items as a request has them. */
export interface RawQuery {
  readonly query: JsonObject
  readonly items: readonly JsonObject[]
}

/** Puts the cells of a table into queries. @param sizes rows of each query, which lie side by side. */
export function rawQueries(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  sizes: readonly number[],
): RawQuery[] {
  const ofQuery = columns.map((name) => (name.startsWith('query.') ? name.slice('query.'.length) : undefined))
  let from = 0
  return sizes.map((size) => {
    const items = rows.slice(from, from + size)
    from += size
    const pick = (cells: readonly unknown[], isOfQuery: boolean) =>
      Object.fromEntries(
        columns.flatMap((name, cell) =>
          (ofQuery[cell] !== undefined) === isOfQuery ? [[ofQuery[cell] ?? name, cells[cell]]] : [],
        ),
      )
    return { query: pick(items[0] ?? [], true), items: items.map((cells) => pick(cells, false)) }
  })
}
