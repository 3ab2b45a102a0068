import { CsvScanner } from '../data/csv/scanner.ts'
import { isObject, type JsonObject } from '../data/json/json.ts'
import type { Row } from '../data/row.ts'

/** How a reader recognises a candidate, as far as its columns tell. */
export interface Candidate {
  /** The query it belongs to, empty where the input has one query. */
  readonly query: string
  /** Its id in a JSON query, as text. */
  readonly id: string
  /** Its title, else its id, else its place. */
  readonly item: string
  /** NaN where it is unknown, undefined where the input has no such column. */
  readonly price: number | undefined
  /** (retail_price − cost) / retail_price, as for the price. */
  readonly margin: number | undefined
}

/** Columns of the input that name things. */
export interface NamingColumns {
  readonly group: string
  /** Given by the user, else the first usual one that is there. */
  readonly item?: string | undefined
}

const ITEM_COLUMNS = ['title', 'id', 'item', 'item_id', 'product_id']

/** Whether the first line of a CSV names columns: it has a cell that is neither a number nor empty. */
export function hasHeader(csv: Uint8Array): boolean {
  const [first] = readRecords(csv, (record) =>
    Array.from({ length: record.count }, (_, cell) => record.number(cell)),
  )
  return first?.some((cell) => !Number.isNaN(cell) && !Number.isFinite(cell)) ?? false
}

/** The candidates of a CSV with a header, in input order. */
export function csvCandidates(csv: Uint8Array, naming: NamingColumns): Candidate[] {
  const [header = [], ...rows] = readRecords(csv, (record) =>
    Array.from({ length: record.count }, (_, cell) => record.text(cell)),
  )
  const names = header.map((name) => name.trim())
  return rows.map((cells, index) =>
    toCandidate(Object.fromEntries(names.map((name, cell) => [name, cells[cell]])), index, naming),
  )
}

/** The candidates of a parsed JSON request, in input order; none when it is no query. */
export function jsonCandidates(body: unknown, naming: NamingColumns): Candidate[] {
  const items = isObject(body) && Array.isArray(body.items) ? body.items.filter(isObject) : []
  return items.map((item, index) => toCandidate(item, index, naming))
}

/** A candidate of which nothing but its place is known. */
export function unnamedCandidate(index: number): Candidate {
  return toCandidate({}, index, { group: '' })
}

function toCandidate(row: JsonObject, index: number, { group, item }: NamingColumns): Candidate {
  const named = [...(item === undefined ? [] : [item]), ...ITEM_COLUMNS].map((column) => textOf(row, column))
  const price = toNumber(row, 'retail_price')
  const cost = toNumber(row, 'cost')
  return {
    query: textOf(row, group) ?? '',
    id: String(row.id),
    item: named.find((text) => text !== undefined) ?? `row ${index + 1}`,
    price,
    margin: price === undefined || cost === undefined ? undefined : (price - cost) / price,
  }
}

/** Undefined where the column is absent, empty or holds something that has no name. */
function textOf(row: JsonObject, column: string): string | undefined {
  const value = Object.hasOwn(row, column) ? row[column] : undefined
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

function toNumber(row: JsonObject, column: string): number | undefined {
  return Object.hasOwn(row, column) ? Number(textOf(row, column) ?? Number.NaN) : undefined
}

function readRecords<T>(csv: Uint8Array, read: (record: Row) => T): T[] {
  const records: T[] = []
  const scanner = new CsvScanner('the input')
  const onRecord = (record: Row) => void records.push(read(record))
  scanner.push(csv, onRecord)
  scanner.end(onRecord)
  return records
}
