import { averagePrecisionOfQueries } from './average-precision.ts'
import { type Gain, ndcgOfQueries } from './ndcg.ts'
import { precisionOfQueries } from './precision.ts'
import { meanOfQueries, type QueryMetric, relevantRows } from './queries.ts'
import { expectedReciprocalRankOfQueries, reciprocalRankOfQueries } from './reciprocal-rank.ts'

/** A ranking to be measured: labels and scores one a row, rows of a query side by side, weights one a query. */
export interface JudgedRanking {
  readonly labels: Float32Array
  readonly scores: Float32Array
  readonly sizes: Uint32Array
  readonly weights?: Float32Array | undefined
}

/**
 * The quality of a ranking in the measures of the field, each as the mean over all queries (one without a relevant row
 * counts as XGBoost counts it: 1 in NDCG and MAP, 0 in the others) and, under `…_without_empty_queries`, over those that
 * have a relevant row; the latter are absent where none has. A row is relevant for MAP, MRR and precision from grade 1.
 */
export function rankingQuality(
  { labels, scores, sizes, weights }: JudgedRanking,
  { gain, maxGrade, mean = meanOfQueries }: { gain: Gain; maxGrade: number; mean?: typeof meanOfQueries },
): Record<string, number> {
  const measures: Record<string, QueryMetric> = {
    'ndcg@1': ndcgOfQueries(labels, sizes, { k: 1, gain }),
    'ndcg@5': ndcgOfQueries(labels, sizes, { k: 5, gain }),
    'ndcg@10': ndcgOfQueries(labels, sizes, { k: 10, gain }),
    'map@10': averagePrecisionOfQueries(labels, sizes, { k: 10 }),
    mrr: reciprocalRankOfQueries(labels, sizes),
    'err@10': expectedReciprocalRankOfQueries(labels, sizes, { k: 10, gain, maxGrade }),
    'precision@10': precisionOfQueries(labels, sizes, { k: 10 }),
  }
  // With linear gain a grade may lie between 0 and 1.
  const answerable = relevantRows(labels, sizes, Number.MIN_VALUE)
  const quality: Record<string, number> = {}
  for (const [name, measure] of Object.entries(measures)) {
    const values = measure(scores)
    quality[name] = mean(values, weights)
    const answered = values.map((value, query) => (answerable[query] === 0 ? Number.NaN : value))
    const answeredMean = mean(answered, weights)
    if (!Number.isNaN(answeredMean)) quality[`${name}_without_empty_queries`] = answeredMean
  }
  return quality
}
