import { RankerError } from '../errors.ts'
import type { ChannelName } from '../sagemaker/job.ts'
import type { Booster, EvalSet, Evaluation } from '../xgboost/booster.ts'
import type { DMatrix } from '../xgboost/dmatrix.ts'
import type { Checkpoints } from './checkpoints.ts'
import { EarlyStopping } from './early-stopping.ts'
import type { Evaluator } from './evaluator.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { TrainingSignals } from './plan.ts'

export type Matrices = { train: DMatrix } & Partial<Record<ChannelName, DMatrix>>

export interface BoostOptions {
  /** Rounds that the booster already has from the model it continues; new rounds are counted from there. */
  readonly from?: number
  readonly checkpoints?: Checkpoints | undefined
  readonly hosts?: Hosts
}

export interface Boosted {
  /** Zero-based round at which the model to keep ends. */
  readonly kept: number
  /** Rounds that the booster has. */
  readonly trained: number
  /** Values of this job's rounds, including those before a restart. */
  readonly history: readonly Evaluation[]
}

/**
 * Boosts round by round until all rounds are done, early stopping ends it, or a stop is requested.
 * @throws {RankerError} STOPPED when a stop is requested before the first round.
 */
export function boost(
  booster: Booster,
  hyperparameters: Hyperparameters,
  evaluator: Evaluator,
  matrices: Matrices,
  signals: TrainingSignals,
  { from = 0, checkpoints, hosts = ONE_HOST }: BoostOptions = {},
): Boosted {
  const { early_stopping_rounds: patience, num_round: rounds } = hyperparameters
  const metric = evaluator.metrics.at(-1)!
  const stopping = patience === undefined ? undefined : new EarlyStopping(metric, patience, from)
  const sets = watchedSets(matrices)

  const observe = (round: number, values: Evaluation) =>
    stopping?.observe(round, values.get(`validation-${metric}`)!) ?? false

  const resumed = checkpoints?.resume().slice(0, rounds) ?? []
  const stoppedEarly = resumed.findIndex((values, index) => observe(from + index, values))
  let trained = from + (stoppedEarly < 0 ? resumed.length : stoppedEarly + 1)
  const history = resumed.slice(0, trained - from)
  let isDone = stoppedEarly >= 0 || trained === from + rounds
  let isAsked = hosts.any(signals.shouldStop())
  if (isAsked && trained === from) throw new RankerError('STOPPED', {})
  while (!isDone && !isAsked) {
    const round = trained++
    booster.update(round, matrices.train)
    const values = evaluator.evaluate(booster, round, sets)
    history.push(values)
    signals.emit({ type: 'round', round, rounds: from + rounds, values: [...values] })
    isDone = observe(round, values) || trained === from + rounds
    isAsked = hosts.any(signals.shouldStop())
    checkpoints?.after(values, isDone || isAsked)
  }
  if (!isDone) {
    signals.emit({
      type: 'note',
      text: `asked to stop after round ${trained - 1}: what was learnt so far is kept`,
    })
  }
  return { kept: stopping ? stopping.bestRound : trained - 1, trained, history }
}

/** Train first, and never test: data that is watched every round is no longer a test. */
function watchedSets({ train, validation }: Matrices): EvalSet[] {
  const sets = [{ name: 'train', matrix: train }]
  if (validation) sets.push({ name: 'validation', matrix: validation })
  return sets
}
