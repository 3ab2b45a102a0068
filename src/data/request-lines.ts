import { RankerError } from '../errors.ts'
import { readInstanceList } from './instances.ts'
import { checkText, decodeText, isObject, parseJson } from './json.ts'
import { eachLineOf } from './lines.ts'
import { joined, type Query, type ReadItems, readQuery } from './query.ts'
import { readEnvelope } from './request-options.ts'
import type { Rows } from './row-list.ts'

/** A JSON Lines request: each line stands for itself. */
export interface Lines {
  readonly kind: 'lines'
  /** A row, a query, or what is wrong with the line. */
  readonly lines: readonly (Rows | Query | RankerError)[]
  /** The values of all rows and items, line after line. */
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  readonly ignored: readonly string[]
}

/**
 * Reads JSON Lines of rows, `{"features":[…]}`, and queries, `{"items":[…]}`. A line that cannot be read, an empty one
 * too, spoils no other.
 * @param read makes the rows of queries; without it, columns of items match the features by name
 * @throws {RankerError} BODY_EMPTY, TOO_MANY_CELLS.
 */
export function readLines(body: Uint8Array, featureNames: readonly string[], read?: ReadItems): Lines {
  const lines: (Rows | Query | RankerError)[] = []
  eachLineOf(body, (bytes, start, end) => {
    try {
      lines.push(readLine(bytes.subarray(start, end), featureNames, read))
    } catch (thrown) {
      if (!(thrown instanceof RankerError) || thrown.status >= 500) throw thrown
      lines.push(thrown)
    }
  })
  if (lines.length === 0) throw new RankerError('BODY_EMPTY', {})
  const parts = lines.filter((line): line is Rows | Query => !(line instanceof RankerError))
  return { kind: 'lines', lines, ...joined(parts, featureNames.length) }
}

function readLine(bytes: Uint8Array, featureNames: readonly string[], read?: ReadItems): Rows | Query {
  checkText(bytes)
  const text = decodeText(bytes)
  const value = parseJson(text)
  if (isObject(value)) {
    if (value.items !== undefined) return readQuery(value, text, featureNames, read)
    const row = value.features !== undefined ? 'features' : 'data'
    if (value[row] !== undefined) {
      const { output, explain, ignored } = readEnvelope(value, row)
      return { ...readInstanceList([value], featureNames), output, explain, ignored }
    }
  }
  const wanted = '{"features":[…]} or {"items":[{"id":…}]}'
  throw new RankerError('BAD_REQUEST_SHAPE', { where: 'the line', seen: value, wanted })
}
