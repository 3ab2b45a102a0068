/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => 10 ** k)

const SPACE = 0x20
const TAB = 0x09
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const LETTER_E = 0x65
const LETTER_N = 0x6e
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** With more digits than this, the bounds of {@link readLong} would not hold. */
const MOST_DIGITS = 25
/** A mantissa of 25 digits is off by 21 roundings of 2^-53 at most, each relative. */
const SLACK = 2 ** -48

const single = new Float32Array(1)

/**
 * Reads the decimal number that starts at `from` into `into[index]`, as the float32 nearest to it, rounded as
 * `Math.fround(Number(text))`. Parsers that know what comes after a number use it to read every byte once.
 * @returns where the number ends; -1 where there is none, or one that only {@link parseFloat32} can read.
 */
export function readFloat32(
  bytes: Uint8Array,
  from: number,
  end: number,
  into: Float32Array,
  index: number,
): number {
  let at = from
  let mantissa = 0
  let fraction = 0
  const sign = bytes[at]
  if (sign === MINUS || sign === PLUS) at++
  const first = at
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) break
    mantissa = mantissa * 10 + digit
  }
  let digits = at - first
  if (at < end && bytes[at] === POINT) {
    const point = ++at
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO
      if (digit < 0 || digit > 9) break
      mantissa = mantissa * 10 + digit
    }
    fraction = at - point
    digits += fraction
  }
  if (digits === 0) return -1
  if (digits > 15 || (at < end && (bytes[at]! | 0x20) === LETTER_E)) {
    return readLong(bytes, at, end, into, index, mantissa, digits, -fraction, sign === MINUS)
  }
  // Up to 15 digits and a fraction: digits and power of ten are exact doubles, so their quotient is rounded once.
  const value = fraction === 0 ? mantissa : mantissa / POWERS[fraction]!
  into[index] = sign === MINUS ? -value : value
  return at
}

/** Continues where {@link readFloat32} found many digits, or an exponent at `from`. */
function readLong(
  bytes: Uint8Array,
  from: number,
  end: number,
  into: Float32Array,
  index: number,
  mantissa: number,
  digits: number,
  fraction: number,
  negative: boolean,
): number {
  let at = from
  let power = fraction
  if (at < end && (bytes[at]! | 0x20) === LETTER_E) {
    const sign = bytes[++at]
    if (sign === MINUS || sign === PLUS) at++
    const first = at
    let exponent = 0
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO
      if (digit < 0 || digit > 9) break
      exponent = exponent * 10 + digit
    }
    if (at === first) return -1
    power += sign === MINUS ? -exponent : exponent
  }
  if (digits > MOST_DIGITS || power < -22 || power > 22) return -1
  const value = power < 0 ? mantissa / POWERS[-power]! : mantissa * POWERS[power]!
  // Beyond 15 digits the value is approximate; it is certain if all values within the error are the same float32.
  if (digits > 15 && Math.fround(value * (1 - SLACK)) !== Math.fround(value * (1 + SLACK))) return -1
  into[index] = negative ? -value : value
  return at
}

/**
 * Reads the number in `bytes[start, end)` as {@link readFloat32} does. Spaces and tabs around it are ignored.
 * @returns NaN for a missing value (nothing, or `nan` in any case), ±Infinity for anything that is not a finite
 * float32: words, hexadecimal, infinities, 1e39. A single answer for all of those keeps this path free of objects;
 * the caller, who knows the place, makes the sentence.
 */
export function parseFloat32(bytes: Uint8Array, start: number, end: number): number {
  let from = start
  let to = end
  while (from < to && (bytes[from] === SPACE || bytes[from] === TAB)) from++
  while (to > from && (bytes[to - 1] === SPACE || bytes[to - 1] === TAB)) to--
  if (from === to) return Number.NaN
  return readFloat32(bytes, from, to, single, 0) === to ? single[0]! : parseSlowly(bytes, from, to)
}

function parseSlowly(bytes: Uint8Array, from: number, to: number): number {
  // A shortcut for words, such as the names of queries.
  if (isLetter(bytes[from]!) && (bytes[from]! | 0x20) !== LETTER_N) return Number.POSITIVE_INFINITY
  // No useful decimal is longer; without this limit a hostile megabyte of digits would be read twice.
  if (to - from > 4096) return Number.POSITIVE_INFINITY
  const text = String.fromCharCode(...bytes.subarray(from, to))
  if (DECIMAL.test(text)) return Math.fround(Number(text))
  return text.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

/** Whether a text that {@link parseFloat32} answered with ±Infinity is an infinity or a number too large, not a word. */
export function isInfinite(text: string): boolean {
  // Other spaces than these are part of a word, as they are to the parser.
  const bare = text.replace(/^[ \t]+|[ \t]+$/g, '')
  return /^[+-]?inf(inity)?$/i.test(bare) || DECIMAL.test(bare)
}

/** The number with the fewest digits that rounds to this float32, as people wrote it and as JSON should show it. */
export function shortestFloat32(value: number): number {
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-6 && magnitude < 1e9) {
    const decimals = 8 - Math.floor(Math.log10(magnitude))
    const scaled = magnitude * POWERS[decimals]!
    // Digits and power of ten are exact doubles here too, so their quotient is what Number would make of the text.
    for (let unit = 1000; unit >= 1; unit /= 10) {
      const digits = scaled / unit
      const rounded = Math.round(digits)
      const shorter = (rounded * unit) / POWERS[decimals]!
      if (Math.fround(shorter) !== magnitude) continue
      // If two numbers are almost equally near, rounding may have swapped them.
      if (Math.abs(Math.abs(digits - rounded) - 0.5) < 1e-6) break
      return value < 0 ? -shorter : shorter
    }
  }
  // The sign of -0 would be lost in text.
  if (value === 0) return value
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return Number(value.toPrecision(9))
}
