import type { Channels } from '../sagemaker/job.ts'
import type { S3Settings } from '../storage/s3.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { SpecOfJob } from './model-features.ts'

/** Everything that decides what a training job does; plain data, so that it crosses to the training thread. */
export interface TrainingPlan {
  readonly channels: Channels
  readonly hyperparameters: Hyperparameters
  /** What the features are; without it, columns of numbers as they are. */
  readonly features?: SpecOfJob | undefined
  /** Threads of XGBoost. */
  readonly threads: number
  /** When rows go to disk for want of memory, and where. */
  readonly memory: MemoryPlan
  /** How channels in S3 are reached. */
  readonly s3: S3Settings
  /** Name that answers of the served model carry. */
  readonly modelName: string
  /** Folder of the checkpoints; absent where nobody asked for them. */
  readonly checkpoints?: string | undefined
  /** Folder or file of the `model` channel. */
  readonly model?: string | undefined
}

interface MemoryPlan {
  /** Bytes that the job may take. */
  readonly limitBytes: number
  /** Folder of the files that hold what does not fit. */
  readonly folder: string
}

interface RoundValues {
  /** Zero-based. */
  readonly round: number
  /** Rounds that there will be at most. */
  readonly rounds: number
  /** By name, in the order of the metrics. */
  readonly values: readonly (readonly [string, number])[]
}

/** What a training job reports while it runs. */
export type TrainingEvent =
  | ({ readonly type: 'round' } & RoundValues)
  /** A round of the boosters of a cross-validation. */
  | ({ readonly type: 'cv' } & RoundValues)
  /** The last round is done: most of what follows takes one thread. */
  | { readonly type: 'trained' }
  | { readonly type: 'note' | 'warning'; readonly text: string }

export type Emit = (event: TrainingEvent) => void

export interface TrainingSignals {
  readonly emit: Emit
  /** Asked after every round; true keeps what was learnt so far and ends. */
  shouldStop(): boolean
}
