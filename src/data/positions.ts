import { RankerError } from '../errors.ts'
import { groupBounds } from './dataset.ts'

/** The place that each row was shown at in its query, with where in the files it was read. */
export class Positions {
  readonly #column: string
  readonly #positions: number[] = []
  readonly #lines: number[] = []
  readonly #files: { file: string; firstRow: number }[] = []

  /** @param column name of the column, for errors. */
  constructor(column: string) {
    this.#column = column
  }

  beginFile(file: string): void {
    this.#files.push({ file, firstRow: this.#positions.length })
  }

  /** @throws {RankerError} BAD_POSITION for one that is missing, negative or no whole number. */
  add(position: number, line: number, seen: string): void {
    if (!Number.isSafeInteger(position) || position < 0) {
      const { file } = this.#files.at(-1)!
      const wanted = 'a whole number from 0'
      throw new RankerError('BAD_POSITION', { file, line, column: this.#column, seen, wanted })
    }
    this.#positions.push(position)
    this.#lines.push(line)
  }

  /**
   * Sorts the rows of each query by position.
   * @param target where each row goes, the rows of a query side by side. @returns the same, sorted.
   * @throws {RankerError} BAD_POSITION when a query has two rows at one position.
   */
  sortRows(sizes: Uint32Array, target: Uint32Array): Uint32Array {
    const bounds = groupBounds(sizes)
    const rowAt = new Uint32Array(target.length)
    for (const [row, place] of target.entries()) rowAt[place] = row
    for (let query = 0; query < sizes.length; query++) {
      const rows = rowAt.subarray(bounds[query], bounds[query + 1])
      rows.sort((a, b) => this.#positions[a]! - this.#positions[b]! || a - b)
      for (let at = 1; at < rows.length; at++) {
        if (this.#positions[rows[at]!] === this.#positions[rows[at - 1]!])
          this.#refuseTwice(rows[at - 1]!, rows[at]!)
      }
    }
    const sorted = new Uint32Array(target.length)
    for (const [place, row] of rowAt.entries()) sorted[row] = place
    return sorted
  }

  #refuseTwice(first: number, second: number): never {
    const other = this.#placeOf(first)
    throw new RankerError('BAD_POSITION', {
      ...this.#placeOf(second),
      column: this.#column,
      seen: String(this.#positions[second]),
      wanted: `a position of its own in its query, and ${other.file} line ${other.line} has that one`,
    })
  }

  #placeOf(row: number): { file: string; line: number } {
    const { file } = this.#files.findLast(({ firstRow }) => firstRow <= row)!
    return { file, line: this.#lines[row]! }
  }
}
