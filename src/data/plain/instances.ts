import type { Rows } from '../request/row-list.ts'
import { readPlain } from './rows.ts'

/** The text before the first row and after the last, and the most that is searched for either. */
const HEAD = /^[ \t\r\n]*\{[ \t\r\n]*"instances"[ \t\r\n]*:[ \t\r\n]*\[/
const TAIL = /^[ \t\r\n]*\}[ \t\r\n]*$/
const MOST_AROUND = 64

/**
 * Reads a JSON body that holds `{"instances":[{"features":[…]},…]}` and nothing else, each row as wide as the model.
 * @returns undefined for anything else, which `JSON.parse` and `readInstances` then read or refuse
 */
export function readPlainInstances(body: Buffer, width: number): Rows | undefined {
  const head = HEAD.exec(body.toString('latin1', 0, MOST_AROUND))
  if (!head) return undefined
  const plain = readPlain(body, head[0].length, {
    width,
    hasLines: false,
    read: ({ kernel }, bytes) => kernel.readInstances(bytes, width),
    take: ({ values }, into) => into.set(values.subarray(0, into.length)),
  })
  if (!plain || body.length - plain.end > MOST_AROUND) return undefined
  return TAIL.test(body.toString('latin1', plain.end)) ? plain.rows : undefined
}
