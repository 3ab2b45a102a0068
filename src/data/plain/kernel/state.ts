// How the last call ended.
import { WANTS_MORE } from '../layout'

export let ending: u32 = WANTS_MORE
/** Where reading stopped: all before was read. */
export let stop: usize = 0

/** Keeps how a call ended, and returns the rows that it read. */
export function endWith(how: u32, at: usize, rows: u32): u32 {
  ending = how
  stop = at
  return rows
}
