import { RankerError } from '../errors.ts'

export interface BreakerOptions {
  /** How many of the last requests are looked at. @default 20 */
  readonly window?: number
  /** With fewer requests nothing is concluded. @default 5 */
  readonly least?: number
  /** Share of failures at which requests stop. @default 0.5 */
  readonly failures?: number
  /** How long they stop at first, in milliseconds; doubled after each failed try. @default 1000 */
  readonly restMs?: number
  /** The longest pause, in milliseconds. @default 30000 */
  readonly longestRestMs?: number
}

/**
 * Stops sending requests to a failing ranker: nobody waits for it, and it can recover. After a pause one request
 * tries again; if it is answered, all go through (Nygard, Release It!, chapter on stability patterns).
 */
export class CircuitBreaker {
  readonly #options: Required<BreakerOptions>
  readonly #now: () => number
  /** Of the last requests, oldest first: whether each was answered. */
  #outcomes: boolean[] = []
  #restUntil: number | undefined
  #rests = 0
  #isTrying = false

  /** @param now a clock in milliseconds @throws {RankerError} BAD_SETTING. */
  constructor(options: BreakerOptions = {}, now: () => number = () => performance.now()) {
    const defaults = { window: 20, least: 5, failures: 0.5, restMs: 1000, longestRestMs: 30_000 }
    this.#options = { ...defaults, ...options }
    const { failures, ...numbers } = this.#options
    for (const [name, value] of Object.entries(numbers)) {
      if (!(value >= 1)) refuse(name, value, 'a number from 1')
    }
    if (!(failures > 0 && failures <= 1)) refuse('failures', failures, 'a share above 0')
    this.#now = now
  }

  /** Milliseconds until a request may be sent. After 0 this one may, and must report how it ended. */
  rest(): number {
    if (this.#restUntil === undefined) return 0
    const left = this.#restUntil - this.#now()
    if (left > 0) return Math.ceil(left)
    // One request tries; the others wait for its outcome.
    if (this.#isTrying) return 1
    this.#isTrying = true
    return 0
  }

  succeeded(): void {
    if (this.#restUntil !== undefined) this.#outcomes = []
    this.#restUntil = undefined
    this.#rests = 0
    this.#isTrying = false
    this.#add(true)
  }

  failed(): void {
    this.#add(false)
    const { least, failures } = this.#options
    const failed = this.#outcomes.filter((answered) => !answered).length
    const isBad = this.#outcomes.length >= least && failed >= failures * this.#outcomes.length
    if (!this.#isTrying && (this.#restUntil !== undefined || !isBad)) return
    const { restMs, longestRestMs } = this.#options
    this.#restUntil = this.#now() + Math.min(longestRestMs, restMs * 2 ** this.#rests)
    this.#rests++
    this.#isTrying = false
  }

  #add(answered: boolean): void {
    this.#outcomes.push(answered)
    if (this.#outcomes.length > this.#options.window) this.#outcomes.shift()
  }
}

function refuse(option: string, seen: number, wanted: string): never {
  throw new RankerError('BAD_SETTING', { name: `breaker.${option}`, seen: String(seen), wanted })
}
