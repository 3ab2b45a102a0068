import type { Rows } from '../request/row-list.ts'
import { FINITE } from './layout.ts'
import { readPlain, textStart } from './rows.ts'

/**
 * Reads CSV without a header if each cell is a number or empty and each row has `width` cells.
 * @returns undefined for anything else, which the general reader then reads or refuses
 */
export function readPlainCsv(body: Uint8Array, width: number): Rows | undefined {
  return readPlain(body, textStart(body), {
    width,
    hasLines: true,
    read: ({ kernel }, bytes) => kernel.readCsv(bytes, width, FINITE),
    take: ({ values }, into) => into.set(values.subarray(0, into.length)),
  })?.rows
}
