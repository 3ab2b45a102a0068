import { isObject, type JsonObject } from '../data/json/json.ts'
import { writeNpy } from '../data/npy.ts'
import { type ScoreFormat, writeScoreText } from '../data/plain/score-text.ts'
import { writeRecords, writeScoreRecords } from '../data/recordio/writer.ts'
import type { LineError } from '../data/request/lines.ts'
import type { OutputKey } from '../data/request/output-keys.ts'
import type { ItemId } from '../data/request/query.ts'
import { RankerError } from '../errors.ts'
import { negotiate } from './accept.ts'
import { partsOf } from './explainer.ts'
import type { HookContext } from './hook-types.ts'
import type {
  LineAnswer,
  Prediction,
  RankedItem,
  Ranking,
  RowPrediction,
  RowPredictions,
} from './predict-fn.ts'

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
/** The features' names in the model's order, where they are known. */
type Names = () => readonly string[] | undefined
type Write<T> = (prediction: T, features: Names) => string | Buffer

/** How each kind of prediction is written in each type that can hold it. The last byte of a line format is a newline. */
const WRITERS = {
  scores: new Map<string, Write<ArrayLike<number>>>([
    [JSON_TYPE, (scores) => writeScores(scores, SCORES_AS_JSON)],
    [CSV, (scores) => writeScores(scores, { after: '\n', notFinite: String })],
    [
      JSON_LINES,
      (scores) => writeScores(scores, { before: '{"score":', after: '}\n', notFinite: JSON.stringify }),
    ],
    [NPY, (scores) => writeNpy(scores)],
    [RECORDIO, (scores) => writeScoreRecords(scores)],
  ]),
  predictions: new Map<string, Write<RowPredictions>>([
    [JSON_TYPE, (rows) => JSON.stringify({ predictions: selected(rows, rows.predictions) })],
    [CSV, (rows) => csvLines(selected(rows, rows.predictions))],
    [JSON_LINES, (rows) => jsonLines(selected(rows, rows.predictions))],
    [RECORDIO, (rows, features) => records(selected(rows, rows.predictions), features())],
  ]),
  ranking: new Map<string, Write<Ranking>>([
    [JSON_TYPE, (ranking) => JSON.stringify(asAnswer(ranking))],
    [CSV, (ranking) => csvLines(itemsOf(ranking))],
    [JSON_LINES, (ranking) => jsonLines([asAnswer(ranking)])],
    [RECORDIO, (ranking, features) => records(itemsOf(ranking), features())],
  ]),
  rankings: new Map<string, Write<readonly Ranking[]>>([
    [JSON_TYPE, (rankings) => JSON.stringify(rankings.map(asAnswer))],
    [CSV, (rankings) => csvLines(rankings.flatMap(itemsOf))],
    [JSON_LINES, (rankings) => jsonLines(rankings.map(asAnswer))],
    [RECORDIO, (rankings, features) => records(rankings.flatMap(itemsOf), features())],
  ]),
  lines: new Map<string, Write<readonly LineAnswer[]>>([
    [JSON_LINES, (lines) => jsonLines(lines.map(asLine))],
  ]),
}

const SCORES_AS_JSON: ScoreFormat = {
  open: '{"predictions":[',
  before: '{"score":',
  after: '}',
  between: ',',
  close: ']}',
  notFinite: JSON.stringify,
}

/** Scores of a scorer's are float32, written as such; a hook's may be any numbers. */
function writeScores(scores: ArrayLike<number>, format: ScoreFormat): string | Buffer {
  if (scores instanceof Float32Array) return writeScoreText(scores, format)
  const { open = '', before = '', after = '', between = '', close = '', notFinite } = format
  const texts = Array.from(scores, (score) => {
    return `${before}${Number.isFinite(score) ? score : notFinite(score)}${after}`
  })
  return `${open}${texts.join(between)}${close}`
}

const itemsOf = (ranking: Ranking): readonly Partial<RankedItem>[] => selected(ranking, ranking.ranking)

function asAnswer({ output, ...ranking }: Ranking): object {
  return { ...ranking, ranking: selected({ output }, ranking.ranking) }
}

function asLine(line: LineAnswer): object {
  if ('ranking' in line) return asAnswer(line)
  return 'predictions' in line ? selected(line, line.predictions)[0]! : line
}

/** The values wanted of each item, in the order wanted, after its id. */
function selected<T extends Item>(
  { output }: { output?: readonly OutputKey[] | undefined },
  items: readonly T[],
) {
  if (output === undefined) return items
  return items.map((item): Partial<T> => {
    const { contributions, base, values } = item
    const parts = {
      score: { score: item.score },
      rank: { rank: item.rank },
      contributions: { contributions, base, ...(values && { values }) },
    }
    return Object.assign({}, 'id' in item && { id: item.id }, ...output.map((key) => parts[key]))
  })
}

/**
 * The default outputFn: writes a prediction in the media type that `accept` prefers. A prediction in a hook's own
 * form can only be written as JSON.
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
  const model = context?.model
  const names = () => model && partsOf(model).map(({ name }) => name)
  const written = writeAs(contentType, prediction, names)
  if (written !== undefined) return [written, contentType]
  const json = contentType === JSON_TYPE ? toJson(prediction) : undefined
  if (json !== undefined) return [json, contentType]
  throw new RankerError('HOOK_RETURNED', {
    hook: 'predictFn',
    seen: prediction === undefined ? 'nothing' : 'something else',
    wanted: `an array of numbers or an object with a ranking, to be answered as ${contentType}`,
  })
}

/** JSON of whatever a hook returned; undefined if it has none: nothing, a function, a bigint, a cycle. */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** @returns undefined for what the default predictFn never returns. @throws {RankerError} NOT_ACCEPTABLE. */
function writeAs(contentType: string, prediction: Prediction, features: Names): string | Buffer | undefined {
  const as = <T>(writers: ReadonlyMap<string, Write<T>>, value: T) => {
    const write = writers.get(contentType)
    if (write) return whole(() => write(value, features))
    throw new RankerError('NOT_ACCEPTABLE', { seen: contentType, known: [...writers.keys()] })
  }
  if (isScores(prediction)) return as(WRITERS.scores, prediction)
  // What a hook returns may look like one of our predictions and not be one.
  const made = isObject(prediction) ? (prediction as JsonObject) : {}
  if (isRanking(made)) return as(WRITERS.ranking, made)
  if (isListOf(made.rankings, isRanking)) return as(WRITERS.rankings, made.rankings)
  if (isRowPredictions(made)) return as(WRITERS.predictions, made)
  return isListOf(made.lines, isLine) ? as(WRITERS.lines, made.lines) : undefined
}

/** @throws {RankerError} ANSWER_TOO_LARGE where the text is longer than a string can be. */
function whole<T>(write: () => T): T {
  try {
    return write()
  } catch (cause) {
    if (cause instanceof RangeError) throw new RankerError('ANSWER_TOO_LARGE', {}, { cause })
    throw cause
  }
}

function isListOf<T>(value: unknown, is: (one: unknown) => one is T): value is T[] {
  return Array.isArray(value) && value.every(is)
}

function isRanking(value: unknown): value is Ranking {
  return isObject(value) && isListOf(value.ranking, isRankedItem)
}

function isRowPredictions(value: unknown): value is RowPredictions {
  return isObject(value) && isListOf(value.predictions, isItem)
}

function isLine(value: unknown): value is LineAnswer {
  return isRanking(value) || (isRowPredictions(value) && value.predictions.length === 1) || isLineError(value)
}

function isLineError(value: unknown): value is LineError {
  return isObject(value) && isObject(value.error)
}

function isRankedItem(value: unknown): value is RankedItem {
  return isItem(value) && 'id' in value && value.id != null && typeof value.rank === 'number'
}

function isItem(value: unknown): value is Item {
  if (!isObject(value) || typeof value.score !== 'number') return false
  const { contributions = {} } = value
  return isObject(contributions) && Object.values(contributions).every((one) => typeof one === 'number')
}

/** A hook may well leave its scores in a typed array. */
function isScores(prediction: unknown): prediction is ArrayLike<number> {
  if (prediction instanceof Float32Array || prediction instanceof Float64Array) return true
  return Array.isArray(prediction) && prediction.every((score) => typeof score === 'number')
}

function jsonLines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** The keys that have a place in formats with columns; a hook may have added others. */
const KEYS: ReadonlySet<string> = new Set(['id', 'rank', 'score', 'contributions', 'base'])

type Value = ItemId | Readonly<Record<string, number>>

function entriesOf(item: Partial<Item>): [key: string, value: Value][] {
  return (Object.entries(item) as [string, Value][]).filter(([key]) => KEYS.has(key))
}

/** The values of an item in the order of its keys; contributions are one cell of JSON. */
function csvLines(items: readonly Partial<Item>[]): string {
  return items.map((item) => `${entriesOf(item).map(([, value]) => csvCell(value))}\n`).join('')
}

/** RFC 4180: text with a comma, a quote or a line break is quoted. */
function csvCell(value: Value): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One tensor a key, contributions in the order of the features; an item's id is the uid. */
function records(items: readonly Partial<Item>[], features?: readonly string[]): Buffer {
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
