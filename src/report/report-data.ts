import type { ChannelProfile, FeatureProfiles } from '../data/dataset/profile.ts'
import type { Interval } from '../metrics/bootstrap.ts'
import type { Comparison } from '../metrics/compare.ts'

/** NDCG@10 of every query of a channel, of the ranker and of its baselines. */
export interface QueryTable {
  readonly ids: readonly string[]
  /** Rows of each query, and how many have a grade above 0. */
  readonly rows: Uint32Array
  readonly relevant: Uint32Array
  readonly ranker: Float64Array
  readonly baselines: readonly { readonly name: BaselineName; readonly values: Float64Array }[]
}

/** In the order in which they are shown. */
const BASELINES = ['random', 'input_order', 'best_single_feature', 'incumbent'] as const
export type BaselineName = (typeof BASELINES)[number]

/** A channel's NDCG with its intervals, and the ranker against the baselines on it. */
export interface ChannelComparison {
  readonly queries: number
  readonly method: 'bootstrap' | 'normal'
  /** `ndcg@10` and other metrics of the ranker, by name. */
  readonly metrics: Readonly<Record<string, Interval>>
  /** By NDCG@10; names are {@link BASELINES}. */
  readonly baselines: readonly Comparison[]
}

/** How much a feature matters to the model. */
export interface FeatureImportance {
  readonly feature: string
  /** Mean over rows of the absolute contribution of the feature to the score. */
  readonly mean_abs_shap: number
  /** Mean loss reduction of its splits, and mean of the hessians they saw. */
  readonly gain: number
  readonly cover: number
  readonly splits: number
}

/** What a feature added to one row's score, and where its value stands: 0 the lowest, 1 the highest, null missing. */
export type ShapDot = readonly [contribution: number, standing: number | null]

/** Scores of the rows of one grade: at 5, 25, 50, 75 and 95 %. */
export interface GradeScores {
  readonly grade: number
  readonly rows: number
  readonly quantiles: readonly number[]
}

/** The watched metric, round by round. */
export interface LearningCurve {
  readonly metric: string
  readonly maximised: boolean
  readonly rounds: readonly number[]
  /** One list a channel, one value a round. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
  /** Zero-based round at which the kept model ends. */
  readonly kept: number
  /** Rounds of the model that was continued, and rounds that there would be at most. */
  readonly from: number
  readonly planned: number
  /** Rounds without a better value after which training stops, if early stopping is on. */
  readonly patience?: number | undefined
}

/** Facts about a training run, and what it took. */
interface RunFacts {
  readonly hyperparameters: Readonly<Record<string, unknown>>
  readonly threads: number
  /** Seconds of each phase, in order. */
  readonly phases: readonly { readonly name: string; readonly seconds: number }[]
  /** Rows of train times rounds, each second of training. */
  readonly rowsPerSecond: number
  readonly peakMemoryBytes?: number | undefined
  readonly versions: Readonly<Record<string, string>>
  /** sha256 and size by file name. */
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[]
  readonly fingerprint: string
  /** Largest difference between the scores of ONNX Runtime and XGBoost on the golden rows. */
  readonly exportDifference: number
  readonly goldenRows: number
}

/** Everything that the report of a training job shows; whatever a job has no data for is absent or empty. */
export interface ReportData {
  readonly model: { readonly name: string; readonly version: string }
  /** ISO 8601. */
  readonly writtenAt: string
  readonly objective: string
  /** The gain of a grade in NDCG. */
  readonly gain: 'exponential' | 'linear'
  readonly channels: readonly {
    readonly name: string
    readonly profile: ChannelProfile
    readonly metrics: Readonly<Record<string, number>>
  }[]
  /** The channel that the numbers describe: test, else validation, else train. */
  readonly judged: string
  readonly curve: LearningCurve
  /** Of the judged channel; absent where rows belong to no queries. */
  readonly comparison?: ChannelComparison | undefined
  readonly queries?: QueryTable | undefined
  readonly bestFeature?: { readonly feature: string; readonly order: 'ascending' | 'descending' } | undefined
  readonly importance: readonly FeatureImportance[]
  /** Rows that mean |SHAP| is taken over. */
  readonly explainedRows: number
  readonly shapDots: readonly { readonly feature: string; readonly dots: readonly ShapDot[] }[]
  /** Of train. */
  readonly features: FeatureProfiles
  /** Population stability index of each feature of train against another channel. */
  readonly drift?: { readonly channel: string; readonly values: readonly number[] } | undefined
  readonly scoresByGrade: readonly GradeScores[]
  readonly run: RunFacts
}
