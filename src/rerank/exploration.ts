import { seededRandom } from '../data/random.ts'
import { probabilitiesOfGreatest } from './best-of.ts'
import { type Candidates, numbersOf, type Order, type Reordered } from './candidates.ts'
import type { ExplorationRule } from './rules.ts'

/** Items further than this after the explored rank are never drawn. */
const DEEPEST = 200

export interface Explored extends Reordered {
  /** How likely each item of the new order was to get its rank, had the seed not been known. */
  readonly propensities: Float64Array
}

/**
 * Gives one rank to an item drawn from those after it, to learn about items that nobody has seen. Epsilon now and
 * then draws one of the new items, each equally likely. Thompson's way (1933, doi:10.2307/2332286) draws an item as
 * often as it may be the best, where its true worth is normal around its estimated worth with a standard deviation of
 * `spread / √(1 + impressions)`. The items in between move down by one.
 * @param order the items in the ranks that may change, best first
 * @param at the index in the order that is explored
 * @param mayTake whether the item at a later index may stand there
 */
export function explore(
  order: Order,
  at: number,
  worth: Float64Array,
  candidates: Candidates,
  rule: ExplorationRule,
  mayTake: (place: number) => boolean,
  seed: number | string,
): Explored {
  const tried = order.slice(at, at + DEEPEST)
  const chances = chancesOf(tried, worth, candidates, rule, (place) => mayTake(at + place))
  const random = seededRandom(hashOf(seed, order, candidates))
  const drawn = draw(chances, random())
  const newOrder = [...order]
  if (drawn > 0) {
    const [item] = newOrder.splice(at + drawn, 1) as [number]
    newOrder.splice(at, 0, item)
  }
  // An item's rank depends only on whether the drawn item comes from before it, is itself, or comes from after it.
  const propensities = new Float64Array(order.length).fill(1)
  for (let place = 0; place < tried.length; place++) {
    if (place === drawn) propensities[at] = chances[drawn]!
    else if (place < drawn) propensities[at + place + 1] = sum(chances, place + 1)
    else propensities[at + place] = place === 0 ? chances[0]! : sum(chances, 0, place)
  }
  const given = newOrder[at]
  return {
    order: newOrder,
    propensities,
    because: (item) =>
      item === given
        ? `drawn with probability ${Number(chances[drawn]!.toPrecision(3))} to be seen`
        : undefined,
  }
}

/** How likely each of the tried items is to get the rank, which the first one has already. They add up to 1. */
function chancesOf(
  tried: Order,
  worth: Float64Array,
  candidates: Candidates,
  rule: ExplorationRule,
  mayTake: (place: number) => boolean,
): Float64Array {
  const chances = new Float64Array(tried.length)
  if (rule.kind === 'thompson') {
    const seen = numbersOf(candidates, 'exploration', rule.column)
    const open = [...tried.keys()].filter((place) => place === 0 || mayTake(place))
    const means = open.map((place) => worth[tried[place]!]!)
    const deviations = open.map(
      (place) => rule.spread / Math.sqrt(1 + Math.max(0, seen[tried[place]!]! || 0)),
    )
    const best = probabilitiesOfGreatest(means, deviations)
    for (const [index, place] of open.entries()) chances[place] = best[index]!
    return chances
  }
  const ages = rule.column === undefined ? undefined : numbersOf(candidates, 'exploration', rule.column)
  // A missing value means a new item.
  const isNew = (item: number) => ages === undefined || !(ages[item]! > rule.most)
  const open = [...tried.keys()].filter((place) => place > 0 && isNew(tried[place]!) && mayTake(place))
  for (const place of open) chances[place] = rule.epsilon / open.length
  if (chances.length > 0) chances[0] = open.length > 0 ? 1 - rule.epsilon : 1
  return chances
}

/** The index that a uniform number selects; the last possible one if rounding puts it past all. */
function draw(chances: Float64Array, uniform: number): number {
  let left = uniform
  let last = 0
  for (const [place, chance] of chances.entries()) {
    if (chance === 0) continue
    last = place
    left -= chance
    if (left < 0) return place
  }
  return last
}

/** The probability of any of these; rounding must not make it more than 1. */
function sum(chances: Float64Array, from: number, to = chances.length): number {
  let total = 0
  for (let place = from; place < to; place++) total += chances[place]!
  return Math.min(1, total)
}

/** A seed for these candidates: one seed for all requests must not draw the same index in each. FNV-1a. */
function hashOf(seed: number | string, order: Order, { ids }: Candidates): number {
  let hash = 0x811c9dc5
  const add = (text: string) => {
    for (let index = 0; index < text.length; index++)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  add(String(seed))
  for (const item of order) add(`\n${idText(ids[item])}`)
  return hash >>> 0
}

/** An id as text: a number that no double can hold has its digits in `rawJSON`. */
export function idText(id: unknown): string {
  return typeof id === 'object' && id !== null && 'rawJSON' in id ? String(id.rawJSON) : String(id)
}
