import { shortestFloat32 } from '../data/number.ts'
import { readInstanceList } from '../data/request/instances.ts'
import { type LineError, type Lines, toLineError } from '../data/request/lines.ts'
import type { OutputKey, RequestOptions } from '../data/request/output-keys.ts'
import type { ItemId, Query } from '../data/request/query.ts'
import { RankerError } from '../errors.ts'
import { pipelineOf } from '../features/pipeline.ts'
import type { RerankedItem } from '../rerank/rerank.ts'
import { rank } from '../scoring/rank.ts'
import { type Explanation, explainRows, type RawCellOf } from './explainer.ts'
import type { HookContext } from './hook-types.ts'
import type { ModelInput } from './input-fn.ts'
import type { Model } from './model.ts'
import { rerankQuery } from './rerank-query.ts'

/** What an answer says of a row. */
export interface RowPrediction extends Partial<Explanation> {
  readonly score: number
  /** Among the rows of the request, from 1; absent unless asked for. */
  readonly rank?: number
}

/** Includes what the business rules say of an item, if there are any. */
export interface RankedItem extends Partial<Explanation>, Partial<Omit<RerankedItem, 'item'>> {
  /** As the request has it. */
  readonly id: ItemId
  /** From 1. */
  readonly rank: number
  readonly score: number
}

/** What to write of an answer's rows or items, besides an item's id; everything if this is absent. */
interface Selection {
  readonly output?: readonly OutputKey[]
}

/** The answer to a query: its items from the best to the worst. */
export interface Ranking extends Selection {
  readonly ranking: readonly RankedItem[]
  readonly model: { readonly name: string; readonly version: string }
  /** How many items a minimum of relevance left out; absent where none. */
  readonly dropped?: number
  /** The server's choice, if an item was drawn for exploration and the rules have no seed. */
  readonly seed?: number
}

/** The answer to rows for which more than scores was asked. */
export interface RowPredictions extends Selection {
  readonly predictions: readonly RowPrediction[]
}

/** The answer to a line: a row's stands alone in a list. */
export type LineAnswer = RowPredictions | Ranking | LineError

/**
 * What the default predictFn returns: one score a row in input order, or whatever else was asked for of each row; a
 * query's ranking, or several; or the answer to each line of JSON Lines.
 */
export type Prediction =
  | number[]
  | RowPredictions
  | Ranking
  | { readonly rankings: readonly Ranking[] }
  | { readonly lines: readonly LineAnswer[] }

type Data = ModelInput | readonly (readonly (number | null)[])[]

/**
 * The default predictFn: scores what the default inputFn read. A hook's own inputFn may also give it an array of rows,
 * each an array of numbers in feature order, with null for a missing value.
 */
export async function predictFn(
  data: Data,
  model: Model,
  context?: Pick<HookContext, 'output'>,
): Promise<Prediction> {
  const prediction = await predict(data, model, context)
  return prediction instanceof Float32Array ? Array.from(prediction, shortestFloat32) : prediction
}

/** What {@link predictFn} does, with scores as the scorer gave them where nothing else is wanted: for the default outputFn. */
export async function predict(
  data: Data,
  model: Model,
  context?: Pick<HookContext, 'output'>,
): Promise<Prediction | Float32Array> {
  if (typeof model?.scorer?.score !== 'function')
    throw new RankerError('NO_DEFAULT_MODEL', { hook: 'predictFn' })
  const input = toInput(data, model)
  if (input.kind !== 'lines') checkCategories(input, model)
  const singles = await model.scorer.score(input.values, input.count)
  if (input.kind === 'rows' && isPlain(input, context?.output)) return singles
  // Scores are float32: the shortest number that reads back the same is half as long as the equal double.
  const scores = Array.from(singles, shortestFloat32)
  const answer = new Answerer(model, input.values, scores, context?.output)
  switch (input.kind) {
    case 'rows':
      return answer.rows(input, 0)
    case 'query':
      return answer.query(input, 0)
    case 'queries': {
      const rankings: Ranking[] = []
      let first = 0
      for (const query of input.queries) {
        rankings.push(await answer.query(query, first))
        first += query.count
      }
      return { rankings }
    }
    case 'lines': {
      const lines: LineAnswer[] = []
      let first = 0
      for (const line of input.lines) {
        lines.push(await answerLine(answer, line, first, model))
        if (!('error' in line)) first += line.count
      }
      return { lines }
    }
  }
}

/** Whatever is wrong with a line becomes its answer. */
async function answerLine(
  answer: Answerer,
  line: Lines['lines'][number],
  first: number,
  model: Model,
): Promise<LineAnswer> {
  if ('error' in line) return line
  try {
    checkCategories(line, model)
    return line.kind === 'query' ? await answer.query(line, first) : await answer.rows(line, first)
  } catch (thrown) {
    return toLineError(thrown)
  }
}

/** Whether nothing but the scores of rows is wanted. */
function isPlain({ output, explain }: RequestOptions, standard: readonly OutputKey[] = ['score']): boolean {
  return !explain && String(output ?? standard) === 'score'
}

/** Limit of one request, whatever it is made of: each contribution takes some fifty bytes. */
const MOST_CONTRIBUTIONS = 2 ** 22

/** Makes the answers to the parts of a request; `first` is the row that a part starts at. */
class Answerer {
  readonly #model: Model
  readonly #values: Float32Array
  readonly #scores: readonly number[]
  readonly #standard: readonly OutputKey[] | undefined
  #explained = 0

  constructor(
    model: Model,
    values: Float32Array,
    scores: readonly number[],
    standard: readonly OutputKey[] | undefined,
  ) {
    this.#model = model
    this.#values = values
    this.#scores = scores
    this.#standard = standard
  }

  async rows(part: RequestOptions & { readonly count: number }, first: number): Promise<RowPredictions> {
    const selection = this.#select(part)
    const scores = this.#scores.slice(first, first + part.count)
    const ranks: number[] = []
    if (selection.output?.includes('rank')) {
      for (const [position, row] of rank(scores).entries()) ranks[row] = position + 1
    }
    const explanations = await this.#explain(part, selection, Array.from(scores.keys()), first)
    const predictions = scores.map((score, row) => ({
      score,
      ...(ranks.length > 0 && { rank: ranks[row]! }),
      ...explanations?.[row],
    }))
    return { predictions, ...selection }
  }

  async query(query: Query, first: number): Promise<Ranking> {
    const selection = this.#select(query)
    const scores = this.#scores.slice(first, first + query.count)
    const reranked = rerankQuery(this.#model, query, scores)
    const order = reranked?.items.map(({ item }) => item) ?? rank(scores, query.limit)
    const explanations = await this.#explain(query, selection, order, first, this.#rawCells(query, first))
    const ranking = order.map((item, position) => ({
      id: query.ids[item]!,
      rank: position + 1,
      score: scores[item]!,
      ...reranked?.said[position],
      ...explanations?.[position],
    }))
    const { name, version } = this.#model
    return {
      ranking,
      model: { name, version },
      ...(reranked?.dropped && { dropped: reranked.dropped }),
      ...(reranked?.seed !== undefined && { seed: reranked.seed }),
      ...selection,
    }
  }

  /** What the request asks for, else the server's standard; contributions that `explain` adds go last. */
  #select({ output = this.#standard, explain }: RequestOptions): Selection {
    if (output === undefined) return {}
    return { output: explain && !output.includes('contributions') ? [...output, 'contributions'] : output }
  }

  async #explain(
    { explain }: RequestOptions,
    { output }: Selection,
    rows: readonly number[],
    first: number,
    rawCell?: RawCellOf,
  ): Promise<Explanation[] | undefined> {
    if (!explain && !output?.includes('contributions')) return undefined
    const { featureNames } = this.#model
    const width = featureNames.length
    this.#explained += rows.length
    if (this.#explained * width > MOST_CONTRIBUTIONS) {
      const most = Math.floor(MOST_CONTRIBUTIONS / width)
      throw new RankerError('TOO_MANY_CONTRIBUTIONS', { width, most })
    }
    const inBody = rows.map((row) => first + row)
    return explainRows(this.#model.explainer(), this.#model, this.#values, inBody, rawCell)
  }

  /** The cells of a query and its items that features are made from. */
  #rawCells({ items, query }: Query, first: number): RawCellOf | undefined {
    const { features } = this.#model
    const { columns } = features ? pipelineOf(features.fitted) : { columns: [] }
    return ({ column }, row) => {
      if (column === undefined) return undefined
      const { source, name } = columns[column]!
      return (source === 'query' ? query : items[row - first]!)[name] ?? null
    }
  }
}

/** To XGBoost, a category's code is a whole number from 0. */
function checkCategories(
  { values, count, width }: Pick<ModelInput, 'values' | 'count' | 'width'>,
  { categorical, featureNames }: Model,
): void {
  for (const feature of categorical) {
    for (let row = 0; row < count; row++) {
      const value = values[row * width + feature]!
      if (Number.isNaN(value) || (Number.isInteger(value) && value >= 0)) continue
      const hint = 'it is the code of a category: a whole number from 0'
      throw new RankerError('BAD_VALUE', { row: row + 1, column: featureNames[feature]!, seen: value, hint })
    }
  }
}

function toInput(data: ModelInput | readonly unknown[], model: Model): ModelInput {
  if (Array.isArray(data)) {
    return readInstanceList(
      data.map((features) => ({ features })),
      model.featureNames,
    )
  }
  const input = data as ModelInput | undefined
  const fits =
    input?.values instanceof Float32Array && input.values.length === input.count * model.scorer.width
  if (fits && isWhole(input)) return input
  throw new RankerError('HOOK_RETURNED', {
    hook: 'inputFn',
    seen: data === undefined ? 'nothing' : 'something else',
    wanted: `what the default inputFn returns, or an array of rows of ${model.scorer.width} numbers`,
  })
}

/** Whether what a hook made has the parts that its kind needs, besides the values. */
function isWhole(input: ModelInput): boolean {
  switch (input.kind) {
    case 'rows':
      return true
    case 'query':
      return Array.isArray(input.ids) && input.ids.length === input.count
    case 'queries':
      return Array.isArray(input.queries)
    case 'lines':
      return Array.isArray(input.lines)
    default:
      return false
  }
}
