// Reads plain libsvm: `[label] [qid:N] index:value …` a line, indices in order, one blank or more between.

import { CELLS, FINITE, INPUT, IS_ODD, PLACES, WANTS_MORE } from '../layout'
import { COLON, CR, LF, SPACE, ZERO } from './ascii'
import { findCells } from './cells'
import { readLong, readNumbers, YES } from './number'
import { endWith } from './state'

/** What a line has had so far. */
const NOTHING: u32 = 0
const LABEL: u32 = 1
const MORE: u32 = 2

/** Pairs that the last call read: their values, and at PLACES where each belongs in a table of the lines. */
export let pairs: u32 = 0

/**
 * Reads the lines that are there as a whole.
 * @param bytes from INPUT on
 * @param width columns of the table
 * @param base the index of the first of them
 * @returns lines that were read
 */
export function readLibsvm(bytes: u32, width: u32, base: u32): u32 {
  const end: usize = CELLS + (usize(findCells(bytes, SPACE, COLON, LF)) << 3)
  let lines: u32 = 0
  let stop: usize = INPUT
  let isOdd = false
  let found: usize = 0
  pairs = 0
  let had = NOTHING
  let least: u32 = base
  for (let cell: usize = CELLS; cell < end; cell += 8) {
    const from: usize = load<u32>(cell)
    let to: usize = load<u32>(cell, 4)
    let ender = load<u8>(to)
    if (ender === COLON) {
      cell += 8
      if (cell === end) break
      const value: usize = load<u32>(cell)
      to = load<u32>(cell, 4)
      ender = load<u8>(to)
      const valueEnd = withoutCr(value, to, ender)
      if (isQid(from, value)) {
        isOdd = had === MORE || !isWhole(value, valueEnd)
      } else {
        const index = wholeNumber(from, value - 1)
        isOdd = index < least || index - base >= width || value === valueEnd || ender === COLON
        least = index + 1
        // Written over cells that were read.
        store<u32>(CELLS + found, u32(value))
        store<u32>(CELLS + found, u32(valueEnd), 4)
        store<u32>(PLACES + (found >> 1), lines * width + index - base)
        found += 8
      }
      had = MORE
    } else {
      const labelEnd = withoutCr(from, to, ender)
      if (from < labelEnd) {
        isOdd = had !== NOTHING || readLong(from, labelEnd) !== YES
        had = LABEL
      }
    }
    if (isOdd) break
    if (ender !== LF) continue
    lines++
    pairs = u32(found >> 3)
    stop = to + 1
    had = NOTHING
    least = base
  }
  isOdd = readNumbers(pairs, FINITE) < pairs || isOdd
  return endWith(isOdd ? IS_ODD : WANTS_MORE, stop, lines)
}

function withoutCr(from: usize, to: usize, ender: u8): usize {
  return ender === LF && to > from && load<u8>(to - 1) === CR ? to - 1 : to
}

/** Whether `qid:` stands there. */
function isQid(from: usize, value: usize): bool {
  return value - from === 4 && load<u32>(from) === 0x3a646971
}

function isWhole(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) if (u32(load<u8>(at) - ZERO) > 9) return false
  return from < to
}

/** A number of up to seven digits; more than any index where it is none. */
function wholeNumber(from: usize, to: usize): u32 {
  if (from === to || to - from > 7) return 0xfffffffe
  let number: u32 = 0
  for (let at = from; at < to; at++) {
    const digit = u32(load<u8>(at)) - ZERO
    if (digit > 9) return 0xfffffffe
    number = number * 10 + digit
  }
  return number
}
