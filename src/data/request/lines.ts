import { RankerError } from '../../errors.ts'
import { checkText, decodeText, isObject, parseJson } from '../json/json.ts'
import { eachLineOf } from '../lines.ts'
import { readInstanceList } from './instances.ts'
import { readEnvelope } from './options.ts'
import { joined, type Query, type ReadItems, readQuery } from './query.ts'
import type { Rows } from './row-list.ts'

/** What is wrong with a line, in the form of its answer: whole errors for millions of lines would fill the memory. */
export interface LineError {
  readonly error: { readonly code: string; readonly message: string }
}

/** A JSON Lines request: each line stands for itself. */
export interface Lines {
  readonly kind: 'lines'
  readonly lines: readonly (Rows | Query | LineError)[]
  /** The values of all rows and items, line after line. */
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  readonly ignored: readonly string[]
}

/**
 * More than the largest body, by default, has of the shortest rows. Even an empty line makes an answer of a hundred
 * bytes.
 */
const MOST_LINES = 2 ** 21
const LF = 0x0a

/**
 * Reads JSON Lines of rows, `{"features":[…]}`, and queries, `{"items":[…]}`. An unreadable or empty line does not
 * affect the others.
 * @param read makes the rows of queries; without it, columns of items match the features by name
 * @throws {RankerError} BODY_EMPTY, TOO_MANY_LINES, TOO_MANY_CELLS.
 */
export function readLines(
  body: Uint8Array,
  featureNames: readonly string[],
  mostLines = MOST_LINES,
  read?: ReadItems,
): Lines {
  let newlines = 0
  for (let at = body.indexOf(LF); at >= 0; at = body.indexOf(LF, at + 1)) {
    if (++newlines > mostLines) throw new RankerError('TOO_MANY_LINES', { most: mostLines })
  }
  const lines: (Rows | Query | LineError)[] = []
  eachLineOf(body, (bytes, start, end) => {
    try {
      lines.push(readLine(bytes.subarray(start, end), featureNames, read))
    } catch (thrown) {
      lines.push(toLineError(thrown))
    }
  })
  if (lines.length === 0) throw new RankerError('BODY_EMPTY', {})
  const parts = lines.filter((line): line is Rows | Query => !('error' in line))
  return { kind: 'lines', lines, ...joined(parts, featureNames.length) }
}

/** The answer to a line that is the client's fault. @throws any other error again */
export function toLineError(thrown: unknown): LineError {
  if (!(thrown instanceof RankerError) || thrown.status >= 500) throw thrown
  const { code, message } = thrown
  return { error: { code, message } }
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
