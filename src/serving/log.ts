import type { Writable } from 'node:stream'
import { type DestinationStream, type Level, type Logger, pino } from 'pino'

/** How long a line waits for others, in milliseconds, and how many characters wait at most. */
const BATCH_MS = 10
const BATCH_LENGTH = 1 << 16

/** One line of JSON for each entry, with the level's name and an ISO time. */
export function createLog(level: Level, stream: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
}

/**
 * Writes lines together: a busy server's cost a call to the kernel each.
 * @returns what to log to, and a function that writes what waits, for the end of the process
 */
export function inBatches(stream: Writable): { readonly batches: DestinationStream; flush(): void } {
  let waiting = ''
  const flush = () => {
    if (waiting !== '') stream.write(waiting)
    waiting = ''
  }
  const write = (line: string) => {
    if (waiting === '') setTimeout(flush, BATCH_MS)
    waiting += line
    if (waiting.length > BATCH_LENGTH) flush()
  }
  return { batches: { write }, flush }
}
