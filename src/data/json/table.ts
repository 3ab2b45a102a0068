import { isUtf8 } from 'node:buffer'
import { RankerError, reasonOf } from '../../errors.ts'
import { eachLine } from '../lines.ts'
import type { Chunks, Row, TableSink } from '../row.ts'
import { isObject, type JsonObject } from './json.ts'
import { duplicateKey } from './keys.ts'

export interface JsonLinesOptions {
  /** Columns that name the query and its weight, which a query line has beside its items, and the item. */
  readonly roles: {
    readonly group: string
    readonly weight?: string | undefined
    readonly item?: string | undefined
  }
  /**
   * Says which columns are wanted, and what their cells may hold besides numbers and text; other columns may hold
   * anything. Columns of queries, such as `query.text`, are then taken from a query line's `query`. Without it, every
   * column holds numbers or text.
   */
  readonly wanted?:
    | ((column: string) => { readonly arrays: boolean; readonly booleans: boolean } | undefined)
    | undefined
  readonly warn: (sentence: string) => void
}

/**
 * Reads JSON Lines into a table: one flat row a line, `{"label":…,"qid":…,column:…}`, or one query a line,
 * `{"qid":…,"query":{…},"items":[{"label":…,column:…}]}`. A number is a number, text is text, null or a column that
 * is absent from a row is missing. The columns are all that any row has, so the lines are read twice.
 * @param open gives the file's bytes from the start, each time
 * @throws {RankerError} FILE_EMPTY, NO_ROWS, JSON_LINE_DAMAGED, JSON_CELL, JSON_COLUMN_TWICE, LINE_TOO_LONG and what
 * the sink throws.
 */
export async function readJsonLines(
  file: string,
  open: () => Chunks,
  options: JsonLinesOptions,
  sink: TableSink,
): Promise<void> {
  const lines = new LineReader(file, options)
  const { item } = options.roles
  const columns = new Map<string, number>()
  let objects = 0
  await eachLine(file, open(), (bytes, start, end, line) => {
    const object = lines.parse(bytes, start, end, line)
    if (!object) return
    objects++
    for (const row of lines.rows(object, line)) {
      eachCell(row, item, (column, value) => {
        if (!columns.has(column)) columns.set(column, columns.size)
        lines.check(value, column, line)
      })
    }
  })
  if (objects === 0) throw new RankerError('FILE_EMPTY', { file })
  if (columns.size === 0) throw new RankerError('NO_ROWS', { file })

  lines.warn()
  sink.begin(file, [...columns.keys()])
  const cells = new JsonRow(columns, item)
  await eachLine(file, open(), (bytes, start, end, line) => {
    const object = lines.parse(bytes, start, end, line)
    if (!object) return
    for (const row of lines.rows(object, line)) {
      cells.fill(row, line)
      sink.row(cells)
    }
  })
}

/** Keys of a query line that are no columns. */
const REQUEST_KEYS = new Set(['query', 'items', 'limit', 'explain', 'context'])
/** What names an item of a query, as it does in a request. */
const ITEM_ID = 'id'

interface JsonLineRow {
  /** What all items of a query have in common; absent if the line itself is the row. */
  readonly shared?: JsonObject
  readonly own: JsonObject
}

function eachCell(
  { shared, own }: JsonLineRow,
  itemColumn: string | undefined,
  visit: (column: string, value: unknown) => void,
): void {
  for (const column in shared) visit(column, shared[column])
  for (const column in own) {
    if (shared === undefined || column !== ITEM_ID || itemColumn === ITEM_ID) visit(column, own[column])
  }
}

class LineReader {
  readonly #file: string
  readonly #options: JsonLinesOptions
  readonly #ignored = new Set<string>()

  constructor(file: string, options: JsonLinesOptions) {
    this.#file = file
    this.#options = options
  }

  /** The object of a line, undefined where the line is blank. */
  parse(bytes: Uint8Array, start: number, end: number, line: number): JsonObject | undefined {
    const part = bytes.subarray(start, end)
    if (!isUtf8(part)) this.#refuseLine(line, 'it is not UTF-8')
    const text = Buffer.from(part.buffer, part.byteOffset, part.length).toString()
    if (text.trim() === '') return undefined
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      this.#refuseLine(line, `it is not JSON: ${reasonOf(cause)}`)
    }
    if (!isObject(value)) this.#refuseLine(line, `it is ${Array.isArray(value) ? 'an array' : 'no object'}`)
    const column = duplicateKey(text, value)
    if (column !== undefined) throw new RankerError('JSON_COLUMN_TWICE', { file: this.#file, line, column })
    return value
  }

  /** The rows of a line's object: itself, or its items. */
  *rows(object: JsonObject, line: number): Generator<JsonLineRow> {
    if (object.items === undefined) {
      yield { own: object }
      return
    }
    const { items, query } = object
    if (!Array.isArray(items)) this.#refuseCell(line, 'items', items, 'an array of items')
    const { group, weight } = this.#options.roles
    const shared: Record<string, unknown> = Object.create(null)
    if (query !== undefined && query !== null) {
      if (!isObject(query)) this.#refuseCell(line, 'query', query, 'an object')
      for (const key in query) {
        const column = `query.${key}`
        if (this.#options.wanted?.(column)) shared[column] = query[key]
        else this.#ignored.add(column)
      }
    }
    for (const key in object) {
      if (key === group || key === weight) shared[key] = object[key]
      else if (!REQUEST_KEYS.has(key)) this.#ignored.add(key)
    }
    for (const own of items) {
      if (!isObject(own)) this.#refuseCell(line, 'items', own, 'objects in it')
      for (const column in shared) {
        if (Object.hasOwn(own, column))
          throw new RankerError('JSON_COLUMN_TWICE', { file: this.#file, line, column })
      }
      yield { shared, own }
    }
  }

  /** Refuses what is neither a number nor text. */
  check(value: unknown, column: string, line: number): void {
    if (typeof value === 'string' || value === null) return
    if (typeof value === 'number') {
      const isId = column === this.#options.roles.group
      if (isId && Number.isInteger(value) && !Number.isSafeInteger(value)) {
        this.#refuseCell(
          line,
          column,
          value,
          'text, or a whole number of less than 2^53: its digits would be lost',
        )
      }
      return
    }
    const { wanted: of } = this.#options
    const allowed = of?.(column)
    if (of && !allowed) return
    if (allowed?.arrays && Array.isArray(value)) return
    if (allowed?.booleans && typeof value === 'boolean') return
    const wanted = typeof value === 'boolean' ? '0 or 1 for false or true' : 'a number, text or null'
    this.#refuseCell(line, column, value, wanted)
  }

  /** Warns once about what is not used of query lines. */
  warn(): void {
    if (this.#ignored.size === 0) return
    this.#options.warn(
      `${this.#file} has columns beside the items that are not used: ${[...this.#ignored].join(', ')}`,
    )
  }

  #refuseLine(line: number, reason: string): never {
    throw new RankerError('JSON_LINE_DAMAGED', { file: this.#file, line, reason })
  }

  #refuseCell(line: number, column: string, value: unknown, wanted: string): never {
    const seen = Array.isArray(value) ? 'an array' : isObject(value) ? 'an object' : JSON.stringify(value)
    throw new RankerError('JSON_CELL', { file: this.#file, line, column, seen, wanted })
  }
}

class JsonRow implements Row {
  line = 0
  readonly count: number
  readonly #columns: ReadonlyMap<string, number>
  readonly #item: string | undefined
  readonly #cells: unknown[]

  constructor(columns: ReadonlyMap<string, number>, item: string | undefined) {
    this.count = columns.size
    this.#columns = columns
    this.#item = item
    this.#cells = new Array(columns.size)
  }

  fill(row: JsonLineRow, line: number): void {
    this.line = line
    this.#cells.fill(null)
    eachCell(row, this.#item, (column, value) => {
      this.#cells[this.#columns.get(column)!] = value
    })
  }

  text(cell: number): string {
    const value = this.#cells[cell]
    return Array.isArray(value) ? JSON.stringify(value) : String(value ?? '')
  }

  number(cell: number): number {
    const value = this.#cells[cell]
    if (typeof value === 'number') return Math.fround(value)
    return value === null || value === '' ? Number.NaN : Number.POSITIVE_INFINITY
  }

  isText(cell: number): boolean {
    return typeof this.#cells[cell] === 'string'
  }
}
