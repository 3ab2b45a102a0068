import type { Candidates } from './candidates.ts'
import type { MinimumRule } from './rules.ts'

/** The score from which an item counts as relevant for this query. */
export function leastScore({ scores }: Candidates, rule: MinimumRule): number {
  let best = Number.NEGATIVE_INFINITY
  for (let item = 0; item < scores.length; item++) best = Math.max(best, scores[item]!)
  const { score = Number.NEGATIVE_INFINITY, belowBest = Number.POSITIVE_INFINITY } = rule
  return Math.max(score, best - belowBest)
}
