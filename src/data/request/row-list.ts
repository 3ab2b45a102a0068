import { RankerError } from '../../errors.ts'
import type { SparseRow } from '../row.ts'
import type { RequestOptions } from './output-keys.ts'

/** Rows in feature order: the result of every row format. */
export interface Rows extends RequestOptions {
  readonly kind: 'rows'
  /** float32, row after row, `count * width` of them; NaN is a missing value. */
  readonly values: Float32Array
  readonly count: number
  /** Features a row has. */
  readonly width: number
  /** Names of unknown columns and fields. */
  readonly ignored: readonly string[]
}

/**
 * Most values that a body may become, 256 MiB of them: missing values take no room in a body, so a small one could
 * fill the memory.
 */
const MOST_CELLS = 2 ** 26

/** Whether so many rows are allowed. */
export function mayHold(rows: number, width: number): boolean {
  return rows * width <= MOST_CELLS
}

/** @throws {RankerError} TOO_MANY_CELLS. */
export function checkCells(rows: number, width: number): void {
  if (!mayHold(rows, width))
    throw new RankerError('TOO_MANY_CELLS', { rows, width, most: Math.floor(MOST_CELLS / width) })
}

/** Rows of a body, whose number is known only at its end. */
export class RowList {
  values: Float32Array
  count = 0
  readonly #width: number

  /** @param cells how many values to expect; a wrong guess costs a copy. */
  constructor(width: number, cells: number) {
    this.#width = width
    this.values = new Float32Array(Math.max(width, Math.min(cells, MOST_CELLS)))
  }

  /** Makes room for a row and returns where it starts in `values`. @throws {RankerError} TOO_MANY_CELLS. */
  add(): number {
    const at = this.count++ * this.#width
    if (at + this.#width > this.values.length) {
      checkCells(this.count, this.#width)
      // A body that goes on past the limit is checked again here.
      const cells = Math.max(Math.min(2 * this.values.length, MOST_CELLS), at + this.#width)
      const grown = new Float32Array(cells)
      grown.set(this.values)
      this.values = grown
    }
    return at
  }

  /**
   * Adds a row of a format whose columns are numbered; those it leaves out are missing.
   * @param base number of the first column, for errors.
   * @throws {RankerError} INDEX_PAST_WIDTH, TOO_MANY_CELLS.
   */
  addSparse({ indices, values, count, width, line }: SparseRow, base: 0 | 1): void {
    if (width > this.#width) {
      throw new RankerError('INDEX_PAST_WIDTH', {
        row: line,
        index: width - 1 + base,
        base,
        width: this.#width,
      })
    }
    const at = this.add()
    this.values.fill(Number.NaN, at, at + this.#width)
    for (let cell = 0; cell < count; cell++) this.values[at + indices[cell]!] = values[cell]!
  }

  /** @throws {RankerError} BODY_EMPTY. */
  finish(ignored: readonly string[] = []): Rows {
    if (this.count === 0) throw new RankerError('BODY_EMPTY', {})
    const length = this.count * this.#width
    return {
      kind: 'rows',
      values: this.values.subarray(0, length),
      count: this.count,
      width: this.#width,
      ignored,
    }
  }
}
