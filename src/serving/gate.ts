import { RankerError } from '../errors.ts'

/** Bounds how many requests are worked on at once, so that the answer to each comes soon or is a quick refusal. */
export class Gate {
  readonly #limit: number
  #inFlight = 0

  /** @param limit most requests whose bodies have arrived and which are not answered */
  constructor(limit: number) {
    this.#limit = limit
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** @throws {RankerError} OVERLOADED. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#limit) throw new RankerError('OVERLOADED', { limit: this.#limit })
    this.#inFlight++
    try {
      return await work()
    } finally {
      this.#inFlight--
    }
  }
}
