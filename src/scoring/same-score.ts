const TOLERANCE = 1e-5

/**
 * Whether a score is the one that is wanted, but for rounding: `|seen − wanted| ≤ 1e-5 · max(1, |wanted|)`. NaN never is.
 */
export function isSameScore(seen: number, wanted: number): boolean {
  return Math.abs(seen - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted))
}
