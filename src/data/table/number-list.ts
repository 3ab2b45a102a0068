type Numbers = Float32Array | Uint32Array

/** A list of numbers that grows by blocks: no value is copied until the list is read whole. */
export class NumberList<A extends Numbers> {
  length = 0
  readonly #Kind: new (
    length: number,
  ) => A
  readonly #blocks: A[] = []
  #block: A
  #at = 0

  constructor(Kind: new (length: number) => A, blockLength = 1 << 16) {
    this.#Kind = Kind
    this.#block = new Kind(blockLength)
  }

  push(value: number): void {
    if (this.#at === this.#block.length) {
      this.#blocks.push(this.#block)
      this.#block = new this.#Kind(this.#block.length)
      this.#at = 0
    }
    this.#block[this.#at++] = value
    this.length++
  }

  /** All values, as one array. */
  toArray(): A {
    const values = new this.#Kind(this.length)
    let at = 0
    for (const block of this.#blocks) {
      values.set(block, at)
      at += block.length
    }
    values.set(this.#block.subarray(0, this.#at) as A, at)
    return values
  }
}
