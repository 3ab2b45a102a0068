// Reads decimal numbers as float32, each rounded as Math.fround(Number(text)). docs/parsing-kernel.md draws it.
import { ANY, CELLS, NONE, VALUES } from '../layout'
import { MINUS, PLUS, POINT, ZERO } from './ascii'
import { POWERS } from './powers'

/** What neither reader here reads: src/data/number.ts says what [start, end) is, ±Infinity where no finite number. */
declare function other(start: usize, end: usize): f32

/** From `KEEP + n` on: a mask of the last n of 16 bytes. */
const KEEP = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255,
])
const LANES = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
const BYTES = memory.data<u8>([ZERO, 9, POINT - ZERO])
const WORDS = memory.data<u16>([0xff, 10])
const PAIRS = memory.data<u32>([100 + (1 << 16), 10000 + (1 << 16)])
/** A mantissa of 19 digits is no finite float32 with a greater power of ten, and 0 with a lesser one than -this. */
const MOST_POWER: i32 = 66

/**
 * Reads the numbers whose starts and ends lie at CELLS to VALUES: NaN where one is empty.
 * @returns how many it read: all, or those before the one where it stopped
 */
export function readNumbers(count: u32, others: u32): u32 {
  // Constants of 16 bytes are loaded once: V8 would make each of them anew, by three instructions, for every number.
  const zeros = v128.load8_splat(BYTES)
  const nines = v128.load8_splat(BYTES, 1)
  const points = v128.load8_splat(BYTES, 2)
  const lanes = v128.load(LANES)
  const low = v128.load16_splat(WORDS)
  const tens = v128.load16_splat(WORDS, 2)
  const hundreds = v128.load32_splat(PAIRS)
  const myriads = v128.load32_splat(PAIRS, 4)
  for (let index: u32 = 0; index < count; index++) {
    const start: usize = load<u32>(CELLS + (index << 3))
    const end: usize = load<u32>(CELLS + (index << 3), 4)
    const negative = u32(load<u8>(start) === MINUS)
    const length = u32(end - start) - negative
    if (length - 1 < 16) {
      // The 16 bytes up to its end, so that a digit counts the same in every number.
      const bytes = v128.and(i8x16.sub(v128.load(end - 16), zeros), v128.load(KEEP + length))
      const others = i8x16.bitmask(i8x16.le_u(bytes, nines)) ^ 0xffff
      const pointed = i8x16.bitmask(i8x16.eq(bytes, points))
      // Nothing but digits, one at least, and a point perhaps.
      if (((others ^ pointed) | (others & (others - 1))) === 0 && length > u32(others !== 0)) {
        // What stands before the point moves into its place.
        const moved = i8x16.le_s(lanes, i8x16.splat(i8(31 - clz(others))))
        const digits = v128.swizzle(bytes, i8x16.add(lanes, moved))
        const twos = i16x8.add(i16x8.mul(v128.and(digits, low), tens), i16x8.shr_u(digits, 8))
        const fours = i32x4.dot_i16x8_s(twos, hundreds)
        const eights = i64x2.extract_lane(i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(fours, fours), myriads), 0)
        const mantissa = (eights & 0xffffffff) * 100000000 + i64(u64(eights) >> 32)
        // Both are exact doubles, so that their quotient is rounded once, as Number would.
        const fraction = 15 - ctz(others | 0x8000)
        const value = f32(f64(mantissa) / load<f64>(POWERS + (fraction << 3)))
        store<f32>(VALUES + (index << 2), signed(value, negative))
        continue
      }
    }
    const value = readOther(start, end, others)
    if (abs(value) === Infinity && others !== ANY) return index
    store<f32>(VALUES + (index << 2), value)
  }
  return count
}

function readOther(start: usize, end: usize, others: u32): f32 {
  if (start === end) return NaN
  const answer = readLong(start, end)
  if (answer === YES) return long
  return answer === NO && others === NONE ? Infinity : other(start, end)
}

function signed(value: f32, negative: u32): f32 {
  return reinterpret<f32>(reinterpret<u32>(value) | (negative << 31))
}

/** The number that readLong read. */
let long: f32 = 0
let mantissa: u64 = 0
let count: u32 = 0

/** What readLong says: it is no such number; */
const NO: u32 = 0
/** it is finite, and was read; */
export const YES: u32 = 1
/** it is one, and what it is as a float32 is not certain. */
const UNSURE: u32 = 2

/** Reads a number of up to 19 digits, zeros at its start aside, perhaps with an exponent. */
export function readLong(start: usize, end: usize): u32 {
  const first: u32 = load<u8>(start)
  const from = start + usize(first === MINUS || first === PLUS)
  mantissa = 0
  count = 0
  let at = readDigits(skipZeros(from, end), end)
  let seen = at - from
  let power: i32 = 0
  if (at < end && load<u8>(at) === POINT) {
    const point = ++at
    at = readDigits(count === 0 ? skipZeros(at, end) : at, end)
    power = i32(point - at)
    seen += at - point
  }
  if (seen === 0) return NO
  if (at < end) {
    // `1.e5` is a number, but none of JSON's.
    if (power === 0 && load<u8>(at - 1) === POINT) return NO
    if ((load<u8>(at) | 0x20) !== 0x65) return NO
    const sign: u32 = ++at < end ? load<u8>(at) : 0
    if (sign === MINUS || sign === PLUS) at++
    if (at === end || end - at > 4) return NO
    let exponent: i32 = 0
    for (; at < end; at++) {
      const digit = u32(load<u8>(at)) - ZERO
      if (digit > 9) return NO
      exponent = exponent * 10 + digit
    }
    power += sign === MINUS ? -exponent : exponent
  }
  if (mantissa === 0) power = 0
  if (power > MOST_POWER) return UNSURE
  if (power < -MOST_POWER) {
    // Less than half of the least float32, whatever the digits are.
    long = signed(0, u32(first === MINUS))
    return YES
  }
  let value = f64(mantissa)
  for (; power > 22; power -= 22) value *= 1e22
  for (; power < -22; power += 22) value /= 1e22
  value = power < 0 ? value / load<f64>(POWERS + (-power << 3)) : value * load<f64>(POWERS + (power << 3))
  // Four roundings at most, and a fifth in what Number makes of the text: the true one is known where all that is near
  // is the same float32.
  long = signed(f32(value * (1 - 2 ** -50)), u32(first === MINUS))
  const other = signed(f32(value * (1 + 2 ** -50)), u32(first === MINUS))
  return long === other && abs(long) !== Infinity ? YES : UNSURE
}

function skipZeros(from: usize, end: usize): usize {
  let at = from
  while (at < end && load<u8>(at) === ZERO) at++
  return at
}

/** Adds digits to the mantissa; stops at what is none, and where there are too many. */
function readDigits(from: usize, end: usize): usize {
  let at = from
  while (at + 8 <= end && count < 12) {
    const bytes = load<u64>(at)
    const digits = bytes - 0x3030303030303030
    if (((bytes + 0x4646464646464646) | digits) & 0x8080808080808080) break
    // Neighbours are joined: to twos, then to fours and to eight by two multiplications that add up.
    const twos = digits * 10 + (digits >> 8)
    const mask: u64 = 0x000000ff000000ff
    const eight = ((twos & mask) * 0x000f424000000064 + ((twos >> 16) & mask) * 0x0000271000000001) >> 32
    mantissa = mantissa * 100000000 + eight
    count += 8
    at += 8
  }
  for (; at < end && count < 19; at++) {
    const digit = u32(load<u8>(at)) - ZERO
    if (digit > 9) break
    mantissa = mantissa * 10 + digit
    count++
  }
  return at
}
