/**
 * How rows with equal scores are ordered: in input order, as XGBoost does, or by their names (TREC's docno) in
 * descending order, as trec_eval does.
 */
export type Ties =
  | { readonly ties?: 'input' }
  | { readonly ties: 'docno' /** One name a row. */; readonly docnos: readonly string[] }

/** Whether a row ranks before another. Higher values come first, NaN last. */
export type RanksBefore = (row: number, other: number) => boolean

export function orderOf(values: Float32Array, ties: Ties): RanksBefore {
  const docnos = ties.ties === 'docno' ? ties.docnos : undefined
  return (row, other) => {
    const value = values[row]!
    const otherValue = values[other]!
    if (value > otherValue) return true
    if (value < otherValue || (Number.isNaN(value) && !Number.isNaN(otherValue))) return false
    if (Number.isNaN(otherValue) && !Number.isNaN(value)) return true
    return docnos ? docnos[row]! > docnos[other]! : row < other
  }
}

/**
 * Puts the rows of `[from, to)` that rank first into `top`, best first, and returns how many there are. An insertion
 * into the few kept rows: `top` is short where lists are long.
 */
export function topRows(values: Float32Array, ties: Ties, from: number, to: number, top: Int32Array): number {
  const ranksBefore = orderOf(values, ties)
  let count = 0
  // A value must exceed this to be among the first; with NaN or a tie, the full comparison decides.
  let least = Number.NaN
  for (let row = from; row < to; row++) {
    const value = values[row]!
    if (count === top.length && (value < least || count === 0 || !ranksBefore(row, top[count - 1]!))) continue
    let rank = count < top.length ? count++ : count - 1
    for (; rank > 0; rank--) {
      const other = top[rank - 1]!
      if (!(value > values[other]!) && !ranksBefore(row, other)) break
      top[rank] = other
    }
    top[rank] = row
    least = values[top[count - 1]!]!
  }
  return count
}
