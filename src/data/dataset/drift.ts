import { quantile } from '../quantile.ts'
import type { SampledColumn } from './profile.ts'

/** Bins of equal size in the first sample; missing values have their own. */
const BINS = 10
/** Replaces the share of an empty bin, which has no logarithm. */
const LEAST_SHARE = 1e-4

/**
 * Population stability index of a feature between two samples: Σ (q − p) ln(q / p) over the deciles of the first and a
 * bin of missing values. Below 0.1 is called stable, above 0.25 a shift (Siddiqi 2006, Credit Risk Scorecards).
 */
export function stabilityIndex(before: SampledColumn, after: SampledColumn): number {
  const deciles = Array.from({ length: BINS - 1 }, (_, bin) => quantile(before.values, (bin + 1) / BINS))
  const bounds = [...new Set(deciles)].filter((bound) => !Number.isNaN(bound))
  const [expected, seen] = [shares(before, bounds), shares(after, bounds)]
  return expected.reduce((sum, share, bin) => {
    const p = Math.max(share, LEAST_SHARE)
    const q = Math.max(seen[bin]!, LEAST_SHARE)
    return sum + (q - p) * Math.log(q / p)
  }, 0)
}

/** Share of the column in each bin `(bound before, bound]`; the last is of missing values. */
function shares({ values, missing }: SampledColumn, bounds: readonly number[]): number[] {
  const upTo = [...bounds.map((bound) => countUpTo(values, bound)), values.length]
  const there = values.length === 0 ? 0 : (1 - missing) / values.length
  return [...upTo.map((count, bin) => (count - (upTo[bin - 1] ?? 0)) * there), missing]
}

/** How many of the ascending values are at most `bound`. */
function countUpTo(ascending: Float32Array, bound: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! <= bound) low = middle + 1
    else high = middle
  }
  return low
}
