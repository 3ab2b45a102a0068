// Finds where cells end, whatever is in them, before any is read: no cell then waits for the one before it.
import { CELLS, INPUT, MOST_CELLS } from '../layout'

/** No 64 bytes more are looked through from here on: each may end a cell. */
const FULL: usize = CELLS + 8 * (MOST_CELLS - 64)

/**
 * Writes the start and the end of each cell to CELLS; a cell ends at any of three bytes, and the next starts behind it.
 * @param bytes from INPUT on
 * @returns how many there are, as far as there is room
 */
export function findCells(bytes: u32, one: u8, two: u8, three: u8): u32 {
  const ones = i8x16.splat(one)
  const twos = i8x16.splat(two)
  const threes = i8x16.splat(three)
  const end: usize = INPUT + bytes
  let to: usize = CELLS
  store<u32>(to, INPUT)
  for (let at: usize = INPUT; at < end && to < FULL; at += 64) {
    let bits =
      ends(v128.load(at), ones, twos, threes) |
      (ends(v128.load(at, 16), ones, twos, threes) << 16) |
      (ends(v128.load(at, 32), ones, twos, threes) << 32) |
      (ends(v128.load(at, 48), ones, twos, threes) << 48)
    if (end - at < 64) bits &= ((<u64>1) << (end - at)) - 1
    const next = to + (usize(popcnt(bits)) << 3)
    while (to < next) {
      // Eight at a time, though the last may be none, and are written over: how often a loop turns is seldom foreseen.
      for (let n = 0; n < 8; n++) {
        const stop = u32(at) + u32(ctz(bits))
        store<u32>(to, stop, 4)
        store<u32>(to, stop + 1, 8)
        bits &= bits - 1
        to += 8
      }
    }
    to = next
  }
  return u32(to - CELLS) >> 3
}

/** A bit for each of 16 bytes that ends a cell. */
function ends(bytes: v128, ones: v128, twos: v128, threes: v128): u64 {
  const either = v128.or(i8x16.eq(bytes, ones), i8x16.eq(bytes, twos))
  return u64(i8x16.bitmask(v128.or(either, i8x16.eq(bytes, threes))))
}
