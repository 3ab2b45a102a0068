import type { Dataset } from '../data/dataset/dataset.ts'
import { stabilityIndex } from '../data/dataset/drift.ts'
import {
  type ChannelProfile,
  type FeatureProfiles,
  mergeProfiles,
  profileChannel,
  profileFeatures,
  profileQuantiles,
  type SampledColumn,
  sampleColumns,
} from '../data/dataset/profile.ts'
import { sampleIndices } from '../data/dataset/samples.ts'
import { quantile } from '../data/quantile.ts'
import { sortFloat32 } from '../data/sort.ts'
import type { Gain } from '../metrics/ndcg.ts'
import type { Forest } from '../model/forest.ts'
import type { ChannelComparison, GradeScores, QueryTable, ReportData } from '../report/report-data.ts'
import { CHANNELS, type ChannelName } from '../sagemaker/job.ts'
import type { Booster } from '../xgboost/booster.ts'
import type { XGBoost } from '../xgboost/library.ts'
import type { Scores } from './channel-model.ts'
import { compareOnQueries } from './compare.ts'
import type { Datasets } from './datasets.ts'
import type { Hosts } from './hosts/hosts.ts'
import { featureImportance, type Importance } from './importance.ts'
import type { Baselines } from './measure.ts'

/** Rows whose scores are looked at by grade. */
const SCORED_ROWS = 100_000

/** What is known of a trained model and its data beyond its metrics. */
export interface Inspection {
  readonly channels: readonly {
    readonly name: ChannelName
    readonly profile: ChannelProfile
    /** Where rows belong to queries. */
    readonly comparison?: ChannelComparison
    readonly queries?: QueryTable
  }[]
  /** The channel that tells how good the model is: test, else validation, else train. */
  readonly judged: ChannelName
  readonly importance: Importance
  readonly profile: TrainingProfile
  readonly drift?: NonNullable<ReportData['drift']>
  readonly scoresByGrade: readonly GradeScores[]
}

/** `training.profile` of the manifest: what the model has seen, to compare with what it is served later. */
export type TrainingProfile = FeatureProfiles &
  Omit<ChannelProfile, 'rows'> & { readonly scores: readonly number[] }

export interface Inspected {
  readonly library: XGBoost
  readonly final: Booster
  readonly forest: Forest
  readonly datasets: Datasets
  /** The model's scores on each channel. */
  readonly scores: Scores
  /** Scores of the model that this one may replace. */
  readonly incumbent?: Scores | undefined
  readonly baselines?: Baselines | undefined
  readonly gain: Gain
  readonly hosts: Hosts
}

/** Gathers everything that the report shows about a trained model. */
export function inspect({
  library,
  final,
  forest,
  datasets,
  scores,
  incumbent,
  baselines,
  gain,
  hosts,
}: Inspected): Inspection {
  const [best] = baselines?.single_features ?? []
  const channels = CHANNELS.flatMap((name) => {
    const data = datasets[name]
    if (!data) return []
    const profile = profileOfAll(data, hosts)
    // A channel without a value for a random order is not ranked: it has no queries, or labels that are not grades.
    if (!best || baselines?.random[name] === undefined) return [{ name, profile }]
    const against = { best, incumbent: incumbent?.[name], gain }
    return [{ name, profile, ...compareOnQueries(data, scores[name]!, against, hosts) }]
  })
  const judged = (['test', 'validation', 'train'] as const).find((name) => datasets[name])!
  const sample = sampleColumns(datasets.train)
  const other = (['validation', 'test'] as const).find((name) => datasets[name])
  return {
    channels,
    judged,
    importance: featureImportance(library, final, forest, datasets.train),
    profile: profileTraining(datasets.train, scores.train!, sample),
    ...(other && { drift: { channel: other, values: driftOf(sample.columns, datasets[other]!) } }),
    scoresByGrade: scoresByGrade(datasets[judged]!, scores[judged]!),
  }
}

/** A channel's counts over the rows of all hosts. */
function profileOfAll(data: Dataset, hosts: Hosts): ChannelProfile {
  const mine = profileChannel(data)
  if (hosts.names.length === 1) return mine
  const sizes = data.groups && hosts.concat(Float64Array.from(data.groups.sizes))
  return mergeProfiles(hosts.gather(mine), sizes)
}

function profileTraining(
  data: Dataset,
  scores: Float32Array,
  { rows, columns }: ReturnType<typeof sampleColumns>,
): TrainingProfile {
  const { rows: _, ...channel } = profileChannel(data)
  return {
    sampledRows: rows.length,
    features: profileFeatures(data.featureNames, columns),
    ...channel,
    scores: profileQuantiles(sortFloat32(Float32Array.from(rows, (row) => scores[row]!))),
  }
}

function driftOf(before: readonly SampledColumn[], data: Dataset): number[] {
  return sampleColumns(data).columns.map((after, feature) => stabilityIndex(before[feature]!, after))
}

/** Where the scores of each grade lie, where labels are grades. */
function scoresByGrade({ labels }: Dataset, scores: Float32Array): GradeScores[] {
  const byGrade = new Map<number, number[]>()
  for (const row of sampleIndices(labels.length, SCORED_ROWS)) {
    const of = byGrade.get(labels[row]!)
    if (of) of.push(scores[row]!)
    else byGrade.set(labels[row]!, [scores[row]!])
    if (byGrade.size > 32) return []
  }
  return [...byGrade]
    .sort(([a], [b]) => a - b)
    .map(([grade, list]) => {
      const ascending = sortFloat32(Float32Array.from(list))
      return {
        grade,
        rows: list.length,
        quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => quantile(ascending, share)),
      }
    })
}
