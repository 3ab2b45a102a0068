import { setImmediate } from 'node:timers/promises'
import type * as Usearch from 'usearch'
import { RankerError, reasonOf } from '../errors.ts'
import { toBytes, vectorToBytes } from './bytes.ts'
import { type Collection, collect } from './collection.ts'
import { embed } from './embed.ts'
import {
  type Embedder,
  type Hit,
  type IndexedItem,
  type IndexReport,
  type SearchEngine,
  type SearchQuery,
  type TimeOptions,
  timesOf,
} from './engine.ts'
import { isMadeBy, readIndex, type StoredIndex, writeIndex } from './index-folder.ts'
import { checkQuery } from './query.ts'
import { type Nearest, nearestAmong, unitVector } from './vectors.ts'

/**
 * A search looks at a million vectors of 128 numbers in 18 ms, and they are indexed in 40 s. The graph takes that long for
 * some 25,000, and longer than a look at all where a filter leaves few.
 */
const GRAPH_FROM = 1_500_000

/** Nobody is waited for but an embedder of one's own. */
export interface EmbeddedOptions extends TimeOptions {
  /** Makes vectors of texts, of items and queries. @default the built-in one, where items bring no vectors */
  readonly embedder?: Embedder
  /** Length of the vectors. @default 128 for the built-in embedding, else that of the first item's */
  readonly dimensions?: number
  /** Fewer items are all looked at in every search. @default 1500000 */
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
/** At most this part of the items is taken from a graph or by bytes: it would be slow, and miss some. */
const DEEPEST = 10
/** So many times as many as are wanted, and as a filter leaves, are taken to be compared in full. */
const SURPLUS = 2
/** Bytes do where so many searches find this share of what full numbers find. */
const CHECKS = { searches: 32, k: 100, recall: 0.999 }

/**
 * Searches in this process, in a folder of its own: with usearch's graph, which stays on disk and is mapped into
 * memory, or over all vectors if there are few or a filter leaves few. The graph is freed when nothing refers to the
 * engine any more.
 */
export class EmbeddedEngine implements SearchEngine {
  readonly #folder: string
  readonly #options: EmbeddedOptions
  readonly #times: Required<TimeOptions>
  readonly #usearch: typeof Usearch
  #index: OpenIndex | undefined
  #isClosed = false

  private constructor(folder: string, options: EmbeddedOptions, usearch: typeof Usearch) {
    this.#folder = folder
    this.#options = options
    this.#times = timesOf(options)
    this.#usearch = usearch
    this.#index = this.#open()
  }

  /**
   * Opens the index in a folder, or an empty one.
   * @throws {RankerError} INDEX_DAMAGED, QUERY_INVALID for another embedder, BAD_SETTING, PACKAGE_MISSING without usearch.
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
    const { embedder, dimensions, graphFrom = GRAPH_FROM } = this.#options
    const collection = await collect(items, embedder, dimensions, this.#times.indexTimeoutMs)
    const bytes = await this.#makeBytes(collection)
    const graph = collection.ids.length >= graphFrom ? await this.#makeGraph(collection, bytes) : undefined
    writeIndex(this.#folder, collection, { bytes, saveGraph: graph && ((path) => graph.save(path)) })
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
    const matching = stored.fields.matching(query.filters ?? {})
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
    const graph = this.#newGraph(stored.dimensions, stored.bytes !== undefined)
    try {
      graph.view(stored.graph)
    } catch (cause) {
      throw new RankerError('INDEX_DAMAGED', { file: 'graph.usearch', reason: reasonOf(cause) }, { cause })
    }
    return { stored, graph }
  }

  #newGraph(dimensions: number, isOfBytes: boolean): Usearch.Index {
    const { Index, MetricKind, ScalarKind } = this.#usearch
    // Of unit vectors the inner product is the cosine.
    return new Index({
      dimensions,
      metric: MetricKind.IP,
      quantization: isOfBytes ? ScalarKind.I8 : ScalarKind.F32,
      ...GRAPH,
      multi: false,
    })
  }

  /** The vectors in bytes, where these tell the nearest of this catalogue; undefined where they do not, or need not. */
  async #makeBytes({ ids, vectors, dimensions }: Collection): Promise<Int8Array | undefined> {
    if (ids.length <= FEW) return undefined
    const bytes = await toBytes(vectors)
    const { searches, k, recall } = CHECKS
    let found = 0
    for (let search = 0; search < searches; search++) {
      const from = Math.floor((search * ids.length) / searches) * dimensions
      const query = vectors.slice(from, from + dimensions)
      const exact = nearestAmong(vectors, query, this.#scan(vectors, query, k), k)
      const near = nearestAmong(vectors, query, this.#scan(bytes, vectorToBytes(query), SURPLUS * k), k)
      // By score: of equal ones any will do.
      const least = exact.scores[k - 1]!
      found += near.scores.filter((score) => score >= least).length
      await setImmediate()
    }
    return found >= recall * searches * k ? bytes : undefined
  }

  async #makeGraph({ ids, vectors, dimensions }: Collection, bytes?: Int8Array): Promise<Usearch.Index> {
    const graph = this.#newGraph(dimensions, bytes !== undefined)
    const rows = bytes ?? vectors
    for (let from = 0; from < ids.length; from += CHUNK) {
      const to = Math.min(from + CHUNK, ids.length)
      const keys = BigUint64Array.from({ length: to - from }, (_, index) => BigInt(from + index))
      graph.add(keys, rows.slice(from * dimensions, to * dimensions), 0)
      await setImmediate()
    }
    return graph
  }

  async #vectorOf({ vector, text }: SearchQuery, stored: StoredIndex): Promise<Float32Array> {
    if (vector != null) return unitVector(vector, stored.dimensions, 'the search')
    const embedder = stored.textEmbedding ?? this.#options.embedder
    if (embedder === undefined) {
      const wanted = 'a vector, for the items brought theirs and no embedder is known'
      throw new RankerError('QUERY_INVALID', { where: 'text', seen: text, wanted })
    }
    const [made] = await embed(embedder, [text!], this.#times.timeoutMs)
    return unitVector(made!, stored.dimensions, 'the search')
  }

  /** The nearest of the items that match: many are found roughly, and the nearest of these told by all their digits. */
  #nearest(index: OpenIndex, query: Float32Array, k: number, matching?: Uint32Array): Nearest {
    const { stored } = index
    const count = stored.ids.length
    const vectors = stored.vectors()
    const wanted = Math.ceil((SURPLUS * k * count) / (matching?.length ?? count))
    if ((matching === undefined || matching.length > FEW) && wanted * DEEPEST <= count) {
      const found = this.#roughly(index, query, wanted)
      const candidates = matching ? bothIn(matching, found, count) : found
      if (candidates.length >= k) return nearestAmong(vectors, query, candidates, k)
    }
    return nearestAmong(vectors, query, matching ?? this.#scan(vectors, query, k), k)
  }

  /** About the nearest items, ascending by position. */
  #roughly({ stored, graph }: OpenIndex, query: Float32Array, count: number): Uint32Array {
    const point = stored.bytes ? vectorToBytes(query) : query
    return graph
      ? ascending(graph.search(point, count, 1).keys)
      : this.#scan(stored.bytes?.() ?? stored.vectors(), point, count)
  }

  /** The nearest items by a look at all of them, ascending by position. */
  #scan(rows: Float32Array | Int8Array, point: Float32Array | Int8Array, count: number): Uint32Array {
    const { exactSearch, MetricKind } = this.#usearch
    const { keys } = exactSearch(rows, point, point.length, count, MetricKind.IP, 1) as Usearch.Matches
    return ascending(keys)
  }
}

const ascending = (keys: BigUint64Array): Uint32Array => Uint32Array.from(keys, Number).sort()

/** The positions that are in both lists. */
function bothIn(matching: Uint32Array, found: Uint32Array, count: number): Uint32Array {
  const passes = new Uint8Array(count)
  for (const position of matching) passes[position] = 1
  return found.filter((position) => passes[position] === 1)
}

interface OpenIndex {
  readonly stored: StoredIndex
  readonly graph: Usearch.Index | undefined
}
