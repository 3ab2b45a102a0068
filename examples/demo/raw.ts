import { type Lot, simulatedNow } from '../catalogue/catalogue.ts'
import { featureNames } from '../catalogue/features.ts'
import type { JudgedRow, Simulation } from '../catalogue/judged.ts'

const RETRIEVAL_SCORE = featureNames.indexOf('retrieval_score')

/** A query as a shop has it. */
export interface RawQuery {
  readonly query: { readonly text: string; readonly time: string }
  readonly items: readonly object[]
}

/** The candidates of each query with what the shop knows of them, and the score of the search that found them. */
export function rawQueries(simulation: Simulation, rows: readonly JudgedRow[]): Map<number, RawQuery> {
  const lots = new Map(simulation.lots.map((lot) => [lot.id, lot]))
  const texts = new Map(simulation.queries.map(({ id, text }) => [id, text]))
  const time = new Date(simulatedNow).toISOString()
  const queries = [...Map.groupBy(rows, (row) => row.qid)].map(([qid, candidates]) => {
    const items = candidates.map((row) => toItem(lots.get(row.item)!, row))
    return [qid, { query: { text: texts.get(qid)!, time }, items }] as const
  })
  return new Map(queries)
}

function toItem(lot: Lot, { features }: JudgedRow): object {
  const { seller: _, ...raw } = lot
  return { ...raw, retrieval_score: features[RETRIEVAL_SCORE] }
}

/** Judged queries as the training input, a query a line; the grade stands with each item. */
export function toJsonLines(simulation: Simulation, rows: readonly JudgedRow[]): string {
  const grades = new Map(rows.map((row) => [`${row.qid} ${row.item}`, row.grade]))
  const lines = [...rawQueries(simulation, rows)].map(([qid, { query, items }]) => {
    const judged = items.map((item) => ({ label: grades.get(`${qid} ${(item as Lot).id}`), ...item }))
    return JSON.stringify({ qid, query, items: judged })
  })
  return `${lines.join('\n')}\n`
}
