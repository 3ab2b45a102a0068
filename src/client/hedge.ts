import { RankerError } from '../errors.ts'

export interface HedgeOptions {
  /** Milliseconds until nobody waits any more. */
  readonly budgetMs: number
  /** Milliseconds after which a second attempt starts beside the first. */
  readonly hedgeAfterMs: number
  /** Asked before a second attempt, which could overload a busy ranker. */
  readonly mayRepeat: () => boolean
}

/** Whether another attempt is pointless: a request that was refused will be refused again. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof RankerError) || error.code !== 'ENDPOINT_REFUSED') return false
  const { status } = (error as RankerError<'ENDPOINT_REFUSED'>).values
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

/**
 * Makes an attempt, and another one when the first fails or takes longer than usual; the first good answer counts (Dean &
 * Barroso 2013, The Tail at Scale, doi:10.1145/2408776.2408794). Ends within the budget, whatever the attempts do.
 * @param attempt gets a signal that is aborted when its answer is not wanted any more
 * @throws the error of the last attempt, or {RankerError} ENDPOINT_LATE.
 */
export function hedged<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { budgetMs, hedgeAfterMs, mayRepeat }: HedgeOptions,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const unwanted = new AbortController()
    let attempts = 0
    let waiting = 0
    let isOver = false
    const end = (settle: () => void) => {
      clearTimeout(hedge)
      clearTimeout(deadline)
      settle()
      isOver = true
      // An abort that nobody waits for would cost as much as a small request.
      if (waiting > 0) unwanted.abort()
    }
    const start = () => {
      attempts++
      waiting++
      attempt(unwanted.signal).then(
        (answer) => {
          waiting--
          if (!isOver) end(() => resolve(answer))
        },
        (error) => {
          waiting--
          if (isOver) return
          if (!isFinal(error) && attempts < 2 && mayRepeat()) start()
          else if (isFinal(error) || waiting === 0) end(() => reject(error))
        },
      )
    }
    const hedge = setTimeout(() => {
      if (attempts < 2 && mayRepeat()) start()
    }, hedgeAfterMs)
    const deadline = setTimeout(
      () => end(() => reject(new RankerError('ENDPOINT_LATE', { milliseconds: budgetMs }))),
      budgetMs,
    )
    start()
  })
}

/** A budget of second attempts: one for every ten requests, and a few in reserve. */
export class Allowance {
  static readonly MOST = 10
  static readonly SHARE = 0.1
  #left = Allowance.MOST

  earn(): void {
    this.#left = Math.min(Allowance.MOST, this.#left + Allowance.SHARE)
  }

  /** Takes one, if there is one. */
  take(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}

/** How long answers usually take. */
export class Latencies {
  static readonly KEPT = 100
  static readonly LEAST = 20
  readonly #last: number[] = []
  #next = 0

  add(milliseconds: number): void {
    this.#last[this.#next] = milliseconds
    this.#next = (this.#next + 1) % Latencies.KEPT
  }

  /** The time that 95 of 100 answers come within; undefined before enough have come. */
  usual(): number | undefined {
    if (this.#last.length < Latencies.LEAST) return undefined
    const sorted = [...this.#last].sort((a, b) => a - b)
    return sorted[Math.floor(0.95 * sorted.length)]
  }
}
