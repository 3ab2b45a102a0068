import type { Dataset } from '../data/dataset/dataset.ts'
import { affordableRows, sampleQueries } from '../data/dataset/samples.ts'
import {
  type FeatureOrder,
  type RankingOptions,
  randomNdcg,
  singleFeatures,
  singleFeaturesOn,
} from '../metrics/baselines.ts'
import { type Gain, ndcgOfQueries } from '../metrics/ndcg.ts'
import { rankingQuality } from '../metrics/ranking-quality.ts'
import type { ChannelComparison, FeatureImportance } from '../report/report-data.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Evaluation } from '../xgboost/booster.ts'
import type { Scores } from './channel-model.ts'
import type { CrossValidation } from './cross-validation.ts'
import { isLabel } from './data-needs.ts'
import type { Datasets } from './datasets.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'

/** What the ranker is compared with: NDCG@10 by channel. */
export interface Baselines {
  /** The model of the `model` channel. */
  readonly incumbent?: ByChannel
  readonly random: ByChannel
  /**
   * Each feature alone, in the direction that is better on train; the best on train comes first. A channel of more than
   * 10,000 rows, or fewer wide ones, is measured by a seeded sample of its queries.
   */
  readonly single_features: readonly (FeatureOrder & ByChannel)[]
}

/** Rows of whole queries that every feature is tried on as the only ranking. */
const SINGLE_FEATURE_ROWS = 10_000

type ByChannel = Readonly<Partial<Record<ChannelName, number>>>

/** `metrics.json`: every value is of the kept model. */
export type Metrics = {
  best_iteration: number
  baselines?: Baselines
  cv?: CrossValidation
} & Partial<Record<ChannelName, Record<string, number>>> &
  Partial<Findings>

/** What `metrics.json` says beside the plain metrics. */
export interface Findings {
  /** NDCG with intervals, and the ranker against its baselines, query by query. */
  readonly comparisons: Partial<Record<ChannelName, ChannelComparison>>
  /** The feature that moves scores most comes first. */
  readonly feature_importance: readonly FeatureImportance[]
  /** Population stability index of each feature, train against the channel named. */
  readonly drift: { readonly channel: string; readonly features: Readonly<Record<string, number>> }
  /** What a reader should know before trusting the numbers, as the report says it. */
  readonly warnings: readonly string[]
}

export interface MeasureOptions {
  /** The kept model's score of every row. */
  readonly scores: Scores
  /** XGBoost's metrics of the kept model, by `channel-metric`, and their names. */
  readonly evaluation: Evaluation
  readonly metrics: readonly string[]
  readonly hyperparameters: Hyperparameters
  readonly incumbent: Scores | undefined
  /** Whether to skip the comparisons for want of time: a job that was asked to stop has two minutes. */
  readonly isHurried: boolean
  readonly hosts: Hosts
}

/** Measures the kept model and its baselines on every channel. */
export function measure(
  kept: number,
  datasets: Datasets,
  { scores, evaluation, metrics: named, hyperparameters, incumbent, isHurried, hosts }: MeasureOptions,
): Metrics {
  const metrics: Metrics = { best_iteration: kept }
  // All hosts must make the same measurements, so whatever they must agree on is asked of all.
  const ranked = CHANNELS.filter((name) => !hosts.any(!isRanked(datasets[name], hyperparameters)))
  const gain = gainOfJob(hyperparameters)
  const highest = ranked.map((name) => highestLabel(datasets[name]!))
  const maxGrade = Math.max(1, ...hosts.gather(highest).flat())
  for (const name of CHANNELS) {
    const data = datasets[name]
    if (!data) continue
    const values: Record<string, number> = {}
    if (ranked.includes(name)) {
      const { labels, groups, weights } = data
      const ranking = { labels, scores: scores[name]!, sizes: groups!.sizes, weights }
      Object.assign(values, rankingQuality(ranking, { gain, maxGrade, mean: hosts.meanOfQueries }))
    }
    for (const metric of named) {
      const value = evaluation.get(`${name}-${metric}`)!
      // A metric that the channel does not define, such as auc of labels that are all alike, is left out.
      if (!Number.isNaN(value)) values[metric] = value
    }
    metrics[name] = values
  }
  if (ranked.includes('train') && !isHurried) {
    metrics.baselines = baselines(datasets, ranked, { gain, mean: hosts.meanOfQueries }, incumbent)
  }
  return metrics
}

/** The gain of a grade in this job's NDCG. */
export const gainOfJob = ({ ndcg_exp_gain }: Hyperparameters): Gain =>
  ndcg_exp_gain === false ? 'linear' : 'exponential'

const highestLabel = ({ labels }: Dataset): number => labels.reduce((most, label) => Math.max(most, label), 0)

/** Whether a channel has queries with graded labels, so that a ranking of it can be judged. */
function isRanked(data: Dataset | undefined, hyperparameters: Hyperparameters): boolean {
  return data?.groups !== undefined && data.labels.every((label) => isLabel(label, 'graded', hyperparameters))
}

function baselines(
  datasets: Datasets,
  channels: readonly ChannelName[],
  options: Required<RankingOptions>,
  incumbent: Scores | undefined,
): Baselines {
  const rows = affordableRows(datasets.train.featureNames.length, SINGLE_FEATURE_ROWS)
  const samples = channels.map((name) => sampleQueries(datasets[name]!, rows))
  const features = singleFeatures(samples[0]!, options)
  const onEach = samples.map((data, index) =>
    index === 0 ? features.map(({ ndcg }) => ndcg) : singleFeaturesOn(data, features, options),
  )
  const ndcgOf = (name: ChannelName, scores: Float32Array): number => {
    const { labels, groups, weights } = datasets[name]!
    const ofQueries = ndcgOfQueries(labels, groups!.sizes, { k: 10, gain: options.gain })
    return options.mean(ofQueries(scores), weights)
  }
  return {
    ...(incumbent && {
      incumbent: Object.fromEntries(channels.map((name) => [name, ndcgOf(name, incumbent[name]!)])),
    }),
    random: Object.fromEntries(channels.map((name) => [name, randomNdcg(datasets[name]!, options)])),
    single_features: features.map(({ feature, order }, index) => ({
      feature,
      order,
      ...Object.fromEntries(channels.map((name, channel) => [name, onEach[channel]![index]!])),
    })),
  }
}
