import { RankerError } from '../errors.ts'
import type { Embedder } from './engine.ts'
import { RangeFinder, type SparseRow } from './projection.ts'
import { inTurns } from './turns.ts'
import { eachPiece } from './words.ts'

/** Buckets in which pieces are counted: two pieces in one bucket count as the same. */
const BUCKETS = 2 ** 16
/** `RTE1` in the bytes of a file. */
const MAGIC = 0x31455452
const HEAD = 16

/** What was learnt about a catalogue's words, for later queries. */
export interface FittedText {
  readonly dimensions: number
  readonly texts: number
  /** The non-empty buckets, ascending. */
  readonly buckets: Uint32Array
  /** In how many texts a piece of each of these buckets occurs. */
  readonly frequencies: Uint32Array
  /** `dimensions` numbers for each of them. */
  readonly projection: Float32Array
}

/**
 * A text embedding that needs no download: TF-IDF weights of hashed words, word pairs and letter trigrams, projected
 * on the directions that a randomised range finder sees in the catalogue itself. Words with the same context come
 * together; a learned embedding behind the same interface knows more of the world.
 */
export class TextEmbedding implements Embedder {
  readonly name: string
  readonly dimensions: number
  readonly fitted: FittedText
  readonly #rows: Rows

  constructor(fitted: FittedText) {
    this.name = `text-${fitted.dimensions}`
    this.dimensions = fitted.dimensions
    this.fitted = fitted
    this.#rows = new Rows(fitted)
  }

  /** Learns how rare each piece is, then in which contexts it occurs: two passes over the texts. */
  static async fit(texts: readonly string[], { dimensions = 128 } = {}): Promise<TextEmbedding> {
    const counts = new Uint32Array(BUCKETS)
    const last = new Int32Array(BUCKETS).fill(-1)
    await inTurns(texts, (text, index) =>
      eachPiece(text, (hash) => {
        const bucket = hash % BUCKETS
        if (last[bucket] === index) return
        last[bucket] = index
        counts[bucket]!++
      }),
    )
    const buckets = Uint32Array.from(counts.keys()).filter((bucket) => counts[bucket]! > 0)
    const known = { texts: texts.length, buckets, frequencies: counts.filter((count) => count > 0) }
    const rows = new Rows(known)
    const finder = new RangeFinder(buckets.length, dimensions)
    await inTurns(texts, (text) => finder.add(rows.rowOf(text)))
    return new TextEmbedding({ ...known, dimensions, projection: finder.basis() })
  }

  /** What was fitted, for a later process that searches with it. */
  toBytes(): Uint8Array {
    const { dimensions, texts, buckets, frequencies, projection } = this.fitted
    const head = Uint32Array.of(MAGIC, dimensions, texts, buckets.length)
    const parts = [head, buckets, frequencies, projection]
    return Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)))
  }

  /** @throws {RankerError} INDEX_DAMAGED. @param file its name, for errors */
  static fromBytes(bytes: Uint8Array, file: string): TextEmbedding {
    const damaged = () => new RankerError('INDEX_DAMAGED', { file, reason: 'it is no whole text embedding' })
    if (bytes.length < HEAD || bytes.length % 4 !== 0) throw damaged()
    // A copy: numbers must start at a multiple of their size.
    const { buffer } = new Uint8Array(bytes)
    const [magic, dimensions = 0, texts = 0, count = 0] = new Uint32Array(buffer, 0, HEAD / 4)
    if (magic !== MAGIC || dimensions === 0 || bytes.length !== HEAD + 4 * count * (2 + dimensions))
      throw damaged()
    return new TextEmbedding({
      dimensions,
      texts,
      buckets: new Uint32Array(buffer, HEAD, count),
      frequencies: new Uint32Array(buffer, HEAD + 4 * count, count),
      projection: new Float32Array(buffer, HEAD + 8 * count),
    })
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return texts.map((text) => this.vectorOf(text))
  }

  /** Zero for a text of unknown pieces. */
  vectorOf(text: string): Float32Array {
    const { dimensions, projection } = this.fitted
    const { columns, values, count } = this.#rows.rowOf(text)
    const vector = new Float32Array(dimensions)
    for (let index = 0; index < count; index++) {
      const from = columns[index]! * dimensions
      const value = values[index]!
      for (let at = 0; at < dimensions; at++) vector[at]! += value * projection[from + at]!
    }
    return vector
  }
}

/** Makes sparse rows of TF-IDF weights, a column for each known bucket; a row is valid until the next one is made. */
class Rows {
  readonly #weights: Float32Array
  /** The column of each bucket, from 1; 0 where it is not known. */
  readonly #columnOf = new Uint32Array(BUCKETS)
  /** The index of a column in the current row, from 1. */
  readonly #places: Uint32Array
  readonly #columns: Uint32Array
  readonly #values: Float32Array

  constructor({ buckets, frequencies, texts }: Pick<FittedText, 'buckets' | 'frequencies' | 'texts'>) {
    // Smooth inverse document frequency: a piece that every text has counts as 1.
    this.#weights = Float32Array.from(frequencies, (count) => 1 + Math.log((1 + texts) / (1 + count)))
    for (const [column, bucket] of buckets.entries()) this.#columnOf[bucket] = column + 1
    this.#places = new Uint32Array(buckets.length)
    this.#columns = new Uint32Array(buckets.length)
    this.#values = new Float32Array(buckets.length)
  }

  rowOf(text: string): SparseRow {
    const [places, columns, values] = [this.#places, this.#columns, this.#values]
    let count = 0
    eachPiece(text, (hash, weight) => {
      const column = this.#columnOf[hash % BUCKETS]! - 1
      if (column < 0) return
      if (places[column] === 0) {
        columns[count] = column
        values[count] = 0
        places[column] = ++count
      }
      values[places[column]! - 1]! += weight
    })
    let squares = 0
    for (let index = 0; index < count; index++) {
      const column = columns[index]!
      places[column] = 0
      // Each repetition adds less.
      const times = values[index]!
      const value = (times > 1 ? 1 + Math.log(times) : times) * this.#weights[column]!
      values[index] = value
      squares += value * value
    }
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
    for (let index = 0; index < count; index++) values[index]! *= scale
    return { columns, values, count }
  }
}
