import { RankerError } from '../errors.ts'

/**
 * Scales a vector to length 1, so that the inner product of two is their cosine; a zero vector stays as it is.
 * @param where what the vector belongs to, for errors
 * @throws {RankerError} VECTOR_INVALID.
 */
export function unitVector(vector: ArrayLike<number>, dimensions: number, where: string): Float32Array {
  if (!isList(vector) || vector.length === 0)
    throw new RankerError('VECTOR_INVALID', { where, seen: 'no numbers', wanted: 'a list of numbers' })
  if (vector.length !== dimensions) {
    const [seen, wanted] = [`${vector.length} numbers`, `${dimensions}, as the index has`]
    throw new RankerError('VECTOR_INVALID', { where, seen, wanted })
  }
  let farthest = 0
  for (let index = 0; index < dimensions; index++) {
    const value = vector[index]!
    if (!Number.isFinite(value)) {
      const seen = `${value} at position ${index}`
      throw new RankerError('VECTOR_INVALID', { where, seen, wanted: 'finite numbers' })
    }
    farthest = Math.max(farthest, Math.abs(value))
  }
  if (farthest === 0) return new Float32Array(dimensions)
  // Squares of very large numbers would be infinite, and of very small ones nothing.
  let squares = 0
  for (let index = 0; index < dimensions; index++) squares += (vector[index]! / farthest) ** 2
  const length = Math.sqrt(squares)
  return Float32Array.from(vector, (value) => value / farthest / length)
}

/** Whether it is a list, which may have come from anywhere. */
export const isList = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

/** A list of found positions, nearest first. */
export interface Nearest {
  readonly positions: Int32Array
  readonly scores: Float32Array
}

/**
 * The `k` positions with the greatest inner product with a query, exactly; equal ones in the order of the positions.
 * @param vectors side by side
 * @param positions the ones to look at, ascending
 */
export function nearestAmong(
  vectors: Float32Array,
  query: Float32Array,
  positions: ArrayLike<number>,
  k: number,
): Nearest {
  const width = query.length
  const found = new Int32Array(Math.min(k, positions.length))
  const scores = new Float32Array(found.length)
  let count = 0
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index]!
    const from = position * width
    // Four sums at once: the additions of a single sum would wait for each other.
    let [a, b, c, d] = [0, 0, 0, 0]
    let at = 0
    for (; at + 3 < width; at += 4) {
      a += vectors[from + at]! * query[at]!
      b += vectors[from + at + 1]! * query[at + 1]!
      c += vectors[from + at + 2]! * query[at + 2]!
      d += vectors[from + at + 3]! * query[at + 3]!
    }
    for (; at < width; at++) a += vectors[from + at]! * query[at]!
    const score = Math.fround(a + b + c + d)
    if (count === found.length && (count === 0 || score <= scores[count - 1]!)) continue
    // Insertion from the end: most candidates fail the comparison above.
    let rank = count < found.length ? count++ : count - 1
    for (; rank > 0 && scores[rank - 1]! < score; rank--) {
      scores[rank] = scores[rank - 1]!
      found[rank] = found[rank - 1]!
    }
    scores[rank] = score
    found[rank] = position
  }
  return { positions: found.subarray(0, count), scores: scores.subarray(0, count) }
}
