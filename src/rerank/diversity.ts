import { attributesOf, type Candidates, type Order, type Reordered, vectorsOf } from './candidates.ts'
import type { DiversityRule } from './rules.ts'

/** Candidates beyond this are not looked at: it would cost more than the model. */
const DEEPEST = 200

/** How alike two items are, from 0 to 1. */
type Likeness = (item: number, other: number) => number

/**
 * Chooses items one by one, each for its relevance and for being unlike those already chosen: Maximal Marginal
 * Relevance (Carbonell & Goldstein 1998, doi:10.1145/290941.291025). Relevance is an item's odds, as a share of the
 * best item's.
 * @param order by worth, best first
 * @param count how many to choose; the others follow in their order
 */
export function diversify(
  order: Order,
  worth: Float64Array,
  candidates: Candidates,
  rule: DiversityRule,
  count: number,
): Reordered {
  const likeness = likenessOf(candidates, rule)
  const left = order.slice(0, DEEPEST)
  const best = left.length > 0 ? worth[left[0]!]! : 0
  const relevance = (item: number) => Math.exp(worth[item]! - best)
  // For each remaining item, its likeness to the most similar chosen item.
  const likest = new Float64Array(candidates.items.length)
  const chosen: number[] = []
  while (left.length > 0 && chosen.length < count) {
    let at = 0
    let most = Number.NEGATIVE_INFINITY
    for (const [index, item] of left.entries()) {
      const value = (1 - rule.weight) * relevance(item) - rule.weight * likest[item]!
      // The first of equal items, since the order decides.
      if (value > most) [at, most] = [index, value]
    }
    const [next] = left.splice(at, 1) as [number]
    chosen.push(next)
    for (const item of left) likest[item] = Math.max(likest[item]!, likeness(item, next))
  }
  const by = rule.columns === undefined ? rule.vector : rule.columns.join(' and ')
  return {
    order: [...chosen, ...left, ...order.slice(DEEPEST)],
    because: (item) => `${(100 * likest[item]!).toFixed(0)} % like an item above it, by ${by}`,
  }
}

function likenessOf(candidates: Candidates, rule: DiversityRule): Likeness {
  if (rule.vector !== undefined) {
    const vectors = vectorsOf(candidates, 'diversity', rule.vector)
    return (item, other) => cosine(vectors[item], vectors[other])
  }
  const columns = rule.columns!.map((column) => attributesOf(candidates, 'diversity', column))
  return (item, other) =>
    columns.filter((column) => column[item] !== undefined && column[item] === column[other]).length /
    columns.length
}

/** For vectors of length 1; opposites count as no more different than unrelated ones. */
function cosine(a: Float64Array | undefined, b: Float64Array | undefined): number {
  if (a === undefined || b === undefined) return 0
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!
  return Math.min(1, Math.max(0, sum))
}
