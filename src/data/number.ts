/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => 10 ** k)

const SPACE = 0x20
const TAB = 0x09
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/**
 * Reads the number in `bytes[start, end)` as the float32 nearest to it, rounded as `Math.fround(Number(text))`.
 * Spaces and tabs around it do not count.
 * @returns NaN for a missing value (nothing, or `nan` in any case), ±Infinity for whatever is no finite float32:
 * words, hexadecimal, infinities, 1e39. One kind of answer for all of those keeps this path free of objects;
 * the caller, which knows the place, makes the sentence.
 */
export function parseFloat32(bytes: Uint8Array, start: number, end: number): number {
  let from = start
  let to = end
  while (from < to && (bytes[from] === SPACE || bytes[from] === TAB)) from++
  while (to > from && (bytes[to - 1] === SPACE || bytes[to - 1] === TAB)) to--
  if (from === to) return Number.NaN

  // Up to 15 digits and a fraction: digits and power of ten are exact doubles, so their quotient is rounded once.
  let at = from
  const sign = bytes[at]
  if (sign === 0x2d || sign === 0x2b) at++
  let digits = 0
  let fraction = 0
  let mantissa = 0
  let point = false
  for (; at < to; at++) {
    const byte = bytes[at]!
    if (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + (byte - 0x30)
      digits++
      if (point) fraction++
    } else if (byte === 0x2e && !point) {
      point = true
    } else {
      break
    }
  }
  if (at === to && digits > 0 && digits <= 15) {
    const value = fraction === 0 ? mantissa : mantissa / POWERS[fraction]!
    return Math.fround(sign === 0x2d ? -value : value)
  }
  return parseSlowly(bytes, from, to)
}

function parseSlowly(bytes: Uint8Array, from: number, to: number): number {
  // No decimal spelling of interest is longer; the cut keeps a hostile megabyte of digits from costing twice.
  if (to - from > 4096) return Number.POSITIVE_INFINITY
  const text = String.fromCharCode(...bytes.subarray(from, to))
  if (DECIMAL.test(text)) return Math.fround(Number(text))
  return text.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
}

/** Whether a text that {@link parseFloat32} answered with ±Infinity is an infinity or a number too large, not a word. */
export function isInfinite(text: string): boolean {
  return /^[+-]?inf(inity)?$/i.test(text.trim()) || DECIMAL.test(text.trim())
}

/** The number with the fewest digits that rounds to this float32, as people wrote it and as JSON should show it. */
export function shortestFloat32(value: number): number {
  // The sign of -0 would be lost in text.
  if (value === 0) return value
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return Number(value.toPrecision(9))
}
