import { setImmediate } from 'node:timers/promises'
import type * as Usearch from 'usearch'
import { RankerError, reasonOf } from '../errors.ts'
import { type Collection, collect, embedOr } from './collection.ts'
import type { Embedder, Hit, IndexedItem, IndexReport, SearchEngine, SearchQuery } from './engine.ts'
import { isMadeBy, readIndex, type StoredIndex, writeIndex } from './index-folder.ts'
import { checkQuery } from './query.ts'
import { type Nearest, nearestAmong, unitVector } from './vectors.ts'

export interface EmbeddedOptions {
  /** Makes vectors from the texts of items and queries. @default the built-in one, if items bring no vectors */
  readonly embedder?: Embedder
  /** Length of the vectors. @default 128 for the built-in embedding, else that of the first item's */
  readonly dimensions?: number
  /** With fewer items every search looks at all of them, which is exact. @default 200000 */
  readonly graphFrom?: number
}

/**
 * Of the graph (Malkov & Yashunin 2018, doi:10.1109/TPAMI.2018.2889473): what a recall of at least 0.99 at 100 takes.
 */
const GRAPH = { connectivity: 32, expansion_add: 128, expansion_search: 512 }
/** Vectors added in one native call, during which other work has to wait. */
const CHUNK = 500
/** If a filter leaves fewer items than this, all of them are looked at. */
const FEW = 5000
/** The graph is asked for at most one in so many of its items: beyond that it is slow, and misses some. */
const DEEPEST = 10
/** Factor by which more items are taken from the graph before a filter. */
const SURPLUS = 1.5

/**
 * Searches in this process, in a folder of its own: with usearch's graph, which stays on disk and is mapped into
 * memory, or over all vectors if there are few or a filter leaves few. The graph is freed when nothing refers to the
 * engine any more.
 */
export class EmbeddedEngine implements SearchEngine {
  readonly #folder: string
  readonly #options: EmbeddedOptions
  readonly #usearch: typeof Usearch
  #index: OpenIndex | undefined
  #isClosed = false

  private constructor(folder: string, options: EmbeddedOptions, usearch: typeof Usearch) {
    this.#folder = folder
    this.#options = options
    this.#usearch = usearch
    this.#index = this.#open()
  }

  /**
   * Opens the index in a folder, or an empty one.
   * @throws {RankerError} INDEX_DAMAGED, QUERY_INVALID for another embedder, PACKAGE_MISSING without usearch.
   */
  static async open(folder: string, options: EmbeddedOptions = {}): Promise<EmbeddedEngine> {
    const usearch = await import('usearch').catch((cause): never => {
      throw new RankerError('PACKAGE_MISSING', { name: 'usearch', what: 'the embedded index' }, { cause })
    })
    return new EmbeddedEngine(folder, options, usearch)
  }

  /** How many items are indexed. */
  get count(): number {
    return this.#index?.stored.ids.length ?? 0
  }

  async index(items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>): Promise<IndexReport> {
    const started = performance.now()
    const { embedder, dimensions, graphFrom = 200_000 } = this.#options
    const collection = await collect(items, embedder, dimensions)
    const graph = collection.ids.length >= graphFrom ? await this.#makeGraph(collection) : undefined
    writeIndex(this.#folder, collection, graph && ((path) => graph.save(path)))
    this.#index = this.#open()
    return { items: collection.ids.length, seconds: (performance.now() - started) / 1000 }
  }

  async search(query: SearchQuery): Promise<Hit[]> {
    if (this.#isClosed)
      throw new RankerError('SEARCH_FAILED', { engine: 'the index', reason: 'it is closed' })
    const k = checkQuery(query)
    const index = this.#index
    if (index === undefined || index.stored.ids.length === 0) return []
    const { stored } = index
    const matching = stored.fields.matching(query.filters)
    const vector = await this.#vectorOf(query, stored)
    // A text of unknown words has no direction.
    if (vector.every((value) => value === 0)) return []
    const { positions, scores } = this.#nearest(index, vector, Math.min(k, stored.ids.length), matching)
    return Array.from(positions, (position, rank) => ({ id: stored.ids[position]!, score: scores[rank]! }))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#index = undefined
  }

  #open(): OpenIndex | undefined {
    const stored = readIndex(this.#folder)
    if (stored === undefined) return undefined
    const { embedder } = this.#options
    if (embedder && !isMadeBy(stored, embedder)) {
      const wanted = `${stored.embedder}, which made the index`
      throw new RankerError('QUERY_INVALID', { where: 'the embedder', seen: embedder.name, wanted })
    }
    if (stored.graph === undefined) return { stored, graph: undefined }
    const graph = this.#newGraph(stored.dimensions)
    try {
      graph.view(stored.graph)
    } catch (cause) {
      throw new RankerError('INDEX_DAMAGED', { file: 'graph.usearch', reason: reasonOf(cause) }, { cause })
    }
    return { stored, graph }
  }

  #newGraph(dimensions: number): Usearch.Index {
    const { Index, MetricKind, ScalarKind } = this.#usearch
    // Of unit vectors the inner product is the cosine.
    return new Index({
      dimensions,
      metric: MetricKind.IP,
      quantization: ScalarKind.F32,
      ...GRAPH,
      multi: false,
    })
  }

  async #makeGraph({ ids, vectors, dimensions }: Collection): Promise<Usearch.Index> {
    const graph = this.#newGraph(dimensions)
    for (let from = 0; from < ids.length; from += CHUNK) {
      const to = Math.min(from + CHUNK, ids.length)
      const keys = BigUint64Array.from({ length: to - from }, (_, index) => BigInt(from + index))
      graph.add(keys, vectors.slice(from * dimensions, to * dimensions), 0)
      await setImmediate()
    }
    return graph
  }

  async #vectorOf({ vector, text }: SearchQuery, stored: StoredIndex): Promise<Float32Array> {
    if (vector !== undefined) return unitVector(vector, stored.dimensions, 'the search')
    const embedder = stored.textEmbedding ?? this.#options.embedder
    if (embedder === undefined) {
      const wanted = 'a vector, for the items brought theirs and no embedder is known'
      throw new RankerError('QUERY_INVALID', { where: 'text', seen: text, wanted })
    }
    const [made] = await embedOr(embedder, [text!])
    return unitVector(made!, stored.dimensions, 'the search')
  }

  #nearest({ stored, graph }: OpenIndex, query: Float32Array, k: number, matching?: Uint32Array): Nearest {
    const count = stored.ids.length
    if (matching === undefined) {
      return graph && k * DEEPEST <= count
        ? this.#inOrder(graph.search(query, k, 1))
        : this.#exactly(stored.vectors(), query, k)
    }
    const wanted = Math.ceil((SURPLUS * k * count) / matching.length)
    if (graph && matching.length > FEW && wanted * DEEPEST <= count) {
      const found = this.#inOrder(graph.search(query, wanted, 1))
      const passes = new Uint8Array(count)
      for (const position of matching) passes[position] = 1
      const places = Array.from(found.positions, (_, place) => place)
      const kept = places.filter((place) => passes[found.positions[place]!]).slice(0, k)
      if (kept.length === k) {
        return {
          positions: kept.map((place) => found.positions[place]!),
          scores: kept.map((place) => found.scores[place]!),
        }
      }
    }
    return nearestAmong(stored.vectors(), query, matching, k)
  }

  #exactly(vectors: Float32Array, query: Float32Array, k: number): Nearest {
    const { exactSearch, MetricKind } = this.#usearch
    return this.#inOrder(exactSearch(vectors, query, query.length, k, MetricKind.IP, 1) as Usearch.Matches)
  }

  /** Nearest first, equal ones as they were indexed: one request has one answer. */
  #inOrder({ keys, distances }: Usearch.Matches): Nearest {
    const places = Array.from(keys.keys()).sort(
      (a, b) => distances[a]! - distances[b]! || Number(keys[a]!) - Number(keys[b]!),
    )
    return {
      positions: places.map((place) => Number(keys[place]!)),
      scores: places.map((place) => Math.fround(1 - distances[place]!)),
    }
  }
}

interface OpenIndex {
  readonly stored: StoredIndex
  readonly graph: Usearch.Index | undefined
}
