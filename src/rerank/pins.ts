import type { Candidates } from './candidates.ts'
import { idText } from './exploration.ts'
import type { PinRule } from './rules.ts'

/** Items with a fixed rank, zero-based, whatever the other rules say. */
export type Pinned = ReadonlyMap<number, number>

/** The pinned items among the candidates, with the ranks they ask for, zero-based; the first of those with one id. */
export function pinnedItems({ ids }: Candidates, rules: readonly PinRule[]): Pinned {
  const wanted = new Map(rules.map(({ id, rank }) => [String(id), rank - 1]))
  const found = new Map<number, number>()
  for (let item = 0; item < ids.length && wanted.size > 0; item++) {
    const id = idText(ids[item])
    const rank = wanted.get(id)
    if (rank === undefined) continue
    wanted.delete(id)
    found.set(item, rank)
  }
  return found
}

/** The ranks that pinned items get among so many items: a rank beyond the end becomes the last free one. */
export function settled(pinned: Pinned, count: number): Pinned {
  let free = count - 1
  // From the last rank upwards, so that several beyond the end keep their order.
  const descending = [...pinned].sort((a, b) => b[1] - a[1])
  return new Map(
    descending.map(([item, rank]) => {
      const at = Math.min(rank, free)
      free = at - 1
      return [item, at]
    }),
  )
}

/** The ranks that pins leave free, ascending. */
export function freeRanks(count: number, pinned: Pinned): number[] {
  const taken = new Set(pinned.values())
  return Array.from({ length: count }, (_, rank) => rank).filter((rank) => !taken.has(rank))
}

/** The whole order: pinned items at their ranks, the others in order in between. */
export function weave(others: readonly number[], pinned: Pinned): number[] {
  const order: number[] = []
  const byRank = new Map([...pinned].map(([item, rank]) => [rank, item]))
  let next = 0
  for (let rank = 0; rank < others.length + pinned.size; rank++) {
    order.push(byRank.get(rank) ?? others[next++]!)
  }
  return order
}
