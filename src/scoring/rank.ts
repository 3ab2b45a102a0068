/**
 * Positions of the scores in ranking order: highest first, ties in input order, NaN last. @param limit most positions
 * to return
 */
export function rank(scores: ArrayLike<number>, limit = scores.length): number[] {
  // Array.prototype.sort is stable, which keeps ties in input order.
  return Array.from({ length: scores.length }, (_, index) => index)
    .sort(
      (a, b) => scores[b]! - scores[a]! || Number(Number.isNaN(scores[a])) - Number(Number.isNaN(scores[b])),
    )
    .slice(0, limit)
}
