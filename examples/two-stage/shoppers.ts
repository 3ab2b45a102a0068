import { ndcgOfQueries } from '../../src/metrics/ndcg.ts'
import type { Market } from './market.ts'

const K = 10
/** How many of those who looked at a place look at the next one. */
const GO_ON = 0.85
/** How many buy what is just right when they look at it. */
const BUY = 0.3

/** What a ranking of ten is worth, expected over many who search the same. */
export interface Worth {
  readonly ndcg: number
  /** Purchases, revenue and margin, of 1,000 searches. */
  readonly conversions: number
  readonly revenue: number
  readonly margin: number
}

/**
 * Shoppers look from the top, each time a little less, and buy one thing at most (a cascade: Craswell et al. 2008,
 * doi:10.1145/1341531.1341545). The chance grows with the lot's appeal at its price; it is computed, not drawn.
 * @param order lots, best first @param candidates what could have been shown, for the ideal order
 */
export function worthOfRanking(
  market: Market,
  query: number,
  order: readonly number[],
  candidates: readonly number[],
): Worth {
  let looking = 1000
  let [conversions, revenue, margin] = [0, 0, 0]
  for (const lot of order.slice(0, K)) {
    const { retail_price: price, cost } = market.lots[lot]!
    const bought = looking * BUY * market.appeal(query, lot)
    conversions += bought
    revenue += bought * (price ?? 0)
    // A lot without a price guide is sold for something, and nobody knows for what.
    margin += price === null || cost === null ? 0 : bought * (price - cost)
    looking = (looking - bought) * GO_ON
  }
  return { ndcg: ndcgOf(market, query, order, candidates), conversions, revenue, margin }
}

function ndcgOf(
  market: Market,
  query: number,
  order: readonly number[],
  candidates: readonly number[],
): number {
  const places = new Map(order.map((lot, place) => [lot, place]))
  const labels = Float32Array.from(candidates, (lot) => market.grade(query, lot))
  const scores = Float32Array.from(candidates, (lot) => -(places.get(lot) ?? candidates.length))
  // A query that nothing answers says nothing of an order.
  return ndcgOfQueries(labels, Uint32Array.of(candidates.length), { k: K, emptyQuery: 'zero' })(scores)[0]!
}
