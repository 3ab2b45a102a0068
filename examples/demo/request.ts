import type { JudgedRow, Simulation } from '../catalogue/judged.ts'
import { type RawQuery, rawQueries } from './raw.ts'

export interface RankRequest {
  /** The query as typed. */
  readonly text: string
  readonly candidates: number
  /** The simulated grade of each candidate, which the ranker does not see. */
  readonly grades: ReadonlyMap<string, number>
  /** What is posted. */
  readonly body: object
}

/** A request for one held-out query: the one with the widest choice of good lots among its candidates. */
export function rankRequest(
  simulation: Simulation,
  rows: readonly JudgedRow[],
  options: { limit: number },
): RankRequest {
  const byQuery = Map.groupBy(rows, (row) => row.qid)
  const good = (list: readonly JudgedRow[]) => list.filter((row) => row.grade >= 3).length
  const [, candidates] = [...byQuery].reduce((best, other) => (good(other[1]) > good(best[1]) ? other : best))
  const [{ query, items }] = [...rawQueries(simulation, candidates).values()] as [RawQuery]
  return {
    text: query.text,
    candidates: candidates.length,
    grades: new Map(candidates.map((row) => [row.item, row.grade])),
    body: { query, items, limit: options.limit },
  }
}
