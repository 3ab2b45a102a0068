import { RankerError, reasonOf } from '../errors.ts'
import { inRetrievalOrder, parseAnswer, readAnswer } from './answer.ts'
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.ts'
import { Allowance, hedged, isFinal, Latencies } from './hedge.ts'
import type { RankableItem, RankContext, RankedList, RankOptions, RankRequest } from './request.ts'
import { fetchTransport, type Transport } from './transport.ts'

export interface RankerClientOptions {
  /** The address of `/invocations`, or another way to the ranker such as `sageMakerTransport`. */
  readonly endpoint: string | URL | Transport
  /** Milliseconds within which every answer arrives. @default 100 */
  readonly timeoutMs?: number
  /**
   * Milliseconds until a second attempt starts. @default the time within which 95 of 100 answers come, at most half
   * the budget
   */
  readonly hedgeAfterMs?: number
  readonly breaker?: BreakerOptions
  /** Queries in one request of `rankAll`. @default 20 */
  readonly batchSize?: number
  /** Called with the cause of every degraded answer, for logs and alarms. */
  readonly onDegraded?: (error: RankerError) => void
}

/** Options of a request as they are sent. */
interface Sent extends Pick<RankOptions, 'limit' | 'explain'> {
  readonly query: unknown
  readonly items: readonly RankableItem[]
  readonly context?: RankContext
}

const JSON_TYPE = 'application/json'
const JSON_LINES = 'application/jsonlines'
/** An earlier hedge would only react to a busy moment of this process. */
const LEAST_HEDGE_MS = 2

/**
 * Asks a ranker for the order of candidates, for a page that has to be there in time: whatever happens to the ranker, an
 * ordered list comes back within the budget. When the ranker is late or down it is the order of retrieval, and says so.
 *
 * @example
 * const ranker = new RankerClient({ endpoint: 'http://localhost:8080/invocations', timeoutMs: 50 })
 * const { ranking, degraded } = await ranker.rank({ text: 'oak table' }, candidates, { limit: 10 })
 */
export class RankerClient<Query = unknown, Item extends RankableItem = RankableItem> {
  readonly #transport: Transport
  readonly #breaker: CircuitBreaker
  readonly #allowance = new Allowance()
  readonly #latencies = new Latencies()
  readonly #options: RankerClientOptions
  readonly #timeoutMs: number

  /** @throws {RankerError} BAD_SETTING. */
  constructor(options: RankerClientOptions) {
    const { endpoint } = options
    this.#options = options
    this.#transport =
      typeof endpoint === 'string' || endpoint instanceof URL ? fetchTransport(endpoint) : endpoint
    if (typeof this.#transport?.send !== 'function')
      refuse('endpoint', endpoint, 'an address, or an object with send and close')
    this.#breaker = new CircuitBreaker(options.breaker)
    this.#timeoutMs = budgetOf(options.timeoutMs ?? 100)
    const { batchSize = 20, hedgeAfterMs = 1 } = options
    if (!(Number.isInteger(batchSize) && batchSize >= 1)) refuse('batchSize', batchSize, 'an integer from 1')
    if (!(hedgeAfterMs >= 0)) refuse('hedgeAfterMs', hedgeAfterMs, 'milliseconds from 0')
  }

  /**
   * @param items in the order of retrieval; a column that is NaN or null is missing
   * @throws {RankerError} BAD_SETTING for arguments that are none; never for what becomes of the request.
   */
  async rank<I extends Item>(
    query: Query,
    items: readonly I[],
    options: RankOptions = {},
  ): Promise<RankedList<I>> {
    const { timeoutMs = this.#timeoutMs, ...rest } = options
    const request = { ...rest, query, items }
    const [answer] = await this.#ask([request], timeoutMs, JSON_TYPE, (text) => [parseAnswer(text)])
    return answer!
  }

  /**
   * Ranks several queries, such as the shelves of a page, in as few requests as possible. A query that is refused
   * does not keep the others from being answered.
   */
  async rankAll<I extends Item>(
    requests: readonly RankRequest<Query, I>[],
    { timeoutMs = this.#timeoutMs }: Pick<RankOptions, 'timeoutMs'> = {},
  ): Promise<RankedList<I>[]> {
    const { batchSize = 20 } = this.#options
    const batches: (readonly RankRequest<Query, I>[])[] = []
    for (let from = 0; from < requests.length; from += batchSize)
      batches.push(requests.slice(from, from + batchSize))
    const parse = (text: string) => text.trimEnd().split('\n').map(parseAnswer)
    const answers = batches.map((batch) => this.#ask(batch, timeoutMs, JSON_LINES, parse))
    return (await Promise.all(answers)).flat()
  }

  close(): void {
    this.#transport.close()
  }

  async #ask<I extends Item>(
    requests: readonly RankRequest<Query, I>[],
    timeoutMs: number,
    contentType: string,
    parse: (text: string) => unknown[],
  ): Promise<RankedList<I>[]> {
    const started = performance.now()
    const budgetMs = budgetOf(timeoutMs)
    const body = requests.map(write).join('\n')
    const milliseconds = () => Math.round((performance.now() - started) * 1000) / 1000
    const degraded = ({ items, limit }: RankRequest<Query, I>, thrown: unknown): RankedList<I> => {
      const error =
        thrown instanceof RankerError
          ? thrown
          : new RankerError('ENDPOINT_UNREACHABLE', { reason: reasonOf(thrown) })
      this.#tell(error)
      const reason = { code: error.code, message: error.message }
      return { ...inRetrievalOrder(items, limit), reason, milliseconds: milliseconds() }
    }
    const send = async (signal: AbortSignal) => {
      const answers = parse(await this.#transport.send({ body, contentType, accept: contentType }, signal))
      if (answers.length !== requests.length) {
        const reason = `it has ${answers.length} lines for ${requests.length} queries`
        throw new RankerError('ENDPOINT_ANSWER', { reason })
      }
      return answers.map((answer, index) => refusalIn(answer) ?? readAnswer(answer, requests[index]!))
    }
    try {
      // Serialising a large request takes its part of the budget, too.
      const answers = await this.#call(send, Math.max(1, budgetMs - milliseconds()))
      return answers.map((answer, index) =>
        answer instanceof RankerError
          ? degraded(requests[index]!, answer)
          : { ...answer, milliseconds: milliseconds() },
      )
    } catch (thrown) {
      return requests.map((request) => degraded(request, thrown))
    }
  }

  #tell(error: RankerError): void {
    try {
      this.#options.onDegraded?.(error)
    } catch {
      // A failing log must not cost the page.
    }
  }

  /** One call, with everything that keeps it within its budget. */
  async #call<T>(attempt: (signal: AbortSignal) => Promise<T>, budgetMs: number): Promise<T> {
    const rest = this.#breaker.rest()
    if (rest > 0) throw new RankerError('ENDPOINT_RESTING', { milliseconds: rest })
    this.#allowance.earn()
    const timed = async (signal: AbortSignal) => {
      const started = performance.now()
      const answer = await attempt(signal)
      this.#latencies.add(performance.now() - started)
      return answer
    }
    const usual = this.#options.hedgeAfterMs ?? Math.min(this.#latencies.usual() ?? Infinity, budgetMs / 2)
    try {
      const answer = await hedged(timed, {
        budgetMs,
        hedgeAfterMs: Math.max(LEAST_HEDGE_MS, usual),
        mayRepeat: () => this.#allowance.take(),
      })
      this.#breaker.succeeded()
      return answer
    } catch (thrown) {
      // A ranker that refuses a request is healthy.
      if (isFinal(thrown)) this.#breaker.succeeded()
      else this.#breaker.failed()
      throw thrown
    }
  }
}

/** The error in a line's answer, if it is one. */
function refusalIn(answer: unknown): RankerError | undefined {
  const { error } = (answer ?? {}) as { error?: { message?: unknown } }
  if (error == null) return undefined
  const reason = typeof error.message === 'string' ? error.message : 'nothing more was said'
  return new RankerError('ENDPOINT_REFUSED', { status: 422, reason })
}

function budgetOf(timeoutMs: number): number {
  const isRight = Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31
  return isRight ? timeoutMs : refuse('timeoutMs', timeoutMs, 'milliseconds above 0')
}

function refuse(name: string, seen: unknown, wanted: string, cause?: unknown): never {
  throw new RankerError('BAD_SETTING', { name, seen: String(seen), wanted }, { cause })
}

function write({ query, items, limit, context, explain }: Sent): string {
  if (!Array.isArray(items)) refuse('items', items, 'an array')
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1))
    refuse('limit', limit, 'an integer from 1')
  try {
    return JSON.stringify({ query, items, limit, context, explain })
  } catch (cause) {
    return refuse('a request', reasonOf(cause), 'what JSON can hold', cause)
  }
}
