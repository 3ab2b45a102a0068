import { meanIntervals } from '../metrics/bootstrap.ts'
import { ndcgOfQueries } from '../metrics/ndcg.ts'
import type { Tradeoff, TradeoffPoint } from '../report/tradeoff-page.ts'
import { rerank } from '../rerank/rerank.ts'
import type { MarginRule } from '../rerank/rules.ts'

/** Judged rows, those of a query side by side. */
export interface JudgedRows {
  /** Rows of each query. */
  readonly sizes: Uint32Array
  readonly labels: Float32Array
  readonly scores: Float32Array
  /** NaN where they are not known. */
  readonly prices: Float64Array
  readonly costs: Float64Array
}

export interface SweepOptions {
  readonly as: MarginRule['as']
  /** The share of NDCG@10 at weight 0 that the chosen weight may lose. */
  readonly mostLoss: number
  readonly probabilities: boolean
}

const K = 10

/**
 * Measures NDCG@10 and the mean margin of the first ten items at each weight, and chooses the weight with most margin
 * among those that lose no more than allowed.
 * @param weights with 0 among them
 */
export function sweepMargin(
  rows: JudgedRows,
  weights: readonly number[],
  { as, mostLoss, probabilities }: SweepOptions,
): Omit<Tradeoff, 'model'> {
  const ndcgOf = ndcgOfQueries(rows.labels, rows.sizes, { k: K })
  const measured = weights.map((weight) => {
    const orders = ordersOf(rows, { weight, price: 'price', cost: 'cost', as }, probabilities)
    const positions = new Float32Array(rows.labels.length)
    for (const order of orders) for (const [rank, row] of order.entries()) positions[row] = -rank
    return {
      weight,
      ndcg: ndcgOf(positions),
      margin: Float64Array.from(orders, (order) => marginOf(order, rows)),
    }
  })
  // A query whose margins are all unknown says nothing about margins.
  const zero = measured.find(({ weight }) => weight === 0)!
  const known = Array.from(zero.margin.keys()).filter((query) =>
    measured.every(({ margin }) => !Number.isNaN(margin[query]!)),
  )
  const points = measured.map(({ weight, ndcg, margin }): TradeoffPoint => {
    const margins = Float64Array.from(known, (query) => margin[query]!)
    const marginGaps = Float64Array.from(known, (query) => margin[query]! - zero.margin[query]!)
    const [ndcgInterval, ndcgGap] = meanIntervals([
      ndcg,
      ndcg.map((value, query) => value - zero.ndcg[query]!),
    ])
    const [marginInterval, marginGap] = meanIntervals([margins, marginGaps])
    return {
      weight,
      ndcg: ndcgInterval!,
      margin: marginInterval!,
      ndcgGap: ndcgGap!,
      marginGap: marginGap!,
    }
  })
  const least = points.find(({ weight }) => weight === 0)!.ndcg.mean * (1 - mostLoss)
  const chosen = points
    .filter(({ ndcg }) => ndcg.mean >= least)
    .reduce((best, one) => (one.margin.mean > best.margin.mean ? one : best))
  return { queries: rows.sizes.length, points, chosen, mostLoss }
}

/** The rows of each query as the rule ranks them, by the code that serves requests. */
function ordersOf(rows: JudgedRows, margin: MarginRule, probabilities: boolean): number[][] {
  let from = 0
  return Array.from(rows.sizes, (size) => {
    const at = Array.from({ length: size }, (_, index) => from + index)
    from += size
    const items = at.map((row) => ({ price: rows.prices[row]!, cost: rows.costs[row]! }))
    const candidates = { ids: at, scores: rows.scores.subarray(from - size, from), items }
    return rerank(candidates, { margin }, { seed: 0, probabilities }).items.map(({ item }) => at[item]!)
  })
}

/** The mean known margin of the first ten rows; NaN if none is known. */
function marginOf(order: readonly number[], { prices, costs }: JudgedRows): number {
  const margins = order
    .slice(0, K)
    .map((row) => (prices[row]! - costs[row]!) / prices[row]!)
    .filter((margin) => Number.isFinite(margin))
  return margins.reduce((sum, margin) => sum + margin, 0) / margins.length
}
