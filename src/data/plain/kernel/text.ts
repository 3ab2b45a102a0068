// Writes float32 as the shortest decimal that reads back as the same one, as String(shortestFloat32(value)) does.
import { AFTER, BEFORE, TEXT, VALUES } from '../layout'
import { MINUS, POINT, ZERO } from './ascii'
import { POWERS } from './powers'

/** Writes a number as JavaScript does, where it is not certain here what that is. @returns how many bytes it takes */
declare function spell(value: f32, to: usize): u32

const ZEROS: u64 = 0x3030303030303030
/** Numbers of this size have no exponent, and up to eight digits before the point. */
const LEAST: f64 = 1e-6
const MOST: f64 = 99999999
/** A value times a power of ten is off by less: a double of nine digits before the point has seven behind it. */
const SLACK: f64 = 1e-6

/**
 * Writes the numbers at VALUES to TEXT.
 * @param before bytes at BEFORE to write before each, up to 16
 * @param after bytes at AFTER to write after each
 * @returns bytes that were written
 */
export function writeNumbers(count: u32, before: u32, after: u32): u32 {
  const head = v128.load(BEFORE)
  const tail = v128.load(AFTER)
  let to: usize = TEXT
  for (let index: u32 = 0; index < count; index++) {
    v128.store(to, head)
    to = writeNumber(load<f32>(VALUES + (index << 2)), to + before)
    v128.store(to, tail)
    to += after
  }
  return u32(to - TEXT)
}

function writeNumber(value: f32, to: usize): usize {
  const magnitude = abs(f64(value))
  if (magnitude === 0) {
    store<u8>(to, ZERO)
    return to + 1
  }
  if (!(magnitude >= LEAST && magnitude < MOST)) return to + spell(value, to)
  const bits = reinterpret<u32>(value)
  const binary = i32((bits >> 23) & 0xff) - 127
  // From the binary exponent follows the decimal one, or one less; so many decimals make nine digits of the value.
  let decimals: i32 = 8 - ((binary * 1233) >> 12)
  if (magnitude * power(decimals) >= 1e9) decimals--
  const scaled = magnitude * power(decimals)
  // How far another number may be and still be nearer to this float32 than to its neighbours.
  const room = reinterpret<f64>(u64(binary - 24 + 1023) << 52) * power(decimals)
  const isPower = (bits & 0x7fffff) === 0
  for (let unit: f64 = 1000; unit >= 1; unit /= 10) {
    const rounded = nearest(scaled / unit) * unit
    const off = abs(rounded - scaled)
    const limit = isPower && rounded < scaled ? room / 2 : room
    if (off > limit + SLACK) continue
    if (off > limit - SLACK || abs(off - unit / 2) < SLACK) break
    store<u8>(to, MINUS)
    return writeDecimal(rounded, decimals, to + (bits >> 31))
  }
  return to + spell(value, to)
}

/** Writes digits / 10^decimals. */
function writeDecimal(digits: f64, decimals: i32, to: usize): usize {
  const whole = trunc(digits / power(decimals))
  const wholeDigits = eightDigits(u32(whole))
  const skipped = whole === 0 ? 7 : ctz(wholeDigits) >> 3
  store<u64>(to, (wholeDigits | ZEROS) >> (skipped << 3))
  let at: usize = to + 8 - usize(skipped)
  const rest = u64(digits - whole * power(decimals)) * u64(power(16 - decimals))
  if (rest === 0) return at
  const high = eightDigits(u32(rest / 100000000))
  const low = eightDigits(u32(rest % 100000000))
  store<u8>(at++, POINT)
  store<u64>(at, high | ZEROS)
  store<u64>(at, low | ZEROS, 8)
  return at + 16 - usize(low === 0 ? 8 + (clz(high) >> 3) : clz(low) >> 3)
}

function power(exponent: i32): f64 {
  return load<f64>(POWERS + (exponent << 3))
}

/** The eight digits of a number, the first one in the lowest byte: divided by 10,000, both by 100, all four by 10. */
function eightDigits(number: u32): u64 {
  const fours = u64(number / 10000) | (u64(number % 10000) << 32)
  const hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007f
  const twos = hundreds | ((fours - hundreds * 100) << 16)
  const tens = ((twos * 103) >> 10) & 0x000f000f000f000f
  return tens | ((twos - tens * 10) << 8)
}
