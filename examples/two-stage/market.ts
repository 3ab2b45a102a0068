import { type Lot, makeCatalogue } from '../catalogue/catalogue.ts'
import { makeQueries } from '../catalogue/queries.ts'
import { createJudge, worthOf } from '../catalogue/relevance.ts'

/** A query of a market, and what it is used for. */
export interface MarketQuery {
  readonly id: number
  readonly text: string
  readonly part: 'train' | 'validation' | 'test'
}

/** A catalogue with queries, and somebody who knows what is good. */
export interface Market {
  readonly name: string
  /** What of it is made up. */
  readonly simulated: string
  readonly lots: readonly Lot[]
  readonly queries: readonly MarketQuery[]
  /** Whether costs are known. */
  readonly hasMargins: boolean
  /** From 0, useless, to 4, just right. */
  grade(query: number, lot: number): number
  /** How much who asked wants the lot at its price, from 0 to 1: what makes them buy. */
  appeal(query: number, lot: number): number
  /** How many lots of the whole catalogue have the best grade; undefined where nobody knows. */
  countBest(query: number): number | undefined
}

const TRAIN = 400
const VALIDATION = 100

/** How many of those who would like a lot pay what it costs: at twice of what they had in mind a quarter. */
export const affordable = (price: number, budget: number): number => Math.min(1, (budget / price) ** 2)

/** The simulated catalogue of examples/catalogue, and its hidden judge. */
export function simulatedMarket(options: { lots: number; queries: number }): Market {
  const { lots, truths } = makeCatalogue({ seed: 1, lots: options.lots })
  const count = TRAIN + VALIDATION + options.queries
  const { queries, wants } = makeQueries({ seed: 1, queries: count, truths })
  const judge = createJudge(1)
  const grade = (query: number, lot: number) => judge(queries[query]!.id, wants[query]!, lot, truths[lot]!)
  const byCategory = Map.groupBy(truths.keys(), (lot) => truths[lot]!.category)
  return {
    name: `${lots.length.toLocaleString('en-US')} simulated lots`,
    simulated: 'Lots, queries, grades and purchases are simulated.',
    lots,
    queries: queries.map(({ id, text }, index) => ({
      id,
      text,
      part: index < TRAIN ? 'train' : index < TRAIN + VALIDATION ? 'validation' : 'test',
    })),
    hasMargins: true,
    grade,
    appeal: (query, lot) =>
      worthOf(wants[query]!, truths[lot]!) * affordable(truths[lot]!.price, wants[query]!.budget),
    countBest: (query) => {
      // A lot of another category is always a 0.
      const lots = byCategory.get(wants[query]!.category) ?? []
      return lots.filter((lot) => grade(query, lot) === 4).length
    },
  }
}
