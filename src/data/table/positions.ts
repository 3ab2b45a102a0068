import { type LineUnit, RankerError } from '../../errors.ts'
import { groupBounds } from '../dataset/dataset.ts'
import { NumberList } from './number-list.ts'

const MAX_POSITION = 2 ** 32 - 1

/** The position at which each row was shown in its query, and where in the files it was read. */
export class Positions {
  readonly #column: string
  readonly #positions = new NumberList(Uint32Array)
  readonly #lines = new NumberList(Uint32Array)
  readonly #files: { file: string; unit: LineUnit; firstRow: number }[] = []

  /** @param column name of the column, for errors. */
  constructor(column: string) {
    this.#column = column
  }

  beginFile(file: string, unit: LineUnit): void {
    this.#files.push({ file, unit, firstRow: this.#positions.length })
  }

  /** @throws {RankerError} BAD_POSITION for one that is missing, negative or no whole number. */
  add(position: number, line: number, seen: string): void {
    if (!Number.isInteger(position) || position < 0 || position > MAX_POSITION) {
      const { file, unit } = this.#files.at(-1)!
      const wanted = 'a whole number from 0'
      throw new RankerError('BAD_POSITION', { file, unit, line, column: this.#column, seen, wanted })
    }
    this.#positions.push(position)
    this.#lines.push(line)
  }

  /**
   * Sorts the rows of each query by position.
   * @param order for each place the row that goes there, the rows of a query side by side; undefined if all are in
   * place.
   * @returns the sorted order.
   * @throws {RankerError} BAD_POSITION when a query has two rows at one position.
   */
  sortRows(sizes: Uint32Array, order: Uint32Array | undefined): Uint32Array {
    const positions = this.#positions.toArray()
    const bounds = groupBounds(sizes)
    const sorted = order ?? Uint32Array.from(positions, (_, row) => row)
    for (let query = 0; query < sizes.length; query++) {
      const rows = sorted.subarray(bounds[query], bounds[query + 1])
      rows.sort((a, b) => positions[a]! - positions[b]! || a - b)
      for (let at = 1; at < rows.length; at++) {
        const [first, second] = [rows[at - 1]!, rows[at]!]
        if (positions[first] === positions[second]) this.#refuseTwice(first, second, positions[second]!)
      }
    }
    return sorted
  }

  #refuseTwice(first: number, second: number, position: number): never {
    const other = this.#placeOf(first)
    throw new RankerError('BAD_POSITION', {
      ...this.#placeOf(second),
      column: this.#column,
      seen: String(position),
      wanted: `a position of its own in its query, and ${other.file} ${other.unit} ${other.line} has that one`,
    })
  }

  #placeOf(row: number): { file: string; unit: LineUnit; line: number } {
    const { file, unit } = this.#files.findLast(({ firstRow }) => firstRow <= row)!
    return { file, unit, line: this.#lines.toArray()[row]! }
  }
}
