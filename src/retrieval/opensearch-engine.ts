import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, ClientOptions } from '@opensearch-project/opensearch'
import { RankerError, reasonOf, show } from '../errors.ts'
import { EMBEDDED_AT_ONCE, embed } from './embed.ts'
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
import { fuse } from './fusion.ts'
import { BulkWriter } from './opensearch-bulk.ts'
import { type Call, callInTime, openSearchFailure } from './opensearch-call.ts'
import { documentOf, filterClauses, ID, indexBody, textSearch, vectorSearch } from './opensearch-requests.ts'
import { checkItem, checkQuery } from './query.ts'
import { unitVector } from './vectors.ts'

/** The time of a search holds for all that it asks, an embedder too. */
export interface OpenSearchOptions extends TimeOptions {
  /**
   * The address of a node, or the client's own options: AWS's signer, TLS, several nodes. They are not typed by the
   * client's package, so that a service without OpenSearch compiles without it.
   */
  readonly node: string | object
  /** The name that is searched: an alias of the index from the last complete run. Each run makes a new index. */
  readonly alias: string
  /**
   * Makes vectors from the texts of queries, and of items without their own. Without it, texts are searched by words
   * alone.
   */
  readonly embedder?: Embedder
  /** Settings of an index, such as number_of_shards and number_of_replicas. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** So long an index that was replaced stays, for searches that began in it. */
const GRACE_MS = 1000

/** The parts of the client's errors that are looked at. */
interface ClientError {
  readonly body?: {
    readonly error?: {
      readonly root_cause?: readonly { readonly reason?: string }[]
      readonly reason?: string
    }
  }
}

/**
 * Searches in OpenSearch: by vector (k-NN of the Lucene engine), by words (BM25), or by both, fused by reciprocal
 * rank. Every call has a time limit, and nothing is retried behind the caller's back.
 */
export class OpenSearchEngine implements SearchEngine {
  readonly #client: Client
  readonly #options: OpenSearchOptions
  readonly #times: Required<TimeOptions>
  #fields: ReadonlySet<string> | undefined

  private constructor(client: Client, options: OpenSearchOptions, times: Required<TimeOptions>) {
    this.#client = client
    this.#options = options
    this.#times = times
  }

  /**
   * Connects when it is first used.
   * @throws {RankerError} BAD_SETTING, PACKAGE_MISSING without @opensearch-project/opensearch.
   */
  static async open(options: OpenSearchOptions): Promise<OpenSearchEngine> {
    const times = timesOf(options)
    const name = '@opensearch-project/opensearch'
    const { Client } = await import('@opensearch-project/opensearch').catch((cause): never => {
      throw new RankerError('PACKAGE_MISSING', { name, what: 'OpenSearch' }, { cause })
    })
    // The engine's own times come first.
    const requestTimeout = Math.min(2 * Math.max(times.timeoutMs, times.indexTimeoutMs), 2 ** 31 - 1)
    const given: ClientOptions = typeof options.node === 'string' ? { node: options.node } : options.node
    return new OpenSearchEngine(new Client({ maxRetries: 0, requestTimeout, ...given }), options, times)
  }

  async index(items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>): Promise<IndexReport> {
    const started = performance.now()
    const { alias } = this.#options
    const name = `${alias}-${Date.now().toString(36)}-${randomUUID().slice(0, 8)}`
    return this.#guard(async () => {
      const { indices } = this.#client
      let before: string[]
      let count: number
      try {
        count = await this.#fill(name, items)
        const body = { index: { refresh_interval: null } } as never
        await this.#indexing(indices.putSettings({ index: name, body }))
        await this.#indexing(indices.refresh({ index: name }))
        before = await this.#indicesBehind(alias)
        const actions = [
          ...before.map((index) => ({ remove: { index, alias } })),
          { add: { index: name, alias } },
        ]
        await this.#indexing(indices.updateAliases({ body: { actions } as never }))
      } catch (thrown) {
        // Nobody searches a half-filled index, and a failed removal matters less than what led to it. The index stays
        // if the alias has it already, or may have it: a swap without an answer may still have been made.
        const live = await this.#indicesBehind(alias).catch(() => [name])
        if (!live.includes(name)) await this.#remove([name])
        throw thrown
      }
      this.#fields = undefined
      if (before.length > 0) {
        await delay(GRACE_MS)
        await this.#remove(before)
      }
      return { items: count, seconds: (performance.now() - started) / 1000 }
    })
  }

  /** Removes indices that nobody searches; one that cannot be removed does no harm. */
  async #remove(names: readonly string[]): Promise<void> {
    const request = { index: names.join(','), ignore_unavailable: true }
    await this.#indexing(this.#client.indices.delete(request)).catch(() => {})
  }

  async search(query: SearchQuery): Promise<Hit[]> {
    const k = checkQuery(query)
    const filters = query.filters ?? {}
    const clauses = filterClauses(filters)
    const deadline = performance.now() + this.#times.timeoutMs
    const vector = await this.#vectorOf(query)
    return this.#guard(async () => {
      await this.#checkFields(Object.keys(filters), deadline)
      const timeout = `${Math.ceil(leftUntil(deadline))}ms`
      const searches = [
        ...(vector?.some((value) => value !== 0) ? [vectorSearch(vector, k, clauses, timeout)] : []),
        ...(query.text ? [textSearch(query.text, k, clauses, timeout)] : []),
      ]
      if (searches.length === 0) return []
      const lists = await this.#multiSearch(searches, deadline)
      return lists.length === 1 ? lists[0]! : fuse(lists, k)
    })
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  #indexing<T>(call: Call<T>): Promise<T> {
    return callInTime(call, this.#times.indexTimeoutMs)
  }

  /** Creates the index at the first item, which tells whether there are vectors. @returns how many items there are */
  async #fill(name: string, items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>): Promise<number> {
    const { embedder, settings = {} } = this.#options
    const create = (dimensions: number | undefined) => {
      const body = indexBody(dimensions, settings) as never
      return this.#indexing(this.#client.indices.create({ index: name, body }))
    }
    const writer = new BulkWriter(this.#client, name, this.#times.indexTimeoutMs)
    let dimensions: number | undefined
    let number = 0
    let batch: IndexedItem[] = []
    const flush = async () => {
      const vectors = await this.#vectorsOf(batch, dimensions)
      for (const [position, item] of batch.entries())
        await writer.add(item.id, documentOf(item, vectors[position]))
      batch = []
    }
    try {
      for await (const item of items) {
        checkItem(item, ++number)
        if (number === 1) {
          dimensions = item.vector?.length ?? embedder?.dimensions
          await create(dimensions)
        }
        batch.push(item)
        if (batch.length === EMBEDDED_AT_ONCE) await flush()
      }
      if (number === 0) {
        await create(undefined)
        return 0
      }
      await flush()
      await writer.end()
    } finally {
      await writer.settled()
    }
    await this.#checkCount(name, writer)
    return writer.count
  }

  /** An id that occurs twice overwrites itself: there are fewer documents than were sent. */
  async #checkCount(name: string, { count }: BulkWriter): Promise<void> {
    await this.#indexing(this.#client.indices.refresh({ index: name }))
    const { body } = await this.#indexing(this.#client.count({ index: name }))
    if (body.count === count) return
    const seen = `${count} with ${body.count} ids`
    throw new RankerError('ITEM_INVALID', { where: 'the list of items', seen, wanted: 'each id once' })
  }

  async #vectorsOf(
    items: readonly IndexedItem[],
    dimensions: number | undefined,
  ): Promise<(Float32Array | undefined)[]> {
    if (dimensions === undefined) return []
    const where = (item: IndexedItem) => `item ${show(item.id)}`
    const without = items.filter(({ vector }) => vector == null)
    const { embedder } = this.#options
    if (without.length > 0 && !embedder) {
      const wanted = 'vectors of all items, or of none'
      throw new RankerError('ITEM_INVALID', { where: where(without[0]!), seen: 'without one', wanted })
    }
    const made =
      without.length > 0
        ? await embed(
            embedder!,
            without.map(({ text }) => text!),
            this.#times.indexTimeoutMs,
          )
        : []
    const byItem = new Map(without.map((item, index) => [item, made[index]!]))
    return items.map((item) => unitVector(item.vector ?? byItem.get(item)!, dimensions, where(item)))
  }

  async #vectorOf({ vector, text }: SearchQuery): Promise<Float32Array | undefined> {
    if (vector != null) return unitVector(vector, vector.length, 'the search')
    const { embedder } = this.#options
    if (embedder === undefined) return undefined
    const [made] = await embed(embedder, [text!], this.#times.timeoutMs)
    return unitVector(made!, embedder.dimensions, 'the search')
  }

  async #multiSearch(searches: readonly object[], deadline: number): Promise<Hit[][]> {
    const { alias } = this.#options
    const lines = searches.flatMap((search) => [{ index: alias }, search])
    const call = this.#client.msearch({ body: lines as never })
    const { body } = await callInTime(call, leftUntil(deadline))
    const answers = (body as { responses?: unknown })?.responses
    if (!Array.isArray(answers) || answers.length !== searches.length || !answers.every(isAnswer))
      throw openSearchFailure(`its answer is not of the ${searches.length} searches that were sent`)
    return answers.map((answer): Hit[] => {
      if (answer.error !== undefined) {
        const { status, error } = answer
        if (status === 404) return []
        throw openSearchFailure(error.root_cause?.[0]?.reason ?? error.reason ?? `status ${status}`)
      }
      if (answer.timed_out) throw openSearchFailure(`no complete answer within ${this.#times.timeoutMs} ms`)
      // The node gives what the others found, and a part of the catalogue would be missing without a word.
      const { failed = 0, total } = answer._shards ?? {}
      if (failed > 0) throw openSearchFailure(`${failed} of ${total} shards failed`)
      return answer.hits!.hits.map(hitOf)
    })
  }

  /** A filter on an unmapped field would silently find nothing. */
  async #checkFields(wanted: readonly string[], deadline: number): Promise<void> {
    if (wanted.every((field) => this.#fields?.has(field))) return
    this.#fields = await this.#mappedFields(deadline)
    const field = wanted.find((name) => !this.#fields?.has(name))
    // Without any mapping nothing is indexed, and nothing will be found.
    if (field !== undefined && this.#fields)
      throw new RankerError('FILTER_UNKNOWN', { field, known: [...this.#fields] })
  }

  async #mappedFields(deadline: number): Promise<Set<string> | undefined> {
    const request = { index: this.#options.alias }
    const call = this.#client.indices.getMapping(request, { ignore: [404] })
    const { body, statusCode } = await callInTime(call, leftUntil(deadline))
    if (statusCode === 404) return undefined
    const [index] = Object.values(body) as {
      mappings?: { properties?: { fields?: { properties?: object } } }
    }[]
    return new Set(Object.keys(index?.mappings?.properties?.fields?.properties ?? {}))
  }

  async #indicesBehind(alias: string): Promise<string[]> {
    const call = this.#client.indices.getAlias({ name: alias }, { ignore: [404] })
    const { body, statusCode } = await this.#indexing(call)
    return statusCode === 404 ? [] : Object.keys(body)
  }

  /** One clear error, whatever the client throws. */
  async #guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (cause) {
      if (cause instanceof RankerError) throw cause
      const { error } = (cause as ClientError).body ?? {}
      throw openSearchFailure(error?.root_cause?.[0]?.reason ?? error?.reason ?? reasonOf(cause), cause)
    }
  }
}

/** What a node answers to one search. */
interface SearchAnswer {
  readonly status?: number
  readonly error?: { readonly reason?: string; readonly root_cause?: readonly { readonly reason?: string }[] }
  readonly timed_out?: boolean
  readonly _shards?: { readonly failed?: number; readonly total?: number }
  readonly hits?: { readonly hits: readonly Parameters<typeof hitOf>[0][] }
}

function isAnswer(value: unknown): value is SearchAnswer {
  const { error, hits } = (value ?? {}) as { error?: unknown; hits?: { hits?: unknown } }
  return typeof error === 'object' ? error !== null : Array.isArray(hits?.hits)
}

/** @throws {RankerError} SEARCH_FAILED for a document that another program has written. */
function hitOf(
  hit: { readonly _score?: unknown; readonly fields?: { readonly [ID]?: unknown } } | null,
): Hit {
  const [id] = [hit?.fields?.[ID]].flat()
  if (typeof id !== 'string')
    throw openSearchFailure(`a document has no ${ID}: wanted an index of this engine`)
  return { id, score: Number(hit?._score) }
}

/** Milliseconds; a call that has none left ends at once. */
const leftUntil = (deadline: number): number => Math.max(1, deadline - performance.now())
