import { mayHold, type Rows } from '../request/row-list.ts'
import { HAS_ENDED, INPUT, INPUT_BYTES, IS_ODD } from './layout.ts'
import { type Parsers, parsers } from './parsers.ts'

/** How the parsers' module reads a format. It knows no errors. */
interface PlainFormat {
  readonly width: number
  /** Whether a missing line end at the end of the body is added. */
  readonly hasLines: boolean
  /** Reads the bytes at the input. @returns rows */
  read(parsers: Parsers, bytes: number): number
  /** Moves the rows that were read to `into`, which has exactly their size. */
  take(parsers: Parsers, into: Float32Array): void
}

const LF = 0x0a

/**
 * Reads the rows of a body piece by piece, each piece from where the last one stopped.
 * @param from where the first row starts
 * @returns the rows, and where reading ended; undefined for anything that is not plain, which the format's general
 * reader then reads or refuses
 */
export function readPlain(
  body: Uint8Array,
  from: number,
  { width, hasLines, read, take }: PlainFormat,
): { readonly rows: Rows; readonly end: number } | undefined {
  const open = parsers()
  const { kernel, input } = open
  let values = new Float32Array(0)
  let count = 0
  let at = from
  while (at < body.length) {
    let bytes = Math.min(body.length - at, INPUT_BYTES - 1)
    input.set(body.subarray(at, at + bytes))
    const isLast = at + bytes === body.length
    if (hasLines && isLast && input[bytes - 1] !== LF) input[bytes++] = LF
    const rows = read(open, bytes)
    const { value: ending } = kernel.ending
    // A piece without a whole row: the row is longer than the module has room for.
    if (ending === IS_ODD || rows === 0 || !mayHold(count + rows, width)) return undefined
    at = Math.min(at + kernel.stop.value - INPUT, body.length)
    const needed = (count + rows) * width
    if (needed > values.length) {
      // The size that all rows will need if the rest are as long as these.
      const expected = ending === HAS_ENDED || at === body.length ? 0 : 1.02 * needed * (body.length / at)
      const grown = new Float32Array(Math.max(needed, Math.ceil(expected)))
      grown.set(values)
      values = grown
    }
    take(open, values.subarray(count * width, needed))
    count += rows
    if (ending === HAS_ENDED) break
  }
  if (count === 0) return undefined
  return {
    rows: { kind: 'rows', values: values.subarray(0, count * width), count, width, ignored: [] },
    end: at,
  }
}

/** Where text starts: after a byte-order mark. */
export function textStart(body: Uint8Array): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
}
