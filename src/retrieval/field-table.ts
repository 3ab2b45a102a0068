import { RankerError, show } from '../errors.ts'
import type { FieldValue, Filter } from './engine.ts'
import { type Condition, conditionOf } from './query.ts'

/** A field of all items: numbers as they are, NaN if missing; other values as codes. */
export type FieldColumn =
  | { readonly kind: 'number'; readonly values: Float64Array }
  | { readonly kind: 'value'; readonly codes: Uint32Array; readonly values: readonly (string | boolean)[] }

/** The code of a missing value. */
const MISSING = 0

/** The fields of all items, by column: some bytes a value, where objects would take a hundred. */
export class FieldTable {
  readonly columns: ReadonlyMap<string, FieldColumn>
  readonly #count: number

  constructor(columns: ReadonlyMap<string, FieldColumn>, count: number) {
    this.columns = columns
    this.#count = count
  }

  /**
   * The positions of the items that pass all filters, ascending; undefined if there is no filter.
   * @throws {RankerError} FILTER_UNKNOWN, QUERY_INVALID.
   */
  matching(filters: Readonly<Record<string, Filter>> = {}): Uint32Array | undefined {
    const tests = Object.entries(filters).map(([field, filter]) => {
      const column = this.columns.get(field)
      if (!column) throw new RankerError('FILTER_UNKNOWN', { field, known: [...this.columns.keys()] })
      return testOf(column, conditionOf(field, filter))
    })
    if (tests.length === 0) return undefined
    const positions = new Uint32Array(this.#count)
    for (let position = 0; position < this.#count; position++) positions[position] = position
    let left = this.#count
    // One test at a time over what is left: a loop with a single call is several times as fast as a list of them.
    for (const test of tests) {
      let kept = 0
      for (let index = 0; index < left; index++) {
        const position = positions[index]!
        if (test(position)) positions[kept++] = position
      }
      left = kept
    }
    return positions.subarray(0, left)
  }
}

function testOf(column: FieldColumn, condition: Condition): (position: number) => boolean {
  if (column.kind === 'number') {
    const { values } = column
    if ('min' in condition) return (at) => values[at]! >= condition.min && values[at]! <= condition.max
    const wanted = new Set(condition.values.map((value) => (value === null ? Number.NaN : value)))
    return (at) => wanted.has(values[at]!)
  }
  // Text is neither below nor above a number.
  if ('min' in condition) return () => false
  const wanted = new Uint8Array(column.values.length + 1)
  for (const value of condition.values)
    wanted[value === null ? MISSING : column.values.indexOf(value as string) + 1] = 1
  // A value that no item has.
  if (!condition.values.includes(null)) wanted[MISSING] = 0
  return (at) => wanted[column.codes[at]!] === 1
}

/** Collects the fields of items that come one by one. */
export class FieldTableBuilder {
  readonly #columns = new Map<string, { readonly values: (FieldValue | undefined)[]; first: FieldValue }>()
  #count = 0

  /** @throws {RankerError} ITEM_INVALID when a field has numbers and other values. */
  add(id: string, fields: Readonly<Record<string, FieldValue>> = {}): void {
    for (const [name, value] of Object.entries(fields)) {
      let column = this.#columns.get(name)
      if (!column) {
        column = { values: [], first: null }
        this.#columns.set(name, column)
      }
      const { first } = column
      if (first === null) column.first = value ?? null
      else if (value != null && (typeof first === 'number') !== (typeof value === 'number')) {
        const where = `the field ${show(name)} of item ${show(id)}`
        const wanted = typeof first === 'number' ? 'a number' : 'no number'
        throw new RankerError('ITEM_INVALID', { where, seen: show(value), wanted: `${wanted}, as before it` })
      }
      column.values[this.#count] = value
    }
    this.#count++
  }

  build(): FieldTable {
    const columns = [...this.#columns].map(([name, { values, first }]): [string, FieldColumn] => {
      const all = Array.from({ length: this.#count }, (_, position) => values[position] ?? null)
      if (typeof first === 'number') {
        const numbers = Float64Array.from(all, (value) => (typeof value === 'number' ? value : Number.NaN))
        return [name, { kind: 'number', values: numbers }]
      }
      const codes = new Map<string | boolean, number>()
      const coded = Uint32Array.from(all, (value) => {
        if (value === null) return MISSING
        const code = codes.get(value as string) ?? codes.size + 1
        codes.set(value as string, code)
        return code
      })
      return [name, { kind: 'value', codes: coded, values: [...codes.keys()] }]
    })
    return new FieldTable(new Map(columns), this.#count)
  }
}
