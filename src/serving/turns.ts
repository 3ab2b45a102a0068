/** Most turns of the event loop that a task gives way for. */
const MOST_TURNS = 8
/** Milliseconds to wait for announced connections: for each one, and in all between two tasks. */
const CONNECTION_MS = 2
const CONNECTIONS_MS = 20

/**
 * Runs tasks that block the event loop, one after the other in the order they came. Between two tasks the loop makes
 * a turn, and one more for each millisecond that the last task took; a turn accepts one connection. If more
 * connections are announced, they go first, since otherwise each would wait for a task: so a new connection waits for
 * a task or two, however many tasks are queued and however many connections come at once.
 */
export class Turns {
  readonly #queue: (() => Promise<unknown>)[] = []
  #running = false
  /** No task begins before this time, in milliseconds of the process's clock. */
  #heldUntil = 0
  #lastTask = 0

  /** Number of tasks that have not begun. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Runs a task when its turn comes. @returns what it returns */
  run<T>(task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push(() => task().then(resolve, reject))
      if (!this.#running) this.#next()
    })
  }

  /** Called for each connection. @param behind how many more are known to be coming */
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

  /**
   * Callbacks instead of promises: every request passes here, and a promise for each turn costs as much as the turn.
   */
  #giveWay(turns: number): void {
    setImmediate(() => {
      if (turns >= 2) this.#giveWay(turns - 1)
      // Sleep until one comes: its sender may need this processor.
      else if (performance.now() < Math.min(this.#heldUntil, this.#lastTask + CONNECTIONS_MS))
        setTimeout(() => this.#giveWay(1), 1)
      else this.#next()
    })
  }
}
