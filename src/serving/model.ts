import type { Manifest } from '../model/manifest.ts'
import type { Scorer } from '../scoring/scorer.ts'

/** What an answer, a log line or a hook wants to know of a model. */
export interface ModelInfo {
  readonly name: string
  readonly version: string
  /** In the order of a row's values. */
  readonly featureNames: readonly string[]
}

/** A model ready to score: what the default modelFn returns. */
export interface Model extends ModelInfo {
  readonly scorer: Scorer
  /** Absent for a bare model file. */
  readonly manifest: Manifest | undefined
}
