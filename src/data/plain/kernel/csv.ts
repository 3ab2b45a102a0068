// Reads plain CSV: lines of as many cells as are wanted, without quotes.

import { CELLS, IS_ODD, WANTS_MORE } from '../layout'
import { COMMA, CR, LF } from './ascii'
import { findCells } from './cells'
import { readNumbers } from './number'
import { endWith } from './state'

/**
 * Reads the lines that are there as a whole: their values, row after row.
 * @param bytes from INPUT on
 * @param width cells of a line
 * @param others what to make of cells that are no plain numbers, as `readNumbers` has it
 * @returns lines that were read
 */
export function readCsv(bytes: u32, width: u32, others: u32): u32 {
  const lines = findCells(bytes, COMMA, LF, LF) / width
  const sound = checkLines(lines, width)
  const rows = readNumbers(sound * width, others) / width
  return endWith(rows < lines ? IS_ODD : WANTS_MORE, load<u32>(CELLS + ((rows * width) << 3)), rows)
}

/** How many lines from the first on have as many cells as are wanted. A CR at the end of a line is no part of it. */
function checkLines(most: u32, width: u32): u32 {
  let cell: usize = CELLS
  for (let line: u32 = 0; line < most; line++) {
    const last = cell + (usize(width - 1) << 3)
    for (; cell < last; cell += 8) if (load<u8>(load<u32>(cell, 4)) !== COMMA) return line
    const stop: usize = load<u32>(cell, 4)
    if (load<u8>(stop) !== LF) return line
    if (stop > load<u32>(cell) && load<u8>(stop - 1) === CR) store<u32>(cell, u32(stop - 1), 4)
    cell += 8
  }
  return most
}
