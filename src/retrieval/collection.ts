import { RankerError, show } from '../errors.ts'
import { EMBEDDED_AT_ONCE, embed } from './embed.ts'
import type { Embedder, IndexedItem } from './engine.ts'
import { type FieldTable, FieldTableBuilder } from './field-table.ts'
import { checkItem } from './query.ts'
import { TextEmbedding } from './text-embedding.ts'
import { inTurns } from './turns.ts'
import { unitVector } from './vectors.ts'

/** The items of an index, complete. */
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
 * Collects items, checks them, and makes the vectors that they do not bring: by the embedder, else by the built-in one,
 * fitted to their texts.
 * @param timeoutMs of each call of the embedder
 * @throws {RankerError} ITEM_INVALID, VECTOR_INVALID, or what the embedder throws.
 */
export async function collect(
  items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>,
  given: Embedder | undefined,
  dimensions: number | undefined,
  timeoutMs: number,
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
    const hasOwn = item.vector != null
    if (positions.size > 0 && hasOwn !== own.length > 0) {
      const seen = hasOwn ? 'with a vector' : 'without one'
      throw new RankerError('ITEM_INVALID', { where, seen, wanted: 'vectors of all items, or of none' })
    }
    if (hasOwn) own.push(unitVector(item.vector!, dimensions ?? own[0]?.length ?? item.vector!.length, where))
    else texts.push(item.text!)
    positions.add(id)
    fields.add(id, item.fields ?? {})
  }
  const ids = [...positions]
  if (own.length > 0) {
    const width = own[0]!.length
    const vectors = new Float32Array(ids.length * width)
    for (const [position, vector] of own.entries()) vectors.set(vector, position * width)
    return { ids, vectors, dimensions: width, fields: fields.build(), embedder: given }
  }
  const embedder = given ?? (await TextEmbedding.fit(texts, { ...(dimensions && { dimensions }) }))
  const vectors = await embedAll(ids, texts, embedder, timeoutMs)
  return { ids, vectors, dimensions: embedder.dimensions, fields: fields.build(), embedder }
}

async function embedAll(
  ids: readonly string[],
  texts: readonly string[],
  embedder: Embedder,
  timeoutMs: number,
): Promise<Float32Array> {
  const width = embedder.dimensions
  const vectors = new Float32Array(texts.length * width)
  const set = (vector: ArrayLike<number>, position: number) =>
    vectors.set(unitVector(vector, width, `item ${show(ids[position])}`), position * width)
  if (embedder instanceof TextEmbedding) {
    await inTurns(texts, (text, position) => set(embedder.vectorOf(text), position))
    return vectors
  }
  for (let from = 0; from < texts.length; from += EMBEDDED_AT_ONCE) {
    const made = await embed(embedder, texts.slice(from, from + EMBEDDED_AT_ONCE), timeoutMs)
    for (const [index, vector] of made.entries()) set(vector, from + index)
  }
  return vectors
}
