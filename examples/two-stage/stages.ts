import type { RankContext, RankedList, RankerClient } from '../../src/client/index.ts'
import type { IndexedItem, SearchEngine } from '../../src/retrieval/index.ts'
import type { Market, MarketLot, MarketQuery } from './market.ts'

/** How many candidates stage 1 gives. */
export const CANDIDATES = 100

/** A lot that stage 1 found, as it goes to the ranker: raw columns, and what stage 1 thought of it. */
export type Candidate = MarketLot & { readonly retrieval_score: number }

/** Milliseconds that each stage took over each query. */
export interface Timings {
  readonly retrieval: number[]
  readonly ranking: number[]
  readonly all: number[]
}

export const newTimings = (): Timings => ({ retrieval: [], ranking: [], all: [] })

/** A query as the ranker is told of it. */
export const queryOf = ({ text, columns }: MarketQuery) => ({ text, ...columns })

export function* itemsOf({ lots }: Market): Generator<IndexedItem> {
  for (const { id, title, category, brand, retail_price } of lots) {
    yield {
      id,
      text: `${title} ${category}${brand && !title.includes(brand) ? ` ${brand}` : ''}`,
      fields: { category, ...(retail_price !== null && { retail_price }) },
    }
  }
}

/** A market whose lots are indexed. */
export interface Shop {
  readonly market: Market
  readonly engine: SearchEngine
  /** Of each lot by its id: its place in the catalogue. */
  readonly places: ReadonlyMap<string, number>
}

/** What stage 1 finds. */
export async function retrieve({ market, engine, places }: Shop, text: string): Promise<Candidate[]> {
  const hits = await engine.search({ text, k: CANDIDATES })
  return hits.map(({ id, score }) => ({ ...market.lots[places.get(id)!]!, retrieval_score: score }))
}

/** One query through the stages. */
export async function answer(
  shop: Shop,
  ranker: RankerClient,
  query: number,
  context: RankContext | undefined,
  timings: Timings,
): Promise<{ found: number[]; ranked: RankedList<Candidate> }> {
  const asked = shop.market.queries[query]!
  const started = performance.now()
  const candidates = await retrieve(shop, asked.text)
  const retrieved = performance.now()
  const ranked = await ranker.rank(queryOf(asked), candidates, { limit: 10, ...(context && { context }) })
  const done = performance.now()
  timings.retrieval.push(retrieved - started)
  timings.ranking.push(done - retrieved)
  timings.all.push(done - started)
  return { found: candidates.map(({ id }) => shop.places.get(id)!), ranked }
}
