import { join } from 'node:path'
import { makeCatalogue, simulatedNow } from '../catalogue/catalogue.ts'
import { readIntent } from '../catalogue/intent.ts'
import { makeQueries } from '../catalogue/queries.ts'
import { createJudge, worthOf } from '../catalogue/relevance.ts'

export interface MarketQuery {
  readonly id: number
  readonly text: string
  /** What else is known of it when it comes in; it goes to the ranker as it is. */
  readonly columns?: Readonly<Record<string, string | number | null>>
}

/** Places of the queries that a ranker learns from, that choose its round and weight, and that it is measured on. */
export interface Split {
  readonly train: readonly number[]
  /** None where queries are few: cross-validation over those to learn from chooses the round then. */
  readonly validation: readonly number[]
  readonly test: readonly number[]
}

/** A lot with the columns that a shop has of it; they go to the ranker as they are. */
export interface MarketLot {
  readonly id: string
  readonly title: string
  readonly category: string
  readonly brand: string | null
  readonly retail_price: number | null
  /** Null where it is not known. */
  readonly cost: number | null
  readonly [column: string]: string | number | null
}

/** A catalogue with queries, and somebody who knows what is good. */
export interface Market {
  readonly name: string
  /** What of it is made up. */
  readonly simulated: string
  readonly lots: readonly MarketLot[]
  /** The file of the feature spec: what the ranker sees of a lot and its query. */
  readonly features: string
  readonly queries: readonly MarketQuery[]
  /** A ranker is trained for each of them. No query is measured twice. */
  readonly splits: readonly Split[]
  /** Whether costs are known. */
  readonly hasMargins: boolean
  /** From 0, useless, to 4, just right. */
  grade(query: number, lot: number): number
  /** How much who asked wants the lot at its price, from 0 to 1: what makes them buy. */
  appeal(query: number, lot: number): number
  /** How many lots of the whole catalogue have the best grade. */
  countBest(query: number): number
}

/** One split: so many to learn from, so many to choose by, the rest to measure. */
export function splitInTurn(queries: number, train: number, validation: number): Split[] {
  const all = Array.from({ length: queries }, (_, query) => query)
  const choosing = train + validation
  return [{ train: all.slice(0, train), validation: all.slice(train, choosing), test: all.slice(choosing) }]
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
  const time = new Date(simulatedNow).toISOString()
  const byCategory = Map.groupBy(truths.keys(), (lot) => truths[lot]!.category)
  return {
    name: `${lots.length.toLocaleString('en-US')} simulated lots`,
    simulated: 'Lots, queries, grades and purchases are simulated.',
    lots,
    features: join(import.meta.dirname, 'lots.yaml'),
    queries: queries.map(({ id, text }) => {
      const { cap, wish } = readIntent(text)
      return { id, text, columns: { time, cap, wish } }
    }),
    splits: splitInTurn(count, TRAIN, VALIDATION),
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
