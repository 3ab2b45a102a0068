import { randomNdcg, type SingleFeature, singleFeatures, singleFeaturesOn } from '../metrics/baselines.ts'
import { ndcgOfQueries } from '../metrics/ndcg.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Booster } from '../xgboost/booster.ts'
import { predictDataset } from '../xgboost/predict.ts'
import type { Matrices } from './boost.ts'
import type { Datasets } from './datasets.ts'
import type { Hosts } from './hosts/hosts.ts'

/** What the ranker is held against: NDCG@10 by channel. */
export interface Baselines {
  readonly random: ByChannel
  /** Each feature alone, in the direction that is better on train; the best on train comes first. */
  readonly single_features: readonly ({ feature: string; order: SingleFeature['order'] } & ByChannel)[]
}

type ByChannel = Readonly<Partial<Record<ChannelName, number>>>

/** `metrics.json`: every value is of the kept model. */
export type Metrics = {
  best_iteration: number
  baselines?: Baselines
} & Partial<Record<ChannelName, Record<string, number>>>

/** Measures the kept model and what it is held against on every channel. */
export function measure(
  final: Booster,
  kept: number,
  datasets: Datasets,
  matrices: Matrices,
  hosts: Hosts,
): Metrics {
  const metrics: Metrics = { best_iteration: kept }
  const sets = Object.entries(matrices).map(([name, matrix]) => ({ name, matrix }))
  const evaluation = final.evaluate(kept, sets)
  for (const name of CHANNELS) {
    const data = datasets[name]
    if (!data) continue
    const prefix = `${name}-`
    const values = Object.fromEntries(
      [...evaluation]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    )
    if (data.groups) {
      const scores = predictDataset(final, data)
      const ndcg = (emptyQuery: 'one' | 'skip') =>
        hosts.meanOfQueries(ndcgOfQueries(data.labels, data.groups!.sizes, { k: 10, emptyQuery })(scores))
      values['ndcg@10'] ??= ndcg('one')
      const answerable = ndcg('skip')
      if (!Number.isNaN(answerable)) values['ndcg@10_without_empty_queries'] = answerable
    }
    metrics[name] = values
  }
  if (datasets.train.groups) metrics.baselines = baselines(datasets, hosts)
  return metrics
}

function baselines(datasets: Datasets, { meanOfQueries }: Hosts): Baselines {
  const channels = CHANNELS.filter((name) => datasets[name])
  const features = singleFeatures(datasets.train, meanOfQueries)
  const onEach = channels.map((name) => singleFeaturesOn(datasets[name]!, features, meanOfQueries))
  return {
    random: Object.fromEntries(channels.map((name) => [name, randomNdcg(datasets[name]!, meanOfQueries)])),
    single_features: features.map(({ feature, order }, index) => ({
      feature,
      order,
      ...Object.fromEntries(channels.map((name, channel) => [name, onEach[channel]![index]!])),
    })),
  }
}
