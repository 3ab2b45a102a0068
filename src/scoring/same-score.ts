const TOLERANCE = 1e-5

/**
 * Whether a score equals the wanted one up to rounding: `|seen − wanted| ≤ 1e-5 · max(1, |wanted|)`. NaN never does.
 */
export function isSameScore(seen: number, wanted: number): boolean {
  return Math.abs(seen - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted))
}
