import { type Because, type Candidates, numbersOf } from './candidates.ts'
import type { MarginRule } from './rules.ts'

/** No margin, or a loss, has no logarithm: it counts as one per cent, or as one hundredth of the currency. */
const LEAST = 0.01

/** How much each item's worth is raised. */
export interface Raise {
  readonly by: Float64Array
  readonly because: Because
}

/**
 * Blends relevance and margin: `weight · ln(margin)`. At weight 1 the order is that of expected margin, the odds of
 * being chosen times the gain from the choice; at 0 it is that of relevance. An item with unknown price or cost gets
 * the average of the others, so that it neither gains nor loses.
 */
export function raiseByMargin(candidates: Candidates, rule: MarginRule): Raise {
  const prices = numbersOf(candidates, 'margin', rule.price)
  const costs = numbersOf(candidates, 'margin', rule.cost)
  const margins = prices.map((price, item) => marginOf(price, costs[item]!, rule.as))
  const logarithms = margins.map((margin) => Math.log(Math.max(margin, LEAST)))
  const known = logarithms.filter((value) => !Number.isNaN(value))
  const mean = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : 0
  return {
    by: logarithms.map((value) => rule.weight * (Number.isNaN(value) ? mean : value)),
    because: (item) => {
      const margin = margins[item]!
      if (Number.isNaN(margin)) return 'its margin is not known and counts as the average'
      const show = (value: number) =>
        rule.as === 'share' ? `${(100 * value).toFixed(1)} %` : value.toFixed(2)
      const counted = margin < LEAST ? `, counted as ${show(LEAST)},` : ''
      return `margin ${show(margin)}${counted} at weight ${rule.weight}`
    },
  }
}

/** NaN if it is not known. */
function marginOf(price: number, cost: number, as: MarginRule['as']): number {
  if (as === 'money') return price - cost
  return price > 0 ? (price - cost) / price : Number.NaN
}
