import type { Rows } from '../request/row-list.ts'
import { FINITE } from './layout.ts'
import { readPlain, textStart } from './rows.ts'

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
