import { isObject, type JsonObject } from '../data/json.ts'
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
  const left = new Set(candidates)
  return ranking.slice(0, limit).map(({ id, score }, index) => {
    // An id that stands twice names its items in their order.
    const known = [...left].find((candidate) => candidate.id === String(id))
    if (known) left.delete(known)
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
  const column = (
    title: string,
    cell: (line: Line) => string,
    align: Column['align'] = 'right',
  ): Column[] => {
    const cells = lines.map(cell)
    return cells.some((text) => text !== '') ? [{ title, cells, align }] : []
  }
  return formatTable([
    ...column('query', ({ candidate }) => candidate.query, 'left'),
    ...column('rank', (line) => String(line.rank)),
    ...column('item', ({ candidate }) => candidate.item, 'left'),
    ...column('score', ({ score }) => score.toFixed(4)),
    ...column('price', ({ candidate }) =>
      Number.isFinite(candidate.price) ? candidate.price.toFixed(2) : '',
    ),
    ...column('margin', ({ candidate }) =>
      Number.isFinite(candidate.margin) ? `${(100 * candidate.margin).toFixed(1)} %` : '',
    ),
  ])
}
