import { setImmediate } from 'node:timers/promises'

/** How long a process that also answers searches works at an index before others have their turn, in milliseconds. */
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
