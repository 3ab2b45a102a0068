import type { ChannelName } from '../sagemaker/job.ts'
import type { Booster, EvalSet } from '../xgboost/booster.ts'
import type { DMatrix } from '../xgboost/dmatrix.ts'
import { EarlyStopping } from './early-stopping.ts'
import type { Hosts } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { evalMetrics } from './objective.ts'
import type { TrainingSignals } from './plan.ts'

export type Matrices = { train: DMatrix } & Partial<Record<ChannelName, DMatrix>>

export interface Boosted {
  /** Zero-based round at which the model to keep ends. */
  readonly kept: number
  /** Rounds that were trained. */
  readonly trained: number
}

/** Boosts round by round until the rounds are done, early stopping says so, or somebody asks. */
export function boost(
  booster: Booster,
  hyperparameters: Hyperparameters,
  matrices: Matrices,
  signals: TrainingSignals,
  hosts: Hosts,
): Boosted {
  const { early_stopping_rounds: patience, num_round: rounds } = hyperparameters
  const metric = evalMetrics(hyperparameters).at(-1)!
  const stopping = patience === undefined ? undefined : new EarlyStopping(metric, patience)
  const sets = watchedSets(matrices)
  let trained = 0
  while (trained < rounds) {
    const round = trained++
    booster.update(round, matrices.train)
    const values = booster.evaluate(round, sets)
    signals.emit({ type: 'round', round, values: [...values] })
    if (stopping?.observe(round, values.get(`validation-${metric}`)!)) break
    if (hosts.any(signals.shouldStop())) {
      signals.emit({
        type: 'note',
        text: `asked to stop after round ${round}: what was learnt so far is kept`,
      })
      break
    }
  }
  return { kept: stopping ? stopping.bestRound : trained - 1, trained }
}

/** Train first, test never: what is seen every round is no longer a test. */
function watchedSets({ train, validation }: Matrices): EvalSet[] {
  const sets = [{ name: 'train', matrix: train }]
  if (validation) sets.push({ name: 'validation', matrix: validation })
  return sets
}
