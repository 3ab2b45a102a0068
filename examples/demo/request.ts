import { featureNames } from '../catalogue/features.ts'
import type { JudgedRow, Simulation } from '../catalogue/judged.ts'

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
  const [qid, candidates] = [...byQuery].reduce((best, other) =>
    good(other[1]) > good(best[1]) ? other : best,
  )
  const { text } = simulation.queries.find((query) => query.id === qid)!
  return {
    text,
    candidates: candidates.length,
    grades: new Map(candidates.map((row) => [row.item, row.grade])),
    body: { query: { text }, items: candidates.map(toItem), limit: options.limit },
  }
}

function toItem({ item, features }: JudgedRow): object {
  // JSON has no NaN: null is a missing value.
  const columns = featureNames.map((name, index) => [
    name,
    Number.isNaN(features[index]) ? null : features[index],
  ])
  return { id: item, ...Object.fromEntries(columns) }
}
