import { setImmediate } from 'node:timers/promises'

/** Milliseconds that a process which also answers searches works on an index before others get their turn. */
const TURN_MS = 10

/** Does something with each of a list, with pauses in which the event loop turns. */
export async function inTurns<T>(list: Iterable<T>, each: (one: T, index: number) => void): Promise<void> {
  let since = performance.now()
  let index = 0
  for (const one of list) {
    each(one, index++)
    if (performance.now() - since < TURN_MS) continue
    await setImmediate()
    since = performance.now()
  }
}
