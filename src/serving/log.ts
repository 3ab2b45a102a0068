import type { Writable } from 'node:stream'
import { type Level, type Logger, pino } from 'pino'

/** One line of JSON for each entry, with the level's name and an ISO time. */
export function createLog(level: Level, stream: Writable): Logger {
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
