import { mix32 } from '../data/hash.ts'

/** Number of nonzero entries in a bucket's random direction. */
const NONZERO = 8
/** A direction in which the texts hardly vary is dropped rather than amplified. */
const LEAST = 1e-9

/** A row of a large sparse matrix. */
export interface SparseRow {
  readonly columns: Uint32Array
  readonly values: Float32Array
  readonly count: number
}

/**
 * Finds the few directions that hold most of a large sparse matrix, in one pass over its rows: the randomised range
 * finder with one power iteration (Halko, Martinsson & Tropp 2011, doi:10.1137/090771806, section 4). With TF-IDF
 * weights as rows this is latent semantic analysis, which brings together words that occur in the same context.
 */
export class RangeFinder {
  readonly #dimensions: number
  readonly #sums: Float64Array
  readonly #sketch: Float64Array

  constructor(columns: number, dimensions: number) {
    this.#dimensions = dimensions
    this.#sums = new Float64Array(columns * dimensions)
    this.#sketch = new Float64Array(dimensions)
  }

  /** Adds rowᵀ · (row · Ω), where Ω is random and never stored: a column's direction follows from its number. */
  add({ columns, values, count }: SparseRow): void {
    const width = this.#dimensions
    const [sketch, sums] = [this.#sketch, this.#sums]
    sketch.fill(0)
    for (let index = 0; index < count; index++) {
      for (let one = 1; one <= NONZERO; one++) {
        const random = mix32(columns[index]! + Math.imul(one, 0x9e3779b9))
        sketch[(random >>> 1) % width]! += random & 1 ? values[index]! : -values[index]!
      }
    }
    for (let index = 0; index < count; index++) {
      const from = columns[index]! * width
      const value = values[index]!
      for (let at = 0; at < width; at++) sums[from + at]! += value * sketch[at]!
    }
  }

  /** An orthonormal basis of what was added: one row of `dimensions` numbers a column. By Cholesky of the Gram matrix. */
  basis(): Float32Array {
    const width = this.#dimensions
    const sums = this.#sums
    const lower = choleskyOf(gramOf(sums, width), width)
    const basis = new Float32Array(sums.length)
    const row = new Float64Array(width)
    for (let from = 0; from < sums.length; from += width) {
      for (let at = 0; at < width; at++) {
        let sum = sums[from + at]!
        for (let before = 0; before < at; before++) sum -= lower[at * width + before]! * row[before]!
        const pivot = lower[at * width + at]!
        row[at] = pivot > 0 ? sum / pivot : 0
      }
      basis.set(row, from)
    }
    return basis
  }
}

function gramOf(rows: Float64Array, width: number): Float64Array {
  const gram = new Float64Array(width * width)
  for (let from = 0; from < rows.length; from += width) {
    for (let a = 0; a < width; a++) {
      const value = rows[from + a]!
      for (let b = 0; b <= a; b++) gram[a * width + b]! += value * rows[from + b]!
    }
  }
  return gram
}

/** The lower triangle L with L · Lᵀ = gram; a vanishing pivot becomes 0. */
function choleskyOf(gram: Float64Array, width: number): Float64Array {
  const lower = new Float64Array(width * width)
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = gram[a * width + b]!
      for (let at = 0; at < b; at++) sum -= lower[a * width + at]! * lower[b * width + at]!
      const pivot = lower[b * width + b]!
      if (a === b) lower[a * width + a] = sum > LEAST * gram[a * width + a]! ? Math.sqrt(sum) : 0
      else lower[a * width + b] = pivot > 0 ? sum / pivot : 0
    }
  }
  return lower
}
