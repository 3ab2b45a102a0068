import { setTimeout as sleep } from 'node:timers/promises'
import { RankerError } from '../errors.ts'

export interface Waiting {
  /** Milliseconds between two looks. */
  readonly every: number
  /** Ends the wait; what is waited for goes on. */
  readonly stop: AbortSignal
  /** Is given every change, one line each. */
  readonly told: (line: string) => void
  readonly now: () => number
}

/**
 * Polls until the work is done; every new line is reported with the time since the start.
 * @throws {RankerError} WAIT_STOPPED when told to stop, and whatever `look` throws.
 */
export async function waitFor<T>(
  what: string,
  { every, stop, told, now }: Waiting,
  look: () => Promise<{ readonly line: string; readonly done?: T | undefined }>,
): Promise<T> {
  const start = now()
  let before = ''
  for (;;) {
    const { line, done } = await look()
    if (line !== before) told(`${what}: ${line} (${formatSeconds((now() - start) / 1000)})`)
    before = line
    if (done !== undefined) return done
    await sleep(every, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) throw new RankerError('WAIT_STOPPED', { what })
  }
}

export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  const minutes = Math.floor(whole / 60)
  if (minutes === 0) return `${whole} s`
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
