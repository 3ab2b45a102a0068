import { RankerError } from '../errors.ts'
import type { Chunks } from './row.ts'

const LF = 0x0a
const CR = 0x0d

/** Enough for a query of thousands of items; a file without line ends must not fill the memory. */
const MAX_LINE_BYTES = 1 << 26

/** Is given a line, `bytes[start, end)` without its line end, and its number from 1. */
export type OnLine = (bytes: Uint8Array, start: number, end: number, line: number) => void

/**
 * Splits text into lines (LF or CRLF), chunk by chunk. A byte-order mark is skipped, the last line end is optional.
 * @throws {RankerError} LINE_TOO_LONG.
 */
export async function eachLine(file: string, chunks: Chunks, onLine: OnLine): Promise<void> {
  let parts: Uint8Array[] = []
  let kept = 0
  let line = 1
  const give = (bytes: Uint8Array, start: number, end: number) => giveLine(bytes, start, end, line++, onLine)
  for await (const chunk of chunks) {
    let at = 0
    for (;;) {
      const end = chunk.indexOf(LF, at)
      if (end < 0) break
      if (kept > 0) {
        const whole = Buffer.concat([...parts, chunk.subarray(at, end)])
        give(whole, 0, whole.length)
        parts = []
        kept = 0
      } else {
        give(chunk, at, end)
      }
      at = end + 1
    }
    if (at === chunk.length) continue
    parts.push(chunk.slice(at))
    kept += chunk.length - at
    if (kept > MAX_LINE_BYTES) throw new RankerError('LINE_TOO_LONG', { file, line, limit: MAX_LINE_BYTES })
  }
  if (kept > 0) give(Buffer.concat(parts), 0, kept)
}

/** Splits a whole text into lines. */
export function eachLineOf(bytes: Uint8Array, onLine: OnLine): void {
  let line = 1
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(LF, at)
    const end = found < 0 ? bytes.length : found
    giveLine(bytes, at, end, line++, onLine)
    at = end + 1
  }
}

/** Without the byte-order mark at the start of the first line, and without a CR at the end. */
function giveLine(bytes: Uint8Array, start: number, end: number, line: number, onLine: OnLine): void {
  const isMarked =
    line === 1 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
  const from = isMarked && end - start >= 3 ? start + 3 : start
  onLine(bytes, from, end > from && bytes[end - 1] === CR ? end - 1 : end, line)
}
