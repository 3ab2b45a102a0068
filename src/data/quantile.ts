/**
 * The quantile at `share` of ascending values, interpolated linearly between neighbours like NumPy's default and R's
 * type 7 (Hyndman & Fan 1996, doi:10.1080/00031305.1996.10473566). NaN for an empty list.
 */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const at = share * (ascending.length - 1)
  const below = Math.floor(at)
  const low = ascending[below]
  if (low === undefined) return Number.NaN
  const high = ascending[below + 1] ?? low
  return low + (high - low) * (at - below)
}
