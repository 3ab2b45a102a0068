/** A list of float32 that grows by blocks: no value is copied until the list is read whole. */
export class Float32List {
  length = 0
  readonly #blocks: Float32Array[] = []
  readonly #blockLength: number

  /** @param width values that are always appended together, so that a row never crosses a block. */
  constructor(width = 1) {
    this.#blockLength = Math.max(1, Math.floor((1 << 20) / width)) * width
  }

  /** Room for the next `count` values, which the caller fills; `count` is the list's width. */
  extend(count: number): { block: Float32Array; at: number } {
    const at = this.length % this.#blockLength
    if (at === 0) this.#blocks.push(new Float32Array(this.#blockLength))
    this.length += count
    return { block: this.#blocks.at(-1)!, at }
  }

  push(value: number): void {
    const { block, at } = this.extend(1)
    block[at] = value
  }

  /** Hands out the blocks in order, each freed once it was seen. */
  *drain(): Generator<Float32Array> {
    let left = this.length
    this.length = 0
    while (this.#blocks.length > 0) {
      const block = this.#blocks.shift()!
      yield left < block.length ? block.subarray(0, left) : block
      left -= block.length
    }
  }
}
