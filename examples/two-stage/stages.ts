import type { RankContext, RankedList, RankerClient } from '../../src/client/index.ts'
import type { Hit, IndexedItem, SearchEngine } from '../../src/retrieval/index.ts'
import type { Lot } from '../catalogue/catalogue.ts'
import { featureNames, featureRows } from '../catalogue/features.ts'
import type { Market } from './market.ts'

/** How many candidates stage 1 gives. */
export const CANDIDATES = 100

/** A candidate with the columns of the model. */
export type CandidateItem = { readonly id: string } & Readonly<Record<string, number | string>>

/** Milliseconds that each stage took over each query. */
export interface Timings {
  readonly retrieval: number[]
  readonly columns: number[]
  readonly ranking: number[]
  readonly all: number[]
}

export const newTimings = (): Timings => ({ retrieval: [], columns: [], ranking: [], all: [] })

export function* itemsOf({ lots }: Market): Generator<IndexedItem> {
  for (const { id, title, category, brand, retail_price } of lots) {
    yield {
      id,
      text: `${title} ${category}${brand && !title.includes(brand) ? ` ${brand}` : ''}`,
      fields: { category, ...(retail_price !== null && { retail_price }) },
    }
  }
}

/** The places in the catalogue of what stage 1 finds, with their scores. */
export async function retrieve(
  engine: SearchEngine,
  places: ReadonlyMap<string, number>,
  text: string,
): Promise<{ lot: number; score: number }[]> {
  const hits = await engine.search({ text, k: CANDIDATES })
  return hits.map(({ id, score }: Hit) => ({ lot: places.get(id)!, score }))
}

/** The columns of the candidates, as training and serving see them. */
export function columnsOf(
  lots: readonly Lot[],
  text: string,
  candidates: readonly { readonly lot: number; readonly score: number }[],
): number[][] {
  return featureRows(
    text,
    candidates.map(({ lot, score }) => ({ lot: lots[lot]!, retrieval_score: score })),
  )
}

/** One query through the stages. */
export async function answer(
  market: Market,
  engine: SearchEngine,
  ranker: RankerClient,
  places: ReadonlyMap<string, number>,
  query: number,
  context: RankContext | undefined,
  timings: Timings,
): Promise<{ found: number[]; ranked: RankedList<CandidateItem> }> {
  const { text } = market.queries[query]!
  const started = performance.now()
  const candidates = await retrieve(engine, places, text)
  const retrieved = performance.now()
  const rows = columnsOf(market.lots, text, candidates)
  const items = candidates.map(
    ({ lot }, index): CandidateItem => ({
      id: market.lots[lot]!.id,
      ...Object.fromEntries(featureNames.map((name, feature) => [name, rows[index]![feature]!])),
    }),
  )
  const described = performance.now()
  const ranked = await ranker.rank({ text }, items, { limit: 10, ...(context && { context }) })
  const done = performance.now()
  timings.retrieval.push(retrieved - started)
  timings.columns.push(described - retrieved)
  timings.ranking.push(done - described)
  timings.all.push(done - started)
  return { found: candidates.map(({ lot }) => lot), ranked }
}
