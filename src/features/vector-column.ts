import { type MemoryLimit, RowBuffer, type RowStore } from '../data/dataset/row-store.ts'
import { MOST_DIMENSIONS } from './cells.ts'

/** A column of vectors; the first one decides their length. */
export class VectorColumn {
  readonly #limit: MemoryLimit | undefined
  #buffer: RowBuffer | undefined
  /** Rows before the first vector. */
  #missing = 0

  constructor(limit: MemoryLimit | undefined, dimension: number | undefined) {
    this.#limit = limit
    if (dimension) this.#buffer = new RowBuffer(dimension, limit)
  }

  get dimension(): number {
    return this.#buffer?.width ?? 0
  }

  /** @returns false if its length differs. */
  add(vector: Float32Array | undefined): boolean {
    if (!vector) {
      if (this.#buffer) this.#addMissing(this.#buffer)
      else this.#missing++
      return true
    }
    if (!this.#buffer) {
      if (vector.length > MOST_DIMENSIONS) return false
      this.#buffer = new RowBuffer(vector.length, this.#limit)
      for (let row = 0; row < this.#missing; row++) this.#addMissing(this.#buffer)
    }
    if (vector.length !== this.#buffer.width) return false
    const { block, at } = this.#buffer.extend()
    block.set(vector, at)
    return true
  }

  #addMissing(buffer: RowBuffer): void {
    const { block, at } = buffer.extend()
    block.fill(Number.NaN, at, at + buffer.width)
  }

  finish(order: Uint32Array | undefined): RowStore | undefined {
    const buffer = this.#buffer
    return buffer?.finish(
      Int32Array.from({ length: buffer.width }, (_, at) => at),
      order,
    )
  }

  close(): void {
    this.#buffer?.close()
  }
}
