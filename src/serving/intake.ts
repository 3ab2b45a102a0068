import type { Readable } from 'node:stream'

/** Bytes after which a connection that sends more has to wait for the next turn of the event loop. */
const TURN_BYTES = 1 << 18

/**
 * Bounds what one turn of the event loop reads from all connections together. Else it would read whatever the kernel has
 * of each of them, which is megabytes where bodies are large, and who asks /ping would wait for all of that.
 */
export class Intake {
  #taken = 0
  #paused: Readable[] = []

  /** Told of bytes that came; lets those who still send wait where it was enough for now. */
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
