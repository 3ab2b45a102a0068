import { contiguousRows } from '../../src/data/row-store.ts'
import { randomNdcg, singleFeatures } from '../../src/metrics/baselines.ts'
import { featureNames } from '../catalogue/features.ts'
import type { JudgedRow } from '../catalogue/judged.ts'

/** A way to order the held-out queries and its NDCG@10. */
export interface Contender {
  readonly name: string
  readonly ndcg: number
}

/** The ranker beside a random order and beside each feature alone in its better direction, best first. */
export function compareTestSet(rows: readonly JudgedRow[], ranker: number): Contender[] {
  const groups = Map.groupBy(rows, (row) => String(row.qid))
  const data = {
    featureNames,
    rows: rows.length,
    matrix: contiguousRows(Float32Array.from(rows.flatMap((row) => row.features)), featureNames.length),
    labels: Float32Array.from(rows, (row) => row.grade),
    groups: { ids: [...groups.keys()], sizes: Uint32Array.from(groups.values(), (list) => list.length) },
  }
  const singles = singleFeatures(data).map(({ feature, order, ndcg }) => ({
    name: `${feature}${order === 'ascending' ? ', low first' : ''}`,
    ndcg,
  }))
  return [
    { name: 'the ranker', ndcg: ranker },
    ...singles,
    { name: 'random order', ndcg: randomNdcg(data) },
  ].sort((a, b) => b.ndcg - a.ndcg)
}
