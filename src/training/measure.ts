import type { Dataset } from '../data/dataset.ts'
import { randomNdcg, type SingleFeature, singleFeatures, singleFeaturesOn } from '../metrics/baselines.ts'
import { type Gain, ndcgOfQueries } from '../metrics/ndcg.ts'
import { meanOfQueries } from '../metrics/queries.ts'
import { rankingQuality } from '../metrics/ranking-quality.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Booster } from '../xgboost/booster.ts'
import { predictDataset } from '../xgboost/predict.ts'
import type { Matrices } from './boost.ts'
import type { Scores } from './channel-model.ts'
import type { CrossValidation } from './cross-validation.ts'
import { isLabel } from './data-needs.ts'
import type { Datasets } from './datasets.ts'
import type { Evaluator } from './evaluator.ts'
import type { Hyperparameters } from './hyperparameters.ts'

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
  cv?: CrossValidation
} & Partial<Record<ChannelName, Record<string, number>>>

export interface MeasureOptions {
  readonly evaluator: Evaluator
  readonly hyperparameters: Hyperparameters
  readonly incumbent: Scores | undefined
  /** Whether there is no time for what the model is held against: a job that was asked to stop has two minutes. */
  readonly isHurried: boolean
}

/** Measures the kept model and what it is held against on every channel. */
export function measure(
  final: Booster,
  kept: number,
  datasets: Datasets,
  matrices: Matrices,
  { evaluator, hyperparameters, incumbent, isHurried }: MeasureOptions,
): Metrics {
  const metrics: Metrics = { best_iteration: kept }
  const sets = Object.entries(matrices).map(([name, matrix]) => ({ name, matrix }))
  const evaluation = evaluator.evaluate(final, kept, sets)
  const ranked = CHANNELS.filter((name) => isRanked(datasets[name], hyperparameters))
  const gain: Gain = hyperparameters.ndcg_exp_gain === false ? 'linear' : 'exponential'
  const maxGrade = ranked.reduce((most, name) => Math.max(most, highestLabel(datasets[name]!)), 1)
  for (const name of CHANNELS) {
    const data = datasets[name]
    if (!data) continue
    const values: Record<string, number> = {}
    if (ranked.includes(name)) {
      const scores = predictDataset(final, data)
      const ranking = { labels: data.labels, scores, sizes: data.groups!.sizes, weights: data.weights }
      Object.assign(values, rankingQuality(ranking, { gain, maxGrade }))
    }
    for (const metric of evaluator.metrics) {
      const value = evaluation.get(`${name}-${metric}`)!
      // A metric that the channel does not define, such as auc of labels that are all alike, is left out.
      if (!Number.isNaN(value)) values[metric] = value
    }
    metrics[name] = values
  }
  if (ranked.includes('train') && !isHurried) {
    metrics.baselines = baselines(datasets, ranked, gain, incumbent)
  }
  return metrics
}

const highestLabel = ({ labels }: Dataset): number => labels.reduce((most, label) => Math.max(most, label), 0)

/** Whether a channel has queries whose labels are grades, so that a ranking of it has a quality. */
function isRanked(data: Dataset | undefined, hyperparameters: Hyperparameters): boolean {
  return data?.groups !== undefined && data.labels.every((label) => isLabel(label, 'graded', hyperparameters))
}

function baselines(
  datasets: Datasets,
  channels: readonly ChannelName[],
  gain: Gain,
  incumbent: Scores | undefined,
): Baselines {
  const features = singleFeatures(datasets.train, gain)
  const onEach = channels.map((name) => singleFeaturesOn(datasets[name]!, features, gain))
  const ndcgOf = (name: ChannelName, scores: Float32Array): number => {
    const { labels, groups, weights } = datasets[name]!
    return meanOfQueries(ndcgOfQueries(labels, groups!.sizes, { k: 10, gain })(scores), weights)
  }
  return {
    ...(incumbent && {
      incumbent: Object.fromEntries(channels.map((name) => [name, ndcgOf(name, incumbent[name]!)])),
    }),
    random: Object.fromEntries(channels.map((name) => [name, randomNdcg(datasets[name]!, gain)])),
    single_features: features.map(({ feature, order }, index) => ({
      feature,
      order,
      ...Object.fromEntries(channels.map((name, channel) => [name, onEach[channel]![index]!])),
    })),
  }
}
