// How the last call ended.

/** For want of bytes or room; */
export const WANTS_MORE: u32 = 0
/** at what is not read; */
export const IS_ODD: u32 = 1
/** at the end of a list. */
export const HAS_ENDED: u32 = 2

export let ending: u32 = WANTS_MORE
/** Where reading stopped: all before was read. */
export let stop: usize = 0

/** Keeps how a call ended, and returns the rows that it read. */
export function endWith(how: u32, at: usize, rows: u32): u32 {
  ending = how
  stop = at
  return rows
}
