import type { Rows } from '../request/row-list.ts'
import { readPlain, textStart } from './rows.ts'

/**
 * Reads libsvm rows to be scored, whose indices increase and fit the width; what is absent is missing.
 * @returns undefined for anything else, which the general reader then reads or refuses
 */
export function readPlainLibsvm(body: Uint8Array, width: number, indexBase: 0 | 1): Rows | undefined {
  return readPlain(body, textStart(body), {
    width,
    hasLines: true,
    read: ({ kernel }, bytes) => kernel.readLibsvm(bytes, width, indexBase),
    take({ kernel, values, places }, into) {
      into.fill(Number.NaN)
      const pairs = kernel.pairs.value
      for (let pair = 0; pair < pairs; pair++) into[places[pair]!] = values[pair]!
    },
  })?.rows
}
