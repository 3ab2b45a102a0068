import type { Hit } from './engine.ts'

/** Cormack, Clarke & Büttcher 2009 (doi:10.1145/1571941.1572114): how little the first ranks count above the next. */
const RANK_CONSTANT = 60

/**
 * One list of several, by reciprocal rank: scores of different searches cannot be added, ranks can. Equal sums in the
 * order of the first list.
 */
export function fuse(lists: readonly (readonly Hit[])[], k: number): Hit[] {
  const sums = new Map<string, number>()
  for (const list of lists) {
    for (const [index, { id }] of list.entries())
      sums.set(id, (sums.get(id) ?? 0) + 1 / (RANK_CONSTANT + index + 1))
  }
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, k)
    .map(([id, score]) => ({ id, score }))
}
