import { setImmediate as nextTurn } from 'node:timers/promises'

/** Turns of the event loop that a task gives way for at most. */
const MOST_TURNS = 8

/**
 * Runs tasks that block the event loop, one after the other in the order they came. Between two of them the loop makes
 * a turn, and one more for each millisecond that the last one took: a turn accepts one connection, so that a new one
 * waits for a task or two however many are queued.
 */
export class Turns {
  readonly #queue: (() => Promise<unknown>)[] = []
  #running = false

  /** Tasks that have not begun. */
  get waiting(): number {
    return this.#queue.length
  }

  /** @returns what the task returns, once its turn has come. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push(() => task().then(resolve, reject))
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift()) {
      const started = performance.now()
      await task()
      const took = performance.now() - started
      for (let turn = 0; turn <= took && turn < MOST_TURNS; turn++) await nextTurn()
    }
    this.#running = false
  }
}
