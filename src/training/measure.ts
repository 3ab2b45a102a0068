import { randomNdcg, type SingleFeature, singleFeatures, singleFeaturesOn } from '../metrics/baselines.ts'
import { ndcgOfQueries } from '../metrics/ndcg.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Booster } from '../xgboost/booster.ts'
import { predictDataset } from '../xgboost/predict.ts'
import type { Matrices } from './boost.ts'
import type { Scores } from './channel-model.ts'
import type { Datasets } from './datasets.ts'
import type { Hosts } from './hosts/hosts.ts'

/** What the ranker is held against: NDCG@10 by channel. */
export interface Baselines {
  /** The model of the `model` channel. */
  readonly incumbent?: ByChannel
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

/**
 * Measures the kept model on every channel and, where there is time, what it is held against: a job that was asked to
 * stop has two minutes.
 */
export function measure(
  final: Booster,
  kept: number,
  datasets: Datasets,
  matrices: Matrices,
  incumbent: Scores | undefined,
  isHurried: boolean,
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
  if (datasets.train.groups && !isHurried) metrics.baselines = baselines(datasets, incumbent, hosts)
  return metrics
}

function baselines(datasets: Datasets, incumbent: Scores | undefined, { meanOfQueries }: Hosts): Baselines {
  const channels = CHANNELS.filter((name) => datasets[name])
  const features = singleFeatures(datasets.train, meanOfQueries)
  const onEach = channels.map((name) => singleFeaturesOn(datasets[name]!, features, meanOfQueries))
  return {
    ...(incumbent && { incumbent: ndcgOf(incumbent, datasets, meanOfQueries) }),
    random: Object.fromEntries(channels.map((name) => [name, randomNdcg(datasets[name]!, meanOfQueries)])),
    single_features: features.map(({ feature, order }, index) => ({
      feature,
      order,
      ...Object.fromEntries(channels.map((name, channel) => [name, onEach[channel]![index]!])),
    })),
  }
}

function ndcgOf(scores: Scores, datasets: Datasets, mean: Hosts['meanOfQueries']): ByChannel {
  return Object.fromEntries(
    CHANNELS.filter((name) => datasets[name]).map((name) => {
      const { labels, groups } = datasets[name]!
      return [name, mean(ndcgOfQueries(labels, groups!.sizes, { k: 10 })(scores[name]!))]
    }),
  )
}
