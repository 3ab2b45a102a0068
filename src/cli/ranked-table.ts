import { isObject, type JsonObject } from '../data/json/json.ts'
import { rank } from '../scoring/rank.ts'
import { type Candidate, unnamedCandidate } from './candidates.ts'
import { type Column, formatTable } from './table.ts'

interface Line {
  readonly candidate: Candidate
  readonly rank: number
  readonly score: number
}

/**
 * Sets a model's JSON answer in a table that needs no explanation: the best item first, with its price and margin.
 * @param candidates what is known of the items, in the order of the request; may be empty
 * @param limit how many items of each query are shown
 * @returns undefined when the answer, a hook's perhaps, is neither a ranking nor scores
 */
export function rankedTable(
  answer: unknown,
  candidates: readonly Candidate[],
  limit?: number,
): string | undefined {
  if (!isObject(answer)) return undefined
  const { ranking, predictions } = answer
  if (Array.isArray(ranking) && ranking.every(isScored))
    return format(rankingLines(ranking, candidates, limit))
  if (Array.isArray(predictions) && predictions.every(isScored)) {
    return format(rowLines(predictions, candidates, limit))
  }
  return undefined
}

type Scored = JsonObject & { readonly score: number }

function isScored(value: unknown): value is Scored {
  return isObject(value) && typeof value.score === 'number'
}

function rankingLines(ranking: readonly Scored[], candidates: readonly Candidate[], limit?: number): Line[] {
  const byId = Map.groupBy(candidates, ({ id }) => id)
  return ranking.slice(0, limit).map(({ id, score }, index) => {
    // Items that share an id are matched in their order.
    const known = byId.get(String(id))?.shift()
    return { candidate: known ?? { ...unnamedCandidate(index), item: String(id) }, rank: index + 1, score }
  })
}

/** Scores come in input order: each query's rows are ranked among themselves. */
function rowLines(predictions: readonly Scored[], candidates: readonly Candidate[], limit?: number): Line[] {
  const rows = predictions.map(({ score }, index) => ({
    candidate: candidates[index] ?? unnamedCandidate(index),
    score,
  }))
  return [...Map.groupBy(rows, ({ candidate }) => candidate.query).values()].flatMap((group) =>
    rank(
      group.map(({ score }) => score),
      limit,
    ).map((row, index) => ({ ...group[row]!, rank: index + 1 })),
  )
}

function format(lines: readonly Line[]): string {
  const candidates = lines.map(({ candidate }) => candidate)
  const queries = candidates.map(({ query }) => query)
  const numbers = (title: string, cells: readonly string[]): Column => ({ title, cells, align: 'right' })
  // A column of the input is shown even if none of these items has a value in it.
  const known = (title: string, values: readonly (number | undefined)[], print: (value: number) => string) =>
    values.some((value) => value !== undefined)
      ? [
          numbers(
            title,
            values.map((value = Number.NaN) => (Number.isFinite(value) ? print(value) : '')),
          ),
        ]
      : []
  return formatTable([
    ...(queries.some((query) => query !== '') ? [{ title: 'query', cells: queries }] : []),
    numbers(
      'rank',
      lines.map(({ rank }) => String(rank)),
    ),
    { title: 'item', cells: candidates.map(({ item }) => item) },
    numbers(
      'score',
      lines.map(({ score }) => score.toFixed(4)),
    ),
    ...known(
      'price',
      candidates.map(({ price }) => price),
      (price) => price.toFixed(2),
    ),
    ...known(
      'margin',
      candidates.map(({ margin }) => margin),
      (margin) => `${(100 * margin).toFixed(1)} %`,
    ),
  ])
}
