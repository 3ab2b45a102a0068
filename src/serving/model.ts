import type { FittedFeatures } from '../features/fitted.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Scorer } from '../scoring/scorer.ts'
import type { TreeShap } from '../scoring/tree-shap.ts'

/** What answers, logs and hooks need to know about a model. */
export interface ModelInfo {
  readonly name: string
  readonly version: string
  /** In the order of a row's values. */
  readonly featureNames: readonly string[]
  /** Which of them are codes of categories. */
  readonly categorical: readonly number[]
  /** The index that the first feature has in libsvm: 1 where the model was trained so. */
  readonly libsvmIndexBase: 0 | 1
  /** What scores it, and why that was chosen. */
  readonly engine: { readonly name: string; readonly reason: string }
  /** What makes its features of raw columns; absent where these are the features. */
  readonly features?: ModelFeatures | undefined
}

/** The fitted feature pipeline of a model. Plain data. */
interface ModelFeatures {
  readonly fitted: FittedFeatures
  /** The column that names the query of a row in CSV. */
  readonly group: string
}

/** A model ready to score: what the default modelFn returns. */
export interface Model extends ModelInfo {
  readonly scorer: Scorer
  /** Absent for a bare model file. */
  readonly manifest: Manifest | undefined
  /** What explains its scores. @throws {RankerError} EXPLAIN_UNAVAILABLE with the reason. */
  readonly explainer: () => TreeShap
}
