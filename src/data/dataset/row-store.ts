/** The rows of a dataset, in the order of its queries. */
export interface RowStore {
  readonly rows: number
  readonly width: number
  /** Whether the rows were put on disk for want of memory. */
  readonly onDisk: boolean
  /** Rows `[from, to)`, row-major; valid until the next call. */
  view(from: number, to: number): Float32Array
  close(): void
}

/** Overflow storage for rows that do not fit in memory: float32 values, written in sequence, read anywhere. */
export interface Spill {
  write(values: Float32Array): void
  /** Fills `into` with the values from index `at` on. */
  read(at: number, into: Float32Array): void
  close(): void
}

export interface MemoryLimit {
  /** Bytes of rows that may stay in memory. */
  readonly bytes: number
  readonly openSpill: () => Spill
}

const BLOCK_VALUES = 1 << 20
/** Rows of up to this size are held in one piece, which lets XGBoost take them as one batch without a copy. */
const CONTIGUOUS_BYTES = 1 << 26

/** Rows that are in memory already, row-major. */
export function contiguousRows(values: Float32Array, width: number): RowStore {
  return {
    rows: values.length / width,
    width,
    onDisk: false,
    view: (from, to) => values.subarray(from * width, to * width),
    close() {},
  }
}

/** Some rows of a store, in the order given. The store still belongs to its owner. */
export function selectRows(store: RowStore, rows: Uint32Array): RowStore {
  const { width, onDisk } = store
  let buffer = new Float32Array(0)
  return {
    rows: rows.length,
    width,
    onDisk,
    view(from, to) {
      if (buffer.length < (to - from) * width) buffer = new Float32Array((to - from) * width)
      for (let row = from; row < to; ) {
        let end = row + 1
        while (end < to && rows[end] === rows[end - 1]! + 1) end++
        buffer.set(store.view(rows[row]!, rows[end - 1]! + 1), (row - from) * width)
        row = end
      }
      return buffer.subarray(0, (to - from) * width)
    },
    close() {},
  }
}

/** Collects rows; what exceeds the memory limit goes to disk. */
export class RowBuffer {
  readonly width: number
  rows = 0
  readonly #rowsPerBlock: number
  readonly #limit: MemoryLimit | undefined
  #blocks: Float32Array<ArrayBuffer>[] = []
  #spill: Spill | undefined

  constructor(width: number, limit?: MemoryLimit) {
    this.width = width
    this.#limit = limit
    this.#rowsPerBlock = Math.max(1, Math.floor(BLOCK_VALUES / Math.max(1, width)))
  }

  /** Room for the next row, which the caller fills: `width` values of `block` from `at` on. */
  extend(): { block: Float32Array; at: number } {
    const at = (this.rows % this.#rowsPerBlock) * this.width
    if (at === 0) this.#addBlock()
    this.rows++
    return { block: this.#blocks.at(-1)!, at }
  }

  #addBlock(): void {
    const blockBytes = this.#rowsPerBlock * this.width * 4
    if (this.#spill || (this.#limit && (this.#blocks.length + 1) * blockBytes > this.#limit.bytes)) {
      this.#spill ??= this.#limit!.openSpill()
      for (const block of this.#blocks) this.#spill.write(block)
      this.#blocks = this.#blocks.slice(0, 1)
    }
    // Every value of a row is written, so the one block that is kept can be reused.
    if (!this.#spill || this.#blocks.length === 0) {
      this.#blocks.push(new Float32Array(this.#rowsPerBlock * this.width))
    }
  }

  /**
   * Ends the writing.
   * @param columns those to keep, in order. @param order for each row of the result, the row that was written.
   */
  finish(columns: Int32Array, order: Uint32Array | undefined): RowStore {
    const lastRows = this.rows % this.#rowsPerBlock || this.#rowsPerBlock
    this.#spill?.write(this.#blocks[0]!.subarray(0, lastRows * this.width))
    if (this.#spill) this.#blocks = []
    const store = new OrderedRows(this.rows, columns, order, this.#reader(), this.#spill)
    if (this.#spill || this.rows * columns.length * 4 > CONTIGUOUS_BYTES) return store
    const rows = new Float32Array(this.rows * columns.length)
    for (const [index, block] of this.#blocks.entries()) {
      const from = index * this.#rowsPerBlock
      rows.set(store.view(from, Math.min(from + this.#rowsPerBlock, this.rows)), from * columns.length)
      if (!order) release(block)
    }
    if (order) for (const block of this.#blocks) release(block)
    this.#blocks = []
    return contiguousRows(rows, columns.length)
  }

  /** Discards what was written. */
  close(): void {
    this.#blocks = []
    this.#spill?.close()
  }

  #reader(): RawRows {
    const { width } = this
    const blocks = this.#blocks
    const rowsPerBlock = this.#rowsPerBlock
    const spill = this.#spill
    if (!spill) {
      return {
        width,
        read: (row, most) => {
          const at = row % rowsPerBlock
          const count = Math.min(most, rowsPerBlock - at)
          return blocks[(row - at) / rowsPerBlock]!.subarray(at * width, (at + count) * width)
        },
      }
    }
    const scratch = new Float32Array(rowsPerBlock * width)
    return {
      width,
      read: (row, most) => {
        const values = scratch.subarray(0, Math.min(most, rowsPerBlock) * width)
        spill.read(row * width, values)
        return values
      },
    }
  }
}

/** Frees memory at once instead of at the next collection: the rows would be in memory twice. */
function release(block: Float32Array<ArrayBuffer>): void {
  block.buffer.transfer(0)
}

/** Rows as they were written. */
interface RawRows {
  readonly width: number
  /** The row and up to `most - 1` of those after it, as far as they lie in one piece. */
  read(row: number, most: number): Float32Array
}

/** Rows in another order than they were written in, and without some columns. */
class OrderedRows implements RowStore {
  readonly rows: number
  readonly width: number
  readonly onDisk: boolean
  readonly #columns: Int32Array
  readonly #order: Uint32Array | undefined
  readonly #raw: RawRows
  readonly #spill: Spill | undefined
  #buffer = new Float32Array(0)

  constructor(
    rows: number,
    columns: Int32Array,
    order: Uint32Array | undefined,
    raw: RawRows,
    spill: Spill | undefined,
  ) {
    this.rows = rows
    this.width = columns.length
    this.onDisk = spill !== undefined
    this.#columns = columns
    this.#order = order
    this.#raw = raw
    this.#spill = spill
  }

  view(from: number, to: number): Float32Array {
    const length = (to - from) * this.width
    if (this.#buffer.length < length) this.#buffer = new Float32Array(length)
    const into = this.#buffer.subarray(0, length)
    for (let row = from, at = 0; row < to; ) {
      const run = this.#runFrom(row, to)
      const values = this.#raw.read(this.#order ? this.#order[row]! : row, run)
      at = this.#copy(values, into, at)
      row += values.length / this.#raw.width
    }
    return into
  }

  /** How many rows from this one on were written one after the other. */
  #runFrom(row: number, to: number): number {
    const order = this.#order
    if (!order) return to - row
    let end = row + 1
    while (end < to && order[end] === order[end - 1]! + 1) end++
    return end - row
  }

  #copy(values: Float32Array, into: Float32Array, at: number): number {
    const columns = this.#columns
    const { width } = this.#raw
    if (columns.length === width) {
      into.set(values, at)
      return at + values.length
    }
    let to = at
    for (let row = 0; row < values.length; row += width) {
      for (let column = 0; column < columns.length; column++) into[to++] = values[row + columns[column]!]!
    }
    return to
  }

  close(): void {
    this.#buffer = new Float32Array(0)
    this.#spill?.close()
  }
}
