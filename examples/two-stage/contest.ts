import type { RankerClient } from '../../src/client/index.ts'
import type { SideBySide } from './page.ts'
import { type Worth, worthOfRanking } from './shoppers.ts'
import { answer, CANDIDATES, newTimings, type Shop, type Timings } from './stages.ts'

/** Queries whose lists are shown side by side. */
const SHOWN = 4
/** The first requests compile code, here and there. */
const WARM_UP = 20

/** Ways to order the same candidates, and what came of them so far. */
export interface Contest {
  readonly contenders: readonly { readonly name: string; readonly worths: Worth[] }[]
  readonly timings: Timings
  readonly lists: SideBySide[]
  /** Of each query that the catalogue has best lots for: the share of them that stage 1 found. */
  readonly recalls: number[]
  degraded: number
}

export const newContest = (hasMargins: boolean): Contest => ({
  contenders: ['stage 1 alone', 'ranker', ...(hasMargins ? ['ranker + margin'] : [])].map((name) => ({
    name,
    worths: [],
  })),
  timings: newTimings(),
  lists: [],
  recalls: [],
  degraded: 0,
})

/** Sends test queries through the stages, with margin at a weight and without, and adds up what comes back. */
export async function compete(
  contest: Contest,
  shop: Shop,
  ranker: RankerClient,
  queries: readonly number[],
  weight: number | undefined,
): Promise<void> {
  const { market, places } = shop
  for (const query of queries.slice(0, WARM_UP)) await answer(shop, ranker, query, undefined, newTimings())
  for (const query of queries) {
    const { found, ranked } = await answer(shop, ranker, query, undefined, contest.timings)
    const answers = [ranked]
    if (weight !== undefined) {
      const rules = { rerank: { margin: { weight } } }
      answers.push((await answer(shop, ranker, query, rules, newTimings())).ranked)
    }
    const orders = [found, ...answers.map(({ ranking }) => ranking.map(({ item }) => places.get(item.id)!))]
    for (const [index, order] of orders.entries())
      contest.contenders[index]!.worths.push(worthOfRanking(market, query, order, found))
    const best = market.countBest(query)
    if (best > 0) {
      const there = found.filter((lot) => market.grade(query, lot) === 4).length
      contest.recalls.push(there / Math.min(best, CANDIDATES))
    }
    contest.degraded += answers.filter(({ degraded }) => degraded).length
    if (contest.lists.length < SHOWN)
      contest.lists.push({ query, orders: orders.map((order) => order.slice(0, 10)) })
  }
}
