import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Scorer } from './scorer.ts'

/** Milliseconds for which the event loop may be blocked. */
const LONGEST_MS = 10
/** Rows of the first batch; its time decides how many the next may have. */
const FIRST_ROWS = 256
const LEAST_ROWS = 16

/** A scorer that lets the event loop turn every ten milliseconds or so, however many rows it is given. */
export function scoreInTurns(scorer: Scorer): Scorer {
  const { engine, width } = scorer
  let most = FIRST_ROWS
  const scoreBatch = async (rows: Float32Array, count: number): Promise<Float32Array> => {
    const started = performance.now()
    const scores = await scorer.score(rows, count)
    const took = performance.now() - started
    // At most halved: a thread that was preempted only seems slow.
    if (took > LONGEST_MS) most = Math.max(LEAST_ROWS, Math.floor(Math.min(most, count) / 2))
    else if (took < LONGEST_MS / 2 && count === most) most *= 2
    return scores
  }
  return {
    engine,
    width,
    async score(rows, count) {
      if (count <= most) return scoreBatch(rows, count)
      const scores = new Float32Array(count)
      for (let from = 0, size: number; from < count; from += size) {
        if (from > 0) await nextTurn()
        size = Math.min(most, count - from)
        scores.set(await scoreBatch(rows.subarray(from * width, (from + size) * width), size), from)
      }
      return scores
    },
    close: () => scorer.close(),
  }
}
