import { mayHold, type Rows } from '../request/row-list.ts'
import { HAS_ENDED, INPUT, INPUT_BYTES, IS_ODD } from './layout.ts'
import { type Parsers, parsers } from './parsers.ts'

/** A format as the parsers' module reads it, which knows no errors. */
interface PlainFormat {
  readonly width: number
  /** Whether a line end that is left out at the end of the body is put there. */
  readonly hasLines: boolean
  /** Reads the bytes at the input. @returns rows */
  read(parsers: Parsers, bytes: number): number
  /** Moves what was read to `into`, which has room for just that. */
  take(parsers: Parsers, into: Float32Array): void
}

const LF = 0x0a

/**
 * Reads rows out of a body, one piece of it after the other, each from where the last one stopped.
 * @param from where the first row starts
 * @returns with them, where reading ended; undefined for whatever is not plain, which the format's general reader then
 * reads, or says what is wrong with it
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
    // Without a row, one is longer than what the module has room for.
    if (ending === IS_ODD || rows === 0 || !mayHold(count + rows, width)) return undefined
    at = Math.min(at + kernel.stop.value - INPUT, body.length)
    const needed = (count + rows) * width
    if (needed > values.length) {
      // As many rows as there will be if they are as long as those before.
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

/** Where text starts: behind a byte-order mark. */
export function textStart(body: Uint8Array): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
}
