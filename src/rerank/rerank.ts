import { raiseByBoosts } from './boosts.ts'
import type { Because, Candidates, Order, Reordered } from './candidates.ts'
import { capped, Room } from './caps.ts'
import { diversify } from './diversity.ts'
import { explore } from './exploration.ts'
import { type Raise, raiseByMargin } from './margin.ts'
import { leastScore } from './minimum.ts'
import { freeRanks, pinnedItems, settled, weave } from './pins.ts'
import type { RuleName, Rules } from './rules.ts'
import { byWorth, worthOf } from './worth.ts'

/** One reason why an item does not stand where its score alone would put it: a rule, and what it did. */
export interface Move {
  readonly rule: RuleName
  /** Ranks, from 1. */
  readonly from: number
  readonly to: number
  readonly because: string
}

export interface RerankedItem {
  /** Index in the candidates. */
  readonly item: number
  /** Logarithm of its odds with margin and boosts; absent if there is no such rule. */
  readonly worth?: number
  /** How likely it was to stand at this rank, before the draw; absent if nothing is explored. */
  readonly propensity?: number
  /** In the order of the rules. */
  readonly moves: readonly Move[]
}

export interface Reranked {
  /** Best first. */
  readonly items: readonly RerankedItem[]
  /** How many items the minimum relevance left out. */
  readonly dropped: number
}

export interface RerankOptions {
  /** Most items to return. */
  readonly limit?: number | undefined
  /** Used to draw the explored item if the rule has no seed of its own. */
  readonly seed: number | string
  /** Whether scores are probabilities, as a classifier's are. @default false */
  readonly probabilities?: boolean
}

/**
 * Applies the business rules to scored candidates: pins, then within the other ranks margin and boosts, diversity, caps
 * and exploration, each on what the one before left. Items below the minimum relevance come after all others, or nowhere.
 * The answer to a lower limit is the beginning of that to a higher one.
 * @throws {RankerError} RULE_COLUMN_ABSENT, RULE_VALUE.
 */
export function rerank(
  candidates: Candidates,
  rules: Rules,
  { limit = candidates.items.length, seed, probabilities = false }: RerankOptions,
): Reranked {
  const { minimum, margin, boosts, diversity, caps = [], exploration, pins = [] } = rules
  const worth = worthOf(candidates, probabilities)
  const all = byWorth([...candidates.items.keys()], worth, candidates)
  const asked = pinnedItems(candidates, pins)
  const least = minimum ? leastScore(candidates, minimum) : Number.NEGATIVE_INFINITY
  const unpinned = all.filter((item) => !asked.has(item))
  const below = unpinned.filter((item) => candidates.scores[item]! < least)
  const last = minimum?.drop ? [] : below
  let order: Order = unpinned.slice(0, unpinned.length - below.length)
  const pinned = settled(asked, order.length + last.length + asked.size)
  const ranks = freeRanks(order.length + last.length + asked.size, pinned)

  const journal = new Journal(candidates.items.length, all)
  const take = (rule: RuleName, { order: next, because }: Reordered) => {
    order = next
    journal.note(rule, weave([...order, ...last], pinned), because)
  }
  if (minimum?.drop) {
    const dropped = new Set(below)
    journal.note(
      'minimum',
      all.filter((item) => !dropped.has(item)),
      () => 'items that are not relevant were left out',
    )
  }
  take('pins', { order, because: (item) => (pinned.has(item) ? 'pinned' : undefined) })
  const raise = (rule: RuleName, { by, because }: Raise) => {
    for (const item of order) worth[item]! += by[item]!
    take(rule, { order: byWorth(order, worth, candidates), because })
  }
  if (margin) raise('margin', raiseByMargin(candidates, margin))
  if (boosts) raise('boosts', raiseByBoosts(candidates, boosts))
  // Later rules may look further down than the limit.
  const depth = caps.length > 0 || exploration ? order.length : limit
  if (diversity) take('diversity', diversify(order, worth, candidates, diversity, depth))
  const room = new Room(candidates, caps)
  for (const [item, rank] of pinned) room.count(item, rank)
  if (caps.length > 0) take('caps', capped(order, ranks, room))
  let propensities: ReadonlyMap<number, number> | undefined
  if (exploration) {
    const at = Math.max(
      0,
      ranks.findLastIndex((rank) => rank < exploration.rank),
    )
    const mayTake = (place: number) => room.admits(order, ranks, place, at)
    const explored = explore(order, at, worth, candidates, exploration, mayTake, exploration.seed ?? seed)
    take('exploration', explored)
    propensities = new Map(order.map((item, place) => [item, explored.propensities[place]!]))
  }
  const whole = weave([...order, ...last], pinned)
  const items = whole.slice(0, limit).map((item) => ({
    item,
    ...((margin || boosts) && { worth: worth[item]! }),
    ...(propensities && { propensity: propensities.get(item) ?? 1 }),
    moves: journal.movesOf(item),
  }))
  return { items, dropped: all.length - whole.length }
}

/** Remembers where each rule put the items. */
class Journal {
  readonly #ranks: { rule: RuleName | undefined; ranks: Int32Array; because: Because }[] = []
  readonly #count: number

  constructor(count: number, order: Order) {
    this.#count = count
    this.#add(undefined, order, () => undefined)
  }

  note(rule: RuleName, order: Order, because: Because): void {
    this.#add(rule, order, because)
  }

  movesOf(item: number): Move[] {
    const moves: Move[] = []
    for (const [index, { rule, ranks, because }] of this.#ranks.entries()) {
      const from = this.#ranks[index - 1]?.ranks[item]
      const to = ranks[item]!
      if (rule === undefined || from === undefined || from === to) continue
      moves.push({ rule, from: from + 1, to: to + 1, because: because(item) ?? 'others moved past it' })
    }
    return moves
  }

  #add(rule: RuleName | undefined, order: Order, because: Because): void {
    const ranks = new Int32Array(this.#count)
    for (const [rank, item] of order.entries()) ranks[item] = rank
    this.#ranks.push({ rule, ranks, because })
  }
}
