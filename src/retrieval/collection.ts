import { RankerError, show } from '../errors.ts'
import type { Embedder, IndexedItem } from './engine.ts'
import { type FieldTable, FieldTableBuilder } from './field-table.ts'
import { checkItem } from './query.ts'
import { TextEmbedding } from './text-embedding.ts'
import { inTurns } from './turns.ts'
import { unitVector } from './vectors.ts'

/** Texts that go to an embedder at once. */
const BATCH = 64

/** All the items of an index. */
export interface Collection {
  readonly ids: readonly string[]
  /** Unit vectors side by side. */
  readonly vectors: Float32Array
  readonly dimensions: number
  readonly fields: FieldTable
  /** What made the vectors of texts; undefined if items brought their own vectors and no embedder is known. */
  readonly embedder: Embedder | undefined
}

/**
 * Collects and checks items, and makes the vectors they do not bring: by the embedder, or by the built-in one, fitted
 * to their texts.
 * @throws {RankerError} ITEM_INVALID, VECTOR_INVALID, or what the embedder throws.
 */
export async function collect(
  items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>,
  given: Embedder | undefined,
  dimensions: number | undefined,
): Promise<Collection> {
  const positions = new Set<string>()
  const fields = new FieldTableBuilder()
  const texts: string[] = []
  const own: Float32Array[] = []
  for await (const item of items) {
    checkItem(item, positions.size + 1)
    const { id } = item
    const where = `item ${show(id)}`
    if (positions.has(id))
      throw new RankerError('ITEM_INVALID', { where, seen: 'there twice', wanted: 'each id once' })
    const hasOwn = item.vector !== undefined
    if (positions.size > 0 && hasOwn !== own.length > 0) {
      const seen = hasOwn ? 'with a vector' : 'without one'
      throw new RankerError('ITEM_INVALID', { where, seen, wanted: 'vectors of all items, or of none' })
    }
    if (hasOwn) own.push(unitVector(item.vector!, dimensions ?? own[0]?.length ?? item.vector!.length, where))
    else texts.push(item.text!)
    positions.add(id)
    fields.add(id, item.fields)
  }
  const ids = [...positions]
  if (own.length > 0) {
    const width = own[0]!.length
    const vectors = new Float32Array(ids.length * width)
    for (const [position, vector] of own.entries()) vectors.set(vector, position * width)
    return { ids, vectors, dimensions: width, fields: fields.build(), embedder: given }
  }
  const embedder = given ?? (await TextEmbedding.fit(texts, { ...(dimensions && { dimensions }) }))
  const vectors = await embedAll(ids, texts, embedder)
  return { ids, vectors, dimensions: embedder.dimensions, fields: fields.build(), embedder }
}

async function embedAll(
  ids: readonly string[],
  texts: readonly string[],
  embedder: Embedder,
): Promise<Float32Array> {
  const width = embedder.dimensions
  const vectors = new Float32Array(texts.length * width)
  const set = (vector: ArrayLike<number>, position: number) =>
    vectors.set(unitVector(vector, width, `item ${show(ids[position])}`), position * width)
  if (embedder instanceof TextEmbedding) {
    await inTurns(texts, (text, position) => set(embedder.vectorOf(text), position))
    return vectors
  }
  for (let from = 0; from < texts.length; from += BATCH) {
    const made = await embedOr(embedder, texts.slice(from, from + BATCH))
    for (const [index, vector] of made.entries()) set(vector, from + index)
  }
  return vectors
}

/**
 * One vector a text. @throws {RankerError} SEARCH_FAILED when the embedder fails or returns another number of
 * vectors.
 */
export async function embedOr(
  embedder: Embedder,
  texts: readonly string[],
): Promise<readonly ArrayLike<number>[]> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new RankerError('SEARCH_FAILED', { engine: `the embedder ${embedder.name}`, reason }, { cause })
  }
  const made = await embedder
    .embed(texts)
    .catch((cause: unknown) => fail(String((cause as Error)?.message ?? cause), cause))
  return made.length === texts.length
    ? made
    : fail(`it gave ${made.length} vectors for ${texts.length} texts`)
}
