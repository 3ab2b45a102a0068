import { readPlain, textStart } from './plain-rows.ts'
import type { Rows } from './row-list.ts'

/** Of a cell that is no plain number the module asks `parseFloat32`, and stops at one that is no finite number. */
const FINITE = 0

/**
 * Reads CSV without a header, each cell a number or nothing, each row as wide as wanted.
 * @returns undefined for whatever else there is: the general reader says what is wrong or reads on
 */
export function readPlainCsv(body: Uint8Array, width: number): Rows | undefined {
  return readPlain(body, textStart(body), {
    width,
    hasLines: true,
    read: ({ kernel }, bytes) => kernel.readCsv(bytes, width, FINITE),
    take: ({ values }, into) => into.set(values.subarray(0, into.length)),
  })?.rows
}
