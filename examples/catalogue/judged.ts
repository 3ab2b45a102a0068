import type { Lot } from './catalogue.ts'
import { makeCatalogue, simulatedNow } from './catalogue.ts'
import { featureNames, featureRows } from './features.ts'
import type { Query } from './queries.ts'
import { makeQueries } from './queries.ts'
import { createRandom } from './random.ts'
import { createJudge } from './relevance.ts'
import { createRetrieval } from './retrieval.ts'

/** A judged pair of a query and a lot. */
export type JudgedRow = {
  qid: number
  item: string
  /** 0 useless to 4 just right. */
  grade: number
  /** Values of `featureNames`, NaN where unknown. */
  features: number[]
}

/** All that may be seen of a simulation; what lots and queries really are stays inside. */
export type Simulation = { lots: Lot[]; queries: Query[]; rows: JudgedRow[] }

/** Makes a simulated catalogue, searches in it, and judged candidate lists. Nothing of it is real data. */
export function simulate(
  options: { seed?: number; lots?: number; queries?: number; now?: number } = {},
): Simulation {
  const { seed = 1, lots: lotCount = 6000, queries: queryCount = 800, now = simulatedNow } = options
  const { lots, truths } = makeCatalogue({ seed, lots: lotCount, now })
  const { queries, wants } = makeQueries({ seed, queries: queryCount, truths })
  const places = new Map(lots.map((lot, place) => [lot, place]))
  const retrieval = createRetrieval(lots)
  const random = createRandom(seed, 'pools')
  const judge = createJudge(seed)
  const rows = queries.flatMap((query, at) => {
    const size = 40 + Math.floor(80 * random.next() ** 2.5)
    const candidates = retrieval.pool(query.text, size, random)
    const features = featureRows(query.text, candidates, now)
    return candidates.map(({ lot }, row) => {
      const place = places.get(lot)!
      const grade = judge(query.id, wants[at]!, place, truths[place]!)
      return { qid: query.id, item: lot.id, grade, features: features[row]! }
    })
  })
  return { lots, queries, rows }
}

/** Use that the rows of a query are put to. */
export type Part = 'train' | 'validation' | 'test'

/** The part a query belongs to: of every eight, six train and one each validates and tests. */
export function partOf(qid: number): Part {
  return qid % 8 === 0 ? 'test' : qid % 8 === 4 ? 'validation' : 'train'
}

/** Splits rows by query. Queries are drawn alike, each text once: taking turns is as fair as a shuffle. */
export function splitByQuery(rows: readonly JudgedRow[]): Record<Part, JudgedRow[]> {
  const parts: Record<Part, JudgedRow[]> = { train: [], validation: [], test: [] }
  for (const row of rows) parts[partOf(row.qid)].push(row)
  return parts
}

/** Writes rows as the training input: `label,qid,item` and the features, an unknown value empty. */
export function toCsv(rows: readonly JudgedRow[]): string {
  const lines = [`label,qid,item,${featureNames.join(',')}`]
  for (const { grade, qid, item, features } of rows) {
    lines.push(`${grade},${qid},${item},${features.map((x) => (Number.isNaN(x) ? '' : x)).join(',')}`)
  }
  return `${lines.join('\n')}\n`
}
