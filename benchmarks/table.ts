/** A table for people: the first column to the left, the others to the right, as numbers read best. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd()
  return [header, widths.map((width) => '─'.repeat(width)), ...rows].map(line).join('\n')
}

/** The middle one of the values; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  return (quantile(values, 0.5) + quantile(values, 0.5, 'above')) / 2
}

/** The value below which a share of the others lies (nearest rank). */
export function quantile(
  values: ArrayLike<number>,
  share: number,
  side: 'below' | 'above' = 'below',
): number {
  const sorted = Float64Array.from(values).sort()
  const rank = side === 'below' ? Math.ceil(share * sorted.length) - 1 : Math.floor(share * sorted.length)
  return sorted[Math.min(Math.max(rank, 0), sorted.length - 1)] ?? Number.NaN
}

/** A number to three significant digits, without an exponent: 0.0421, 4.21, 421, 42100. */
export function short(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return Number.isFinite(value) ? '0' : '-'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 6))
}

/** The median, and beside it half of the distance between the quartiles as a share of it: `2.34 ±3 %`. */
export function withSpread(values: readonly number[]): string {
  const middle = median(values)
  const share = (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / middle
  return values.length > 1 && Number.isFinite(share)
    ? `${short(middle)} ±${(100 * share).toFixed(0)} %`
    : short(middle)
}

/** The median of what the first is of the second, round by round: a busy moment of the machine falls on both. */
export function ratio(first: readonly number[], second: readonly number[]): number {
  return median(first.map((value, round) => value / second[round]!))
}
