import type { ColumnMetaData, SchemaTree } from 'hyparquet'
import { PageReader } from './column.ts'

/** The list in a cell; null for what is missing or not a number. */
export type NumberList = (number | null)[]

/**
 * The schema path to the values of a column that is a list of numbers, in whichever way the writer declares lists:
 * exactly one of its levels repeats.
 * @returns undefined for structs, lists of lists and lists of anything else
 */
export function listPath(column: SchemaTree): readonly SchemaTree[] | undefined {
  const path: SchemaTree[] = [column]
  for (let inner = column; inner.children.length > 0; path.push(inner)) {
    if (inner.children.length > 1) return undefined
    inner = inner.children[0]!
  }
  const { type, converted_type: converted } = path.at(-1)!.element
  const isNumber =
    (type === 'FLOAT' || type === 'DOUBLE' || type === 'INT32' || type === 'INT64') && converted !== 'DATE'
  const repeats = path.filter(({ element }) => element.repetition_type === 'REPEATED').length
  return isNumber && repeats === 1 ? path : undefined
}

/**
 * Reads a column of lists of numbers, row after row. How many rows a page has shows only in its levels (Dremel's, as
 * https://parquet.apache.org/docs/file-format/nestedencoding tells), so it only goes forward.
 */
export class ListReader {
  readonly #pages: PageReader
  /** Definition levels of a value, and of an entry that may be missing; below the latter the list is empty. */
  readonly #ofValue: number
  readonly #ofEntry: number
  /** Rows that were decoded and not yet taken; the next page may continue the last one. */
  readonly #rows: (NumberList | undefined)[] = []

  /** @param path as {@link listPath} returns it. */
  constructor(bytes: ArrayBuffer, column: ColumnMetaData, root: SchemaTree, path: readonly SchemaTree[]) {
    this.#pages = new PageReader(bytes, column, [root, ...path])
    const isOptional = ({ element }: SchemaTree) => element.repetition_type !== 'REQUIRED'
    const repeated = path.findIndex(({ element }) => element.repetition_type === 'REPEATED')
    this.#ofValue = path.filter(isOptional).length
    this.#ofEntry = path.slice(0, repeated + 1).filter(isOptional).length
  }

  /** The next rows; a list that is missing is undefined. @throws {Error} where there are fewer, or a page is damaged. */
  take(count: number): (NumberList | undefined)[] {
    // The last decoded row is complete only once another one starts, or nothing more comes.
    while (this.#rows.length <= count) {
      const page = this.#pages.next()
      if (!page) break
      this.#add(page.decode())
    }
    if (this.#rows.length < count) throw new Error(`a list column has ${this.#rows.length} of ${count} rows`)
    return this.#rows.splice(0, count)
  }

  #add({
    values,
    definitions,
    repetitions,
  }: ReturnType<NonNullable<ReturnType<PageReader['next']>>['decode']>) {
    const entries = Math.max(definitions.length, repetitions.length)
    for (let entry = 0, value = 0; entry < entries; entry++) {
      const level = definitions[entry] ?? this.#ofValue
      if (!repetitions[entry]) {
        // One level below the empty list, the list is null.
        this.#rows.push(level < this.#ofEntry - 1 ? undefined : [])
      }
      if (level < this.#ofEntry) continue
      const given: unknown = level === this.#ofValue ? values[value++] : null
      const row = this.#rows.at(-1)
      if (!row) throw new Error('a list goes on before it starts')
      row.push(typeof given === 'number' || typeof given === 'bigint' ? Number(given) : null)
    }
  }
}
