/** A small seeded generator of numbers in [0, 1): Tommy Ettinger's mulberry32. */
export function seededRandom(seed: number): () => number {
  // Signed: V8 keeps unsigned 32-bit numbers on the heap, which would allocate one a call.
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The numbers from 0 to `count - 1` in a random order (Fisher & Yates), the same for the same seed. */
export function shuffled(count: number, seed: number): Uint32Array {
  const random = seededRandom(seed)
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const swapped = order[last]!
    order[last] = order[other]!
    order[other] = swapped
  }
  return order
}
