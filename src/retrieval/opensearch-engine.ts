import type { Client, ClientOptions } from '@opensearch-project/opensearch'
import { RankerError, reasonOf, show } from '../errors.ts'
import { embedOr } from './collection.ts'
import type { Embedder, Hit, IndexedItem, IndexReport, SearchEngine, SearchQuery } from './engine.ts'
import { fuse } from './fusion.ts'
import { BulkWriter } from './opensearch-bulk.ts'
import { documentOf, filterClauses, indexBody, textSearch, vectorSearch } from './opensearch-requests.ts'
import { checkItem, checkQuery } from './query.ts'
import { unitVector } from './vectors.ts'

export interface OpenSearchOptions {
  /**
   * The address of a node, or the client's own options: AWS's signer, TLS, several nodes. They are no type of
   * the client's package, so that a service that does not use OpenSearch compiles without it.
   */
  readonly node: string | object
  /** The name that is searched. It stands for the index of the last complete run; each run makes a new one. */
  readonly alias: string
  /** Makes vectors of texts, of items without their own and of queries. Without it texts are searched by words alone. */
  readonly embedder?: Embedder
  /** Of a search. @default 1000 */
  readonly timeoutMs?: number
  /** Of a request that indexes. @default 60000 */
  readonly indexTimeoutMs?: number
  /** Settings of an index, such as number_of_shards and number_of_replicas. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** How many items are embedded at once. */
const BATCH = 64

/** What the client's errors tell. */
interface ClientError {
  readonly name?: string
  readonly statusCode?: number
  readonly body?: {
    readonly error?: {
      readonly root_cause?: readonly { readonly reason?: string }[]
      readonly reason?: string
    }
  }
}

/**
 * Searches in OpenSearch: by vector (k-NN of the Lucene engine), by words (BM25), or by both, fused by reciprocal rank.
 * Every call has its time, and nothing is tried twice behind the caller's back.
 */
export class OpenSearchEngine implements SearchEngine {
  readonly #client: Client
  readonly #options: OpenSearchOptions
  readonly #timeoutMs: number
  readonly #indexTimeoutMs: number
  #fields: ReadonlySet<string> | undefined

  private constructor(client: Client, options: OpenSearchOptions) {
    this.#client = client
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 1000
    this.#indexTimeoutMs = options.indexTimeoutMs ?? 60_000
  }

  /** Connects when it is first used. @throws {RankerError} PACKAGE_MISSING without @opensearch-project/opensearch. */
  static async open(options: OpenSearchOptions): Promise<OpenSearchEngine> {
    const name = '@opensearch-project/opensearch'
    const { Client } = await import('@opensearch-project/opensearch').catch((cause): never => {
      throw new RankerError('PACKAGE_MISSING', { name, what: 'OpenSearch' }, { cause })
    })
    const given: ClientOptions = typeof options.node === 'string' ? { node: options.node } : options.node
    return new OpenSearchEngine(new Client({ maxRetries: 0, ...given }), options)
  }

  async index(items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>): Promise<IndexReport> {
    const started = performance.now()
    const { alias } = this.#options
    const name = `${alias}-${Date.now().toString(36)}`
    const timeout = { requestTimeout: this.#indexTimeoutMs }
    return this.#guard(async () => {
      const { indices } = this.#client
      try {
        const count = await this.#fill(name, items)
        if (count === undefined)
          await indices.create(
            { index: name, body: indexBody(undefined, this.#options.settings ?? {}) as never },
            timeout,
          )
        await indices.putSettings(
          { index: name, body: { index: { refresh_interval: null } } as never },
          timeout,
        )
        await indices.refresh({ index: name }, timeout)
        const before = await this.#indicesBehind(alias)
        const actions = [
          ...before.map((index) => ({ remove: { index, alias } })),
          { add: { index: name, alias } },
        ]
        await indices.updateAliases({ body: { actions } as never }, timeout)
        this.#fields = undefined
        if (before.length > 0)
          await indices.delete({ index: before.join(','), ignore_unavailable: true }, timeout)
        return { items: count ?? 0, seconds: (performance.now() - started) / 1000 }
      } catch (thrown) {
        // What is half filled nobody searches; that it cannot be removed says less than why it is to be.
        await indices.delete({ index: name, ignore_unavailable: true }, timeout).catch(() => {})
        throw thrown
      }
    })
  }

  async search(query: SearchQuery): Promise<Hit[]> {
    const k = checkQuery(query)
    const filters = query.filters ?? {}
    const clauses = filterClauses(filters)
    const vector = await this.#vectorOf(query)
    return this.#guard(async () => {
      await this.#checkFields(Object.keys(filters))
      const timeout = `${this.#timeoutMs}ms`
      const searches = [
        ...(vector?.some((value) => value !== 0) ? [vectorSearch(vector, k, clauses, timeout)] : []),
        ...(query.text ? [textSearch(query.text, k, clauses, timeout)] : []),
      ]
      if (searches.length === 0) return []
      const lists = await this.#multiSearch(searches)
      return lists.length === 1 ? lists[0]! : fuse(lists, k)
    })
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  /** Makes an index when the first item tells whether there are vectors. @returns undefined where there is no item */
  async #fill(
    name: string,
    items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>,
  ): Promise<number | undefined> {
    const { embedder, settings = {} } = this.#options
    const writer = new BulkWriter(this.#client, name, this.#indexTimeoutMs)
    let dimensions: number | undefined
    let number = 0
    let batch: IndexedItem[] = []
    const flush = async () => {
      const vectors = await this.#vectorsOf(batch, dimensions)
      for (const [position, { id, text, fields }] of batch.entries())
        await writer.add(id, documentOf(text, fields, vectors[position]))
      batch = []
    }
    for await (const item of items) {
      checkItem(item, ++number)
      if (number === 1) {
        dimensions = item.vector?.length ?? embedder?.dimensions
        const body = indexBody(dimensions, settings) as never
        await this.#client.indices.create({ index: name, body }, { requestTimeout: this.#indexTimeoutMs })
      }
      batch.push(item)
      if (batch.length === BATCH) await flush()
    }
    if (number === 0) return undefined
    await flush()
    await writer.flush()
    await this.#checkCount(name, writer)
    return writer.count
  }

  /** An id that stands twice takes its own place: there are fewer documents than were sent. */
  async #checkCount(name: string, { count }: BulkWriter): Promise<void> {
    const timeout = { requestTimeout: this.#indexTimeoutMs }
    await this.#client.indices.refresh({ index: name }, timeout)
    const { body } = await this.#client.count({ index: name }, timeout)
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
    const without = items.filter(({ vector }) => vector === undefined)
    const { embedder } = this.#options
    if (without.length > 0 && !embedder) {
      const wanted = 'vectors of all items, or of none'
      throw new RankerError('ITEM_INVALID', { where: where(without[0]!), seen: 'without one', wanted })
    }
    const made =
      without.length > 0
        ? await embedOr(
            embedder!,
            without.map(({ text }) => text!),
          )
        : []
    const byItem = new Map(without.map((item, index) => [item, made[index]!]))
    return items.map((item) => unitVector(item.vector ?? byItem.get(item)!, dimensions, where(item)))
  }

  async #vectorOf({ vector, text }: SearchQuery): Promise<Float32Array | undefined> {
    if (vector !== undefined) return unitVector(vector, vector.length, 'the search')
    const { embedder } = this.#options
    if (embedder === undefined) return undefined
    const [made] = await embedOr(embedder, [text!])
    return unitVector(made!, embedder.dimensions, 'the search')
  }

  async #multiSearch(searches: readonly object[]): Promise<Hit[][]> {
    const { alias } = this.#options
    const lines = searches.flatMap((search) => [{ index: alias }, search])
    const { body } = await this.#client.msearch({ body: lines as never }, { requestTimeout: this.#timeoutMs })
    return body.responses.map((answer): Hit[] => {
      if ('error' in answer) {
        const { status, error } = answer as {
          status?: number
          error: { reason?: string; root_cause?: { reason?: string }[] }
        }
        if (status === 404) return []
        throw this.#failure(error.root_cause?.[0]?.reason ?? error.reason ?? `status ${status}`)
      }
      if (answer.timed_out) throw this.#failure(`no complete answer within ${this.#timeoutMs} ms`)
      return answer.hits.hits.map(({ _id, _score }) => ({ id: _id!, score: Number(_score) }))
    })
  }

  /** A field that is not mapped would find nothing, and nobody would know. */
  async #checkFields(wanted: readonly string[]): Promise<void> {
    if (wanted.every((field) => this.#fields?.has(field))) return
    this.#fields = await this.#mappedFields()
    const field = wanted.find((name) => !this.#fields?.has(name))
    // Nothing is indexed where there is no mapping at all, and nothing will be found.
    if (field !== undefined && this.#fields)
      throw new RankerError('FILTER_UNKNOWN', { field, known: [...this.#fields] })
  }

  async #mappedFields(): Promise<Set<string> | undefined> {
    const { body, statusCode } = await this.#client.indices.getMapping(
      { index: this.#options.alias },
      { requestTimeout: this.#timeoutMs, ignore: [404] },
    )
    if (statusCode === 404) return undefined
    const [index] = Object.values(body) as {
      mappings?: { properties?: { fields?: { properties?: object } } }
    }[]
    return new Set(Object.keys(index?.mappings?.properties?.fields?.properties ?? {}))
  }

  async #indicesBehind(alias: string): Promise<string[]> {
    const { body, statusCode } = await this.#client.indices.getAlias(
      { name: alias },
      { requestTimeout: this.#indexTimeoutMs, ignore: [404] },
    )
    return statusCode === 404 ? [] : Object.keys(body)
  }

  /** One clear error, whatever the client throws. */
  async #guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (cause) {
      if (cause instanceof RankerError) throw cause
      const { name, body } = cause as ClientError
      if (name === 'TimeoutError') throw this.#failure('it did not answer in time', cause)
      throw this.#failure(
        body?.error?.root_cause?.[0]?.reason ?? body?.error?.reason ?? reasonOf(cause),
        cause,
      )
    }
  }

  #failure(reason: string, cause?: unknown): RankerError {
    return new RankerError('SEARCH_FAILED', { engine: 'OpenSearch', reason }, { cause })
  }
}
