/** Turns of the event loop that a task gives way for at most. */
const MOST_TURNS = 8
/** Milliseconds that connections which are on their way are waited for: each, and all of them between two tasks. */
const CONNECTION_MS = 2
const CONNECTIONS_MS = 20

/**
 * Runs tasks that block the event loop, one after the other in the order they came. Between two of them the loop makes
 * a turn, and one more for each millisecond that the last one took; a turn takes one connection. Where more are known to
 * come they go first, since they would else wait for a task each: a new one waits for a task or two, however many tasks
 * are queued and however many connections come at once.
 */
export class Turns {
  readonly #queue: (() => Promise<unknown>)[] = []
  #running = false
  /** Until when no task begins, in milliseconds of the process's clock. */
  #heldUntil = 0
  #lastTask = 0

  /** Tasks that have not begun. */
  get waiting(): number {
    return this.#queue.length
  }

  /** @returns what the task returns, once its turn has come. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push(() => task().then(resolve, reject))
      if (!this.#running) this.#next()
    })
  }

  /** Told of each connection. @param behind how many are known to come behind it */
  expect(behind: number): void {
    this.#heldUntil = behind > 0 ? performance.now() + CONNECTION_MS : 0
  }

  #next(): void {
    const task = this.#queue.shift()
    this.#running = task !== undefined
    if (!task) return
    const started = performance.now()
    void task().then(() => {
      this.#lastTask = performance.now()
      this.#giveWay(Math.min(MOST_TURNS, this.#lastTask - started + 1))
    })
  }

  /** Callbacks instead of promises: every request comes by here, and a promise of a turn costs as much as the turn. */
  #giveWay(turns: number): void {
    setImmediate(() => {
      if (turns >= 2) this.#giveWay(turns - 1)
      // Asleep until one comes: who sends them may need this processor.
      else if (performance.now() < Math.min(this.#heldUntil, this.#lastTask + CONNECTIONS_MS))
        setTimeout(() => this.#giveWay(1), 1)
      else this.#next()
    })
  }
}
