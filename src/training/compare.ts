import type { Dataset } from '../data/dataset/dataset.ts'
import { averagePrecisionOfQueries } from '../metrics/average-precision.ts'
import { type FeatureOrder, singleFeatureScores } from '../metrics/baselines.ts'
import { intervalMethod } from '../metrics/bootstrap.ts'
import { compare } from '../metrics/compare.ts'
import { expectedNdcgOfQueries, randomNdcgOfQueries } from '../metrics/expected-ndcg.ts'
import { type Gain, ndcgOfQueries } from '../metrics/ndcg.ts'
import { reciprocalRankOfQueries } from '../metrics/reciprocal-rank.ts'
import type { BaselineName, ChannelComparison, QueryTable } from '../report/report-data.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'

const K = 10

export interface AgainstWhat {
  /** The feature that ranks train best. */
  readonly best: FeatureOrder
  /** Scores of the model that may be replaced, one a row. */
  readonly incumbent?: Float32Array | undefined
  readonly gain: Gain
}

/**
 * Holds the ranker against its baselines on every query of a channel, those of all hosts.
 * @param data with groups. @param scores the ranker's, one a row.
 */
export function compareOnQueries(
  data: Dataset,
  scores: Float32Array,
  { best, incumbent, gain }: AgainstWhat,
  hosts: Pick<Hosts, 'gather' | 'concat'> = ONE_HOST,
): { comparison: ChannelComparison; queries: QueryTable } {
  const { ids, sizes } = data.groups!
  const { labels, weights } = data
  const ndcgAt = (k: number) => ndcgOfQueries(labels, sizes, { k, gain })
  const ndcg = ndcgAt(K)
  const expected = expectedNdcgOfQueries(labels, sizes, { k: K, gain })
  const here: { name: BaselineName; values: Float64Array }[] = [
    { name: 'random', values: randomNdcgOfQueries(labels, sizes, { k: K, gain }) },
    // Equal scores keep the order of the data.
    { name: 'input_order', values: ndcg(new Float32Array(data.rows)) },
    { name: 'best_single_feature', values: expected(singleFeatureScores(data, best)) },
  ]
  if (incumbent) here.push({ name: 'incumbent', values: ndcg(incumbent) })
  const baselines = here.map(({ name, values }) => ({ name, values: hosts.concat(values) }))
  const ranker = hosts.concat(ndcg(scores))

  const stated = {
    'ndcg@1': hosts.concat(ndcgAt(1)(scores)),
    'ndcg@5': hosts.concat(ndcgAt(5)(scores)),
    'ndcg@10': ranker,
    'map@10': hosts.concat(averagePrecisionOfQueries(labels, sizes, { k: 10 })(scores)),
    mrr: hosts.concat(reciprocalRankOfQueries(labels, sizes)(scores)),
  }
  const { also, comparisons } = compare(ranker, baselines, {
    weights: weights && hosts.concat(Float64Array.from(weights)),
    also: Object.values(stated),
  })
  const whole = (counts: Uint32Array) => Uint32Array.from(hosts.concat(Float64Array.from(counts)))
  return {
    comparison: {
      queries: ranker.length,
      method: intervalMethod(ranker.length),
      metrics: Object.fromEntries(Object.keys(stated).map((name, index) => [name, also[index]!])),
      baselines: comparisons,
    },
    queries: {
      ids: hosts.gather(ids).flat(),
      rows: whole(sizes),
      relevant: whole(countRelevant(labels, sizes)),
      ranker,
      baselines,
    },
  }
}

function countRelevant(labels: Float32Array, sizes: Uint32Array): Uint32Array {
  let row = 0
  return sizes.map((size) => {
    let relevant = 0
    for (const end = row + size; row < end; row++) if (labels[row]! > 0) relevant++
    return relevant
  })
}
