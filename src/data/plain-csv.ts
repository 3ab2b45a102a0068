import { parseFloat32, readFloat32 } from './number.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d

/** Rows of numbers as they were read, row after row. */
export interface PlainRows {
  readonly values: Float32Array
  readonly count: number
}

/**
 * Reads CSV without a header in one pass over its bytes, each cell a number or nothing, each row as wide as wanted.
 * It knows no errors and no quotes: the general reader, which keeps the place of every cell and takes a third longer on a
 * small body, says what is wrong or reads on.
 * @returns undefined for whatever it does not read.
 */
export function readPlainCsv(body: Uint8Array, width: number): PlainRows | undefined {
  const end = body.length
  let values = new Float32Array(width)
  let count = 0
  let written = 0
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  while (at < end) {
    if (written + width > values.length) {
      // As many rows as there will be if they are as long as those before.
      const rows = Math.ceil(Math.max(1.02 * count * (end / at), 1.5 * count))
      values = resized(values, (rows + 1) * width)
    }
    for (let cell = 1; cell <= width; cell++, written++) {
      let stop = readFloat32(body, at, end, values, written)
      let after = stop < 0 ? -1 : stop < end ? body[stop] : LF
      if (after !== COMMA && after !== LF) {
        stop = at
        while (stop < end && body[stop] !== COMMA && body[stop] !== LF) {
          if (body[stop++] === QUOTE) return undefined
        }
        after = stop < end ? body[stop] : LF
        const isBeforeCrLf = after === LF && stop > at && body[stop - 1] === CR
        values[written] = parseFloat32(body, at, isBeforeCrLf ? stop - 1 : stop)
      }
      if ((after === LF) !== (cell === width)) return undefined
      at = stop + 1
    }
    count++
  }
  for (let index = 0; index < written; index++) {
    if (Math.abs(values[index]!) === Number.POSITIVE_INFINITY) return undefined
  }
  return { values: values.subarray(0, written), count }
}

function resized(values: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const copy = new Float32Array(length)
  copy.set(values)
  return copy
}
