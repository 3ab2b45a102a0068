import { isObject } from '../data/json.ts'
import type { ItemId } from '../data/query.ts'
import { RankerError } from '../errors.ts'
import { negotiate } from './accept.ts'
import type { HookContext } from './hook-types.ts'
import type { Prediction, Ranking } from './predict-fn.ts'

interface Encoder {
  readonly rows: (scores: readonly number[]) => string
  readonly query: (ranking: Ranking) => string
}

/** Every media type that is written. The last byte of a line format is one newline. */
const ENCODERS = new Map<string, Encoder>([
  [
    'application/json',
    {
      rows: (scores) => JSON.stringify({ predictions: scores.map((score) => ({ score })) }),
      query: (ranking) => JSON.stringify(ranking),
    },
  ],
  [
    'text/csv',
    {
      rows: (scores) => scores.map((score) => `${score}\n`).join(''),
      query: ({ ranking }) =>
        ranking.map(({ id, rank, score }) => `${csvCell(id)},${rank},${score}\n`).join(''),
    },
  ],
  [
    'application/jsonlines',
    {
      rows: (scores) => scores.map((score) => `{"score":${JSON.stringify(score)}}\n`).join(''),
      query: (ranking) => `${JSON.stringify(ranking)}\n`,
    },
  ],
])

/** The media types of answers, the server's preference first. */
export const ANSWER_TYPES: readonly string[] = [...ENCODERS.keys()]

/**
 * The default outputFn: writes a prediction in the media type that `accept` prefers.
 * A hook's prediction that is neither scores nor a ranking can be written as JSON only.
 * @throws {RankerError} NOT_ACCEPTABLE, HOOK_RETURNED.
 */
export function outputFn(
  prediction: Prediction,
  accept: string,
  _context?: HookContext,
): [body: string, contentType: string] {
  const contentType = negotiate(accept, ANSWER_TYPES)
  if (contentType === undefined)
    throw new RankerError('NOT_ACCEPTABLE', { seen: accept, known: ANSWER_TYPES })
  const encoder = ENCODERS.get(contentType)!
  if (isScores(prediction)) return [encoder.rows(Array.from(prediction)), contentType]
  if (isRanking(prediction)) return [encoder.query(prediction), contentType]
  if (contentType === 'application/json' && prediction !== undefined)
    return [JSON.stringify(prediction), contentType]
  throw new RankerError('HOOK_RETURNED', {
    hook: 'predictFn',
    seen: prediction === undefined ? 'nothing' : 'something else',
    wanted: `an array of numbers or an object with a ranking, to be answered as ${contentType}`,
  })
}

/** A hook may well leave its scores in a typed array. */
function isScores(prediction: unknown): prediction is ArrayLike<number> {
  if (prediction instanceof Float32Array || prediction instanceof Float64Array) return true
  return Array.isArray(prediction) && prediction.every((score) => typeof score === 'number')
}

function isRanking(prediction: unknown): prediction is Ranking {
  if (!isObject(prediction) || !Array.isArray(prediction.ranking)) return false
  return prediction.ranking.every(
    (item: unknown) =>
      isObject(item) && item.id != null && typeof item.rank === 'number' && typeof item.score === 'number',
  )
}

/** RFC 4180: text with a comma, a quote or a line break is quoted. */
function csvCell(id: ItemId): string {
  if (typeof id === 'object') return id.rawJSON
  const text = String(id)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
