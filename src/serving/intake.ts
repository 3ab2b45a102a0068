import type { Readable } from 'node:stream'

/** Bytes after which a connection that sends more has to wait for the next turn of the event loop. */
const TURN_BYTES = 1 << 18

/**
 * Bounds what one turn of the event loop reads from all connections together. Otherwise it would read all that the
 * kernel has of each, megabytes of large bodies, and a client of /ping would wait for that.
 */
export class Intake {
  #taken = 0
  #paused: Readable[] = []

  /** Counts bytes that came; pauses their connection if that was enough for this turn. */
  take(bytes: number, source: Readable): void {
    if (this.#taken === 0) setImmediate(() => this.#turn())
    this.#taken += bytes
    if (this.#taken <= TURN_BYTES) return
    source.pause()
    this.#paused.push(source)
  }

  #turn(): void {
    const paused = this.#paused
    this.#taken = 0
    this.#paused = []
    for (const source of paused) source.resume()
  }
}
