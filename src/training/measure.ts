import { affordableRows, sampleQueries } from '../data/samples.ts'
import { type FeatureOrder, randomNdcg, singleFeatures, singleFeaturesOn } from '../metrics/baselines.ts'
import { meanNdcg } from '../metrics/ndcg.ts'
import type { ChannelComparison, FeatureImportance } from '../report/report-data.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Booster } from '../xgboost/booster.ts'
import { predictDataset } from '../xgboost/predict.ts'
import type { Matrices } from './boost.ts'
import type { Scores } from './channel-model.ts'
import type { Datasets } from './datasets.ts'

/** What the ranker is held against: NDCG@10 by channel. */
export interface Baselines {
  /** The model of the `model` channel. */
  readonly incumbent?: ByChannel
  readonly random: ByChannel
  /**
   * Each feature alone, in the direction that is better on train; the best on train comes first. A channel of more than
   * 25,000 rows, or fewer wide ones, is measured by a seeded sample of its queries.
   */
  readonly single_features: readonly (FeatureOrder & ByChannel)[]
}

/** Rows of whole queries that every feature is tried on as the only ranking. */
const SINGLE_FEATURE_ROWS = 25_000

type ByChannel = Readonly<Partial<Record<ChannelName, number>>>

/** `metrics.json`: every value is of the kept model. */
export type Metrics = {
  best_iteration: number
  baselines?: Baselines
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

/** The kept model's score of every row, by channel. */
export function scoreRows(final: Booster, datasets: Datasets): Scores {
  const channels = CHANNELS.filter((name) => datasets[name])
  return Object.fromEntries(channels.map((name) => [name, predictDataset(final, datasets[name]!)]))
}

/**
 * Measures the kept model on every channel and, where there is time, what it is held against: a job that was asked to
 * stop has two minutes.
 */
export function measure(
  final: Booster,
  kept: number,
  datasets: Datasets,
  matrices: Matrices,
  scores: Scores,
  incumbent: Scores | undefined,
  isHurried: boolean,
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
      const ndcg = (emptyQuery: 'one' | 'skip') =>
        meanNdcg(data.labels, scores[name]!, data.groups!.sizes, { k: 10, emptyQuery })
      values['ndcg@10'] ??= ndcg('one')
      const answerable = ndcg('skip')
      if (!Number.isNaN(answerable)) values['ndcg@10_without_empty_queries'] = answerable
    }
    metrics[name] = values
  }
  if (datasets.train.groups && !isHurried) metrics.baselines = baselines(datasets, incumbent)
  return metrics
}

function baselines(datasets: Datasets, incumbent: Scores | undefined): Baselines {
  const channels = CHANNELS.filter((name) => datasets[name])
  const rows = affordableRows(datasets.train.featureNames.length, SINGLE_FEATURE_ROWS)
  const samples = channels.map((name) => sampleQueries(datasets[name]!, rows))
  const features = singleFeatures(samples[0]!)
  const onEach = samples.map((data, index) =>
    index === 0 ? features.map(({ ndcg }) => ndcg) : singleFeaturesOn(data, features),
  )
  return {
    ...(incumbent && { incumbent: ndcgOf(incumbent, datasets) }),
    random: Object.fromEntries(channels.map((name) => [name, randomNdcg(datasets[name]!)])),
    single_features: features.map(({ feature, order }, index) => ({
      feature,
      order,
      ...Object.fromEntries(channels.map((name, channel) => [name, onEach[channel]![index]!])),
    })),
  }
}

function ndcgOf(scores: Scores, datasets: Datasets): ByChannel {
  return Object.fromEntries(
    CHANNELS.filter((name) => datasets[name]).map((name) => {
      const { labels, groups } = datasets[name]!
      return [name, meanNdcg(labels, scores[name]!, groups!.sizes, { k: 10 })]
    }),
  )
}
