import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@opensearch-project/opensearch'
import { show } from '../errors.ts'
import { callInTime, openSearchFailure } from './opensearch-call.ts'

/** Most bytes of a request: OpenSearch takes 100 MB and is fastest with a few. */
const MOST_BYTES = 4_000_000
const MOST_ITEMS = 500
/** A node makes the graph of one request's vectors on one core. */
const AT_ONCE = 2
/** How often what was refused for too much work is sent again, after 0.1 s and twice as long each time. */
const TRIES = 7
const FIRST_WAIT_MS = 100

interface Entry {
  readonly id: string
  readonly source: string
}

interface BulkAnswer {
  readonly items: readonly {
    readonly index: { readonly status: number; readonly error?: { readonly reason?: string } }
  }[]
}

/**
 * Sends documents to an index, a few requests at a time: whoever adds the next waits until one of these is taken. What a
 * busy node refuses is sent again later, that alone.
 */
export class BulkWriter {
  readonly #client: Client
  readonly #index: string
  readonly #timeoutMs: number
  #entries: Entry[] = []
  #bytes = 0
  #count = 0
  readonly #underWay = new Set<Promise<void>>()
  #failure: unknown

  constructor(client: Client, index: string, timeoutMs: number) {
    this.#client = client
    this.#index = index
    this.#timeoutMs = timeoutMs
  }

  /** How many documents were taken. */
  get count(): number {
    return this.#count
  }

  /** @throws {RankerError} SEARCH_FAILED when a document is refused, of this request or of one before. */
  async add(id: string, document: object): Promise<void> {
    const source = JSON.stringify(document)
    this.#entries.push({ id, source })
    this.#bytes += source.length
    if (this.#entries.length < MOST_ITEMS && this.#bytes < MOST_BYTES) return
    this.#start()
    if (this.#underWay.size >= AT_ONCE) await Promise.race(this.#underWay)
    this.#check()
  }

  /** Sends what is left, and waits for all. @throws {RankerError} SEARCH_FAILED. */
  async end(): Promise<void> {
    this.#start()
    await this.settled()
    this.#check()
  }

  /** Resolves when nothing is under way any more: a late request would make a removed index again. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  #start(): void {
    const entries = this.#entries
    this.#entries = []
    this.#bytes = 0
    const sending = this.#sendAll(entries)
      .catch((thrown) => {
        this.#failure ??= thrown
      })
      .finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  async #sendAll(entries: Entry[]): Promise<void> {
    let left = entries
    for (let attempt = 1; left.length > 0 && this.#failure === undefined; attempt++) {
      const refused = await this.#send(left)
      this.#count += left.length - refused.length
      left = refused
      if (left.length === 0) return
      if (attempt === TRIES) throw openSearchFailure(`it is too busy for ${left.length} documents`)
      await delay(FIRST_WAIT_MS * 2 ** (attempt - 1))
    }
  }

  /** @returns the documents that a busy node refused */
  async #send(entries: Entry[]): Promise<Entry[]> {
    const lines = entries.flatMap(({ id, source }) => [JSON.stringify({ index: { _id: id } }), source])
    let answer: BulkAnswer
    try {
      // The client accepts serialised lines, though its types do not say so.
      const request = { index: this.#index, body: `${lines.join('\n')}\n` as never }
      const { body } = await callInTime(this.#client.bulk(request), this.#timeoutMs)
      answer = body as BulkAnswer
    } catch (thrown) {
      if ((thrown as { statusCode?: number }).statusCode === 429) return entries
      throw thrown
    }
    if (answer?.items?.length !== entries.length)
      throw openSearchFailure(`its answer is not of the ${entries.length} documents that were sent`)
    return entries.filter(({ id }, position) => {
      const { status, error } = answer.items[position]!.index
      if (status < 300) return false
      if (status === 429) return true
      throw openSearchFailure(`item ${show(id)} is refused: ${error?.reason ?? `status ${status}`}`)
    })
  }
}
