import { isObject, type JsonObject } from '../data/json.ts'
import { writeNpy } from '../data/npy.ts'
import type { ItemId } from '../data/query.ts'
import { writeRecords } from '../data/record-writer.ts'
import { RankerError } from '../errors.ts'
import { negotiate } from './accept.ts'
import type { HookContext } from './hook-types.ts'
import type { LineAnswer, Prediction, RankedItem, Ranking, RowPrediction } from './predict-fn.ts'

const JSON_TYPE = 'application/json'
const CSV = 'text/csv'
const JSON_LINES = 'application/jsonlines'
const NPY = 'application/x-npy'
const RECORDIO = 'application/x-recordio-protobuf'

/** The media types of answers, the server's preference first. */
export const ANSWER_TYPES: readonly string[] = [JSON_TYPE, CSV, JSON_LINES, NPY, RECORDIO]

/** The answer's own type for content types that are not answered in kind. */
const OWN_TYPES = new Map([
  ['text/libsvm', CSV],
  ['text/x-libsvm', CSV],
  ...ANSWER_TYPES.map((type): [string, string] => [type, type]),
])

/** The media types that a request can be answered in, the one that fits it best first. */
export function answerTypesFor(essence: string): readonly string[] {
  // Lines that cannot be read are answered by error objects, which have no place elsewhere.
  if (essence === JSON_LINES) return [JSON_LINES]
  const own = OWN_TYPES.get(essence) ?? JSON_TYPE
  return [own, ...ANSWER_TYPES.filter((type) => type !== own)]
}

type Item = RowPrediction | RankedItem
/** @param features names in the model's order, where they are known */
type Write<T> = (prediction: T, features?: readonly string[]) => string | Buffer

/** How each kind of prediction is written in each type that can hold it. The last byte of a line format is a newline. */
const WRITERS = {
  scores: new Map<string, Write<readonly number[]>>([
    [
      JSON_TYPE,
      (scores) => `{"predictions":[${scores.map((score) => `{"score":${JSON.stringify(score)}}`)}]}`,
    ],
    [CSV, (scores) => scores.map((score) => `${score}\n`).join('')],
    [JSON_LINES, (scores) => scores.map((score) => `{"score":${JSON.stringify(score)}}\n`).join('')],
    [NPY, (scores) => writeNpy(scores)],
    [RECORDIO, (scores) => writeRecords(scores.map((score) => ({ label: { score: [score] } })))],
  ]),
  predictions: new Map<string, Write<readonly RowPrediction[]>>([
    [JSON_TYPE, (predictions) => JSON.stringify({ predictions })],
    [CSV, (predictions) => csvLines(predictions)],
    [JSON_LINES, (predictions) => jsonLines(predictions)],
    [RECORDIO, records],
  ]),
  ranking: new Map<string, Write<Ranking>>([
    [JSON_TYPE, (ranking) => JSON.stringify(ranking)],
    [CSV, ({ ranking }) => csvLines(ranking)],
    [JSON_LINES, (ranking) => jsonLines([ranking])],
    [RECORDIO, ({ ranking }, features) => records(ranking, features)],
  ]),
  rankings: new Map<string, Write<readonly Ranking[]>>([
    [JSON_TYPE, (rankings) => JSON.stringify(rankings)],
    [CSV, (rankings) => csvLines(rankings.flatMap(({ ranking }) => ranking))],
    [JSON_LINES, jsonLines],
    [
      RECORDIO,
      (rankings, features) =>
        records(
          rankings.flatMap(({ ranking }) => ranking),
          features,
        ),
    ],
  ]),
  lines: new Map<string, Write<readonly LineAnswer[]>>([[JSON_LINES, jsonLines]]),
}

/**
 * The default outputFn: writes a prediction in the media type that `accept` prefers.
 * A hook's prediction that is none of the default predictFn's can be written as JSON only.
 * @throws {RankerError} NOT_ACCEPTABLE, HOOK_RETURNED.
 */
export function outputFn(
  prediction: Prediction,
  accept: string,
  context?: Pick<HookContext, 'model'>,
): [body: string | Buffer, contentType: string] {
  const contentType = negotiate(accept, ANSWER_TYPES)
  if (contentType === undefined)
    throw new RankerError('NOT_ACCEPTABLE', { seen: accept, known: ANSWER_TYPES })
  const written = writeAs(contentType, prediction, context?.model?.featureNames)
  if (written !== undefined) return [written, contentType]
  if (contentType === JSON_TYPE && prediction !== undefined) return [JSON.stringify(prediction), contentType]
  throw new RankerError('HOOK_RETURNED', {
    hook: 'predictFn',
    seen: prediction === undefined ? 'nothing' : 'something else',
    wanted: `an array of numbers or an object with a ranking, to be answered as ${contentType}`,
  })
}

/** @returns undefined for what is none of the default predictFn's. @throws {RankerError} NOT_ACCEPTABLE. */
function writeAs(
  contentType: string,
  prediction: Prediction,
  features: readonly string[] | undefined,
): string | Buffer | undefined {
  const as = <T>(writers: ReadonlyMap<string, Write<T>>, value: T) => {
    const write = writers.get(contentType)
    if (write) return write(value, features)
    throw new RankerError('NOT_ACCEPTABLE', { seen: contentType, known: [...writers.keys()] })
  }
  if (isScores(prediction)) return as(WRITERS.scores, Array.from(prediction))
  // What a hook makes may look like a prediction of ours and be none.
  const made = isObject(prediction) ? (prediction as JsonObject) : {}
  if (isRanking(made)) return as(WRITERS.ranking, made)
  if (isListOf(made.rankings, isRanking)) return as(WRITERS.rankings, made.rankings)
  if (isListOf(made.predictions, isItem)) return as(WRITERS.predictions, made.predictions)
  if (isListOf(made.lines, isObject)) return as(WRITERS.lines, made.lines as readonly LineAnswer[])
  return undefined
}

function isListOf<T>(value: unknown, is: (one: unknown) => one is T): value is T[] {
  return Array.isArray(value) && value.every(is)
}

function isRanking(value: unknown): value is Ranking {
  return isObject(value) && isListOf(value.ranking, isRankedItem)
}

function isRankedItem(value: unknown): value is RankedItem {
  return isItem(value) && (value as Partial<RankedItem>).id != null
}

function isItem(value: unknown): value is Item {
  if (!isObject(value)) return false
  const { contributions = {} } = value
  if (!isObject(contributions)) return false
  const numbers = ['score', 'rank', 'base'].flatMap((key) => (value[key] === undefined ? [] : [value[key]]))
  return (
    numbers.length > 0 &&
    [...numbers, ...Object.values(contributions)].every((one) => typeof one === 'number')
  )
}

/** A hook may well leave its scores in a typed array. */
function isScores(prediction: unknown): prediction is ArrayLike<number> {
  if (prediction instanceof Float32Array || prediction instanceof Float64Array) return true
  return Array.isArray(prediction) && prediction.every((score) => typeof score === 'number')
}

function jsonLines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** What is written of an item where only keys of ours have a place; a hook may have added others. */
const KEYS: ReadonlySet<string> = new Set(['id', 'rank', 'score', 'contributions', 'base'])

type Value = ItemId | Readonly<Record<string, number>>

function entriesOf(item: Item): [key: string, value: Value][] {
  return (Object.entries(item) as [string, Value][]).filter(([key]) => KEYS.has(key))
}

/** The values of an item in the order of its keys; contributions are one cell of JSON. */
function csvLines(items: readonly Item[]): string {
  return items.map((item) => `${entriesOf(item).map(([, value]) => csvCell(value))}\n`).join('')
}

/** RFC 4180: text with a comma, a quote or a line break is quoted. */
function csvCell(value: Value): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One tensor a key, contributions in the order of the features; an item's id is the uid. */
function records(items: readonly Item[], features?: readonly string[]): Buffer {
  return writeRecords(
    items.map((item) => {
      const { id } = item as Partial<RankedItem>
      const label = entriesOf(item)
        .filter(([key]) => key !== 'id')
        .map(([key, value]) => [
          key,
          typeof value === 'object' ? inOrder(value as Contributions, features) : [value],
        ])
      return {
        label: Object.fromEntries(label),
        ...(id !== undefined && { uid: typeof id === 'string' ? id : JSON.stringify(id) }),
      }
    }),
  )
}

type Contributions = Readonly<Record<string, number>>

function inOrder(
  contributions: Contributions,
  features: readonly string[] = Object.keys(contributions),
): number[] {
  return features.map((name) => contributions[name] ?? 0)
}
