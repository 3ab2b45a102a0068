import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@opensearch-project/opensearch'
import { show } from '../errors.ts'
import { inTime, openSearchFailure } from './opensearch-call.ts'

/** Most bytes of a request: OpenSearch takes 100 MB and is fastest with a few. */
const MOST_BYTES = 4_000_000
const MOST_ITEMS = 500
/**
 * How often documents that a busy node refused are sent again, after 0.1 s and then after twice as long each time.
 */
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
 * Sends documents to an index, one request at a time: adding more waits until the last request is answered. Documents
 * that a busy node refuses, and only those, are sent again later.
 */
export class BulkWriter {
  readonly #client: Client
  readonly #index: string
  readonly #timeoutMs: number
  #entries: Entry[] = []
  #bytes = 0
  #count = 0

  constructor(client: Client, index: string, timeoutMs: number) {
    this.#client = client
    this.#index = index
    this.#timeoutMs = timeoutMs
  }

  /** How many documents were taken. */
  get count(): number {
    return this.#count
  }

  /** @throws {RankerError} SEARCH_FAILED when a document is refused. */
  async add(id: string, document: object): Promise<void> {
    const source = JSON.stringify(document)
    this.#entries.push({ id, source })
    this.#bytes += source.length
    if (this.#entries.length >= MOST_ITEMS || this.#bytes >= MOST_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    let left = this.#entries
    this.#entries = []
    this.#bytes = 0
    for (let attempt = 1; left.length > 0; attempt++) {
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
      const { body } = await inTime(this.#client.bulk(request), this.#timeoutMs)
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
