// Reads plain instances: `{"features":[1,2,null]}`, one after the other with commas between, up to the end of the list.

import { CELLS, HAS_ENDED, INPUT, IS_ODD, NONE, WANTS_MORE } from '../layout'
import { CLOSING, COLON, COMMA, LEFT, MINUS, OPENING, RIGHT, ZERO } from './ascii'
import { findCells } from './cells'
import { readNumbers } from './number'
import { endWith } from './state'

const NULL: u32 = 0x6c6c756e
/** `"features"`, ten bytes. */
const KEY = memory.data<u8>([0x22, 0x66, 0x65, 0x61, 0x74, 0x75, 0x72, 0x65, 0x73, 0x22])
const KEY_BYTES: usize = 10

/**
 * Reads the rows that are there as a whole, up to the end of their list, which then is where reading stopped.
 * @param bytes from INPUT on, where a row starts
 * @param width values of a row
 * @returns rows that were read
 */
export function readInstances(bytes: u32, width: u32): u32 {
  // A row's values, and what stands from the end of its list to that of the row.
  const most = findCells(bytes, COMMA, CLOSING, CLOSING) / (width + 1)
  let rows: u32 = 0
  let ending = WANTS_MORE
  let stop: usize = INPUT
  while (rows < most && ending === WANTS_MORE) {
    const end = checkRow(CELLS + ((rows * (width + 1)) << 3), rows * width, width)
    if (end === 0) {
      ending = IS_ODD
      break
    }
    if (load<u8>(end) === CLOSING) ending = HAS_ENDED
    stop = end + 1
    rows++
  }
  if (readNumbers(rows * width, NONE) < rows * width) ending = IS_ODD
  return endWith(ending, stop, rows)
}

/**
 * Checks what JSON wants beyond what a number is, and moves the row's cells to where they are read.
 * @returns where the row's last cell ends; 0 where it is no plain row
 */
function checkRow(row: usize, to: u32, width: u32): usize {
  const opened = openRow(load<u32>(row))
  if (opened === 0) return 0
  store<u32>(row, u32(opened))
  for (let column: u32 = 0; column < width; column++) {
    const cell = row + (usize(column) << 3)
    const stop: usize = load<u32>(cell, 4)
    if (load<u8>(stop) !== (column === width - 1 ? CLOSING : COMMA)) return 0
    let from = skipBlanks(load<u32>(cell))
    let end = stop
    while (end > from && isBlank(load<u8>(end - 1))) end--
    if (end - from === 4 && load<u32>(from) === NULL) from = end
    else if (!mayBeNumber(from, end)) return 0
    const place: usize = CELLS + (usize(to + column) << 3)
    store<u32>(place, u32(from))
    store<u32>(place, u32(end), 4)
  }
  const last = row + (usize(width) << 3)
  const end: usize = load<u32>(last, 4)
  const brace = skipBlanks(load<u32>(last))
  return load<u8>(brace) === RIGHT && skipBlanks(brace + 1) === end ? end : 0
}

/** Where a row's first value may start; 0 where no row does. */
function openRow(from: usize): usize {
  let at = skipBlanks(from)
  if (load<u8>(at) !== LEFT) return 0
  at = skipBlanks(at + 1)
  for (let byte: usize = 0; byte < KEY_BYTES; byte++) {
    if (load<u8>(at + byte) !== load<u8>(KEY + byte)) return 0
  }
  at = skipBlanks(at + KEY_BYTES)
  if (load<u8>(at) !== COLON) return 0
  at = skipBlanks(at + 1)
  return load<u8>(at) === OPENING ? at + 1 : 0
}

/** JSON has no plus sign, no zeros in front, and digits at both ends. */
function mayBeNumber(start: usize, end: usize): bool {
  const first = start + usize(load<u8>(start) === MINUS)
  const digit = u32(load<u8>(first)) - ZERO
  if (first >= end || digit > 9 || u32(load<u8>(end - 1)) - ZERO > 9) return false
  return digit !== 0 || first + 1 === end || u32(load<u8>(first + 1)) - ZERO > 9
}

function skipBlanks(from: usize): usize {
  let at = from
  while (isBlank(load<u8>(at))) at++
  return at
}

function isBlank(byte: u8): bool {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
