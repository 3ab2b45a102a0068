import { show } from '../errors.ts'
import { attributesOf, type Candidates, type Order, type Reordered } from './candidates.ts'
import type { CapRule } from './rules.ts'

/** Counts the values of the capped columns in the ranks filled so far. */
export class Room {
  readonly #rules: readonly CapRule[]
  readonly #columns: readonly (string | number | boolean | undefined)[][]
  readonly #counts: readonly Map<unknown, number>[]

  /** @throws {RankerError} RULE_COLUMN_ABSENT, RULE_VALUE. */
  constructor(candidates: Candidates, rules: readonly CapRule[]) {
    this.#rules = rules
    this.#columns = rules.map(({ column }) => attributesOf(candidates, 'caps', column))
    this.#counts = rules.map(() => new Map())
  }

  /** The rule that keeps an item from a rank, zero-based; a missing value counts as unique. */
  obstacle(item: number, rank: number): string | undefined {
    for (const [index, { column, most, within }] of this.#rules.entries()) {
      const value = this.#columns[index]![item]
      if (rank >= within || value === undefined || (this.#counts[index]!.get(value) ?? 0) < most) continue
      return `${most} of ${column} ${show(value)} stand among the first ${within}`
    }
    return undefined
  }

  /** Puts an item at a rank. */
  count(item: number, rank: number): void {
    for (const [index, { within }] of this.#rules.entries()) {
      const value = this.#columns[index]![item]
      if (rank >= within || value === undefined) continue
      this.#counts[index]!.set(value, (this.#counts[index]!.get(value) ?? 0) + 1)
    }
  }

  /**
   * Whether an item may move up to a rank while the items in between move down by one.
   * @param order what stands in which of the ranks.
   * @param from the item's index in the order.
   * @param to its new index
   */
  admits(order: Order, ranks: readonly number[], from: number, to: number): boolean {
    return this.#rules.every(({ most, within }, index) => {
      const value = this.#columns[index]![order[from]!]
      if (value === undefined || ranks[to]! >= within || ranks[from]! < within) return true
      const last = ranks.findLastIndex((rank) => rank < within)
      const leaves = this.#columns[index]![order[last]!] === value ? 1 : 0
      return (this.#counts[index]!.get(value) ?? 0) - leaves < most
    })
  }

  /** One more than the last rank that a rule looks at. */
  get depth(): number {
    return Math.max(0, ...this.#rules.map(({ within }) => within))
  }
}

const placesOf = (order: Order) => new Map(order.map((item, place) => [item, place]))

/**
 * Limits how many items of one seller, brand or category are among the first ranks. A full page counts for more: if
 * only capped items are left, the best of them comes next.
 * @param ranks the ranks that the items of the order go to, zero-based and ascending
 * @param room knows the items at other ranks; when this returns, at all
 */
export function capped(order: Order, ranks: readonly number[], room: Room): Reordered {
  const left = [...order]
  const filled: number[] = []
  const obstacles = new Map<number, string>()
  while (left.length > 0) {
    const rank = ranks[filled.length]!
    if (rank >= room.depth) break
    const at = left.findIndex((item) => {
      const obstacle = room.obstacle(item, rank)
      if (obstacle !== undefined && !obstacles.has(item)) obstacles.set(item, obstacle)
      return obstacle === undefined
    })
    const [next] = left.splice(Math.max(at, 0), 1) as [number]
    room.count(next, rank)
    filled.push(next)
  }
  const after = [...filled, ...left]
  const [before, now] = [placesOf(order), placesOf(after)]
  // An item that was held back may still rise, if more items above it are held back.
  const isLower = (item: number) => now.get(item)! > before.get(item)!
  return { order: after, because: (item) => (isLower(item) ? obstacles.get(item) : undefined) }
}
