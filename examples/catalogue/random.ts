/** A seeded stream of random draws. The same seed and stream name give the same draws on every machine. */
export type Random = {
  /** Uniform in [0, 1). */
  next(): number
  /** Standard normal. */
  normal(): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number
  /** One of the list, each as likely. */
  pick<T>(list: readonly T[]): T
  /** One of the list, the first ones likelier: some kinds, brands and sellers are common and most are not. */
  favour<T>(list: readonly T[]): T
}

/** A 32-bit hash of a text: FNV-1a and a final mix, as FNV alone leaves high bits of short words alike. */
export function hash(text: string, seed = 0): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * Opens a named stream of a seed (the sfc32 generator). Each part of the simulation draws from its own
 * stream, so that asking for more queries leaves the lots as they were.
 */
export function createRandom(seed: number, stream: string): Random {
  let a = hash(stream, seed)
  let b = hash(stream, ~seed)
  let c = seed | 0
  let counter = 1

  function next(): number {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return (t >>> 0) / 4294967296
  }
  // The first draws of close seeds are alike until the state has mixed.
  for (let i = 0; i < 12; i++) next()

  function normal(): number {
    // The polar method: no sine or cosine, whose last digit may differ between engines.
    for (;;) {
      const x = next() * 2 - 1
      const y = next() * 2 - 1
      const r = x * x + y * y
      if (r > 0 && r < 1) return x * Math.sqrt((-2 * Math.log(r)) / r)
    }
  }

  const at = <T>(list: readonly T[], u: number): T => list[Math.floor(u * list.length)]!
  return {
    next,
    normal,
    chance: (probability) => next() < probability,
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (list) => at(list, next()),
    favour: (list) => at(list, next() ** 1.5),
  }
}
