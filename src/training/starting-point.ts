import { Booster } from '../xgboost/booster.ts'
import type { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'
import type { Own } from '../xgboost/owned.ts'
import type { ChannelModel } from './channel-model.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { Emit } from './plan.ts'

export interface StartingPoint {
  readonly booster: Booster
  /** Rounds that it already has, and that new ones are counted on. */
  readonly from: number
  /** Rounds to go at most. */
  readonly rounds: number
}

/** Whether the rounds of a model are changed instead of new ones added. */
export const isUpdate = ({ process_type }: Hyperparameters): boolean => process_type === 'update'

/**
 * The booster to train: an empty one, or the model that training continues from. With `process_type` update, no round
 * is added: each round of the model is changed once, from the first on.
 * @param matrices those that training will use.
 */
export function startingPoint(
  hyperparameters: Hyperparameters,
  library: XGBoost,
  base: ChannelModel | undefined,
  matrices: readonly DMatrix[],
  emit: Emit,
): StartingPoint {
  const { num_round } = hyperparameters
  if (!base) return { booster: Booster.create(library, {}, matrices), from: 0, rounds: num_round }
  const booster = Booster.load(library, base.bytes, matrices)
  const has = booster.rounds()
  if (!isUpdate(hyperparameters)) return { booster, from: has, rounds: num_round }
  const rounds = Math.min(num_round, has)
  emit({
    type: 'note',
    text: `process_type is update: ${rounds} of the ${has} rounds of ${base.file} are changed${rounds < has ? ', and the others left out' : ''}`,
  })
  return { booster, from: 0, rounds }
}

/**
 * The first rounds of a trained booster. With `process_type` update, it also holds the untouched rest of the model,
 * which is cut when it is written.
 */
export function sliceOf(
  booster: Booster,
  rounds: number,
  hyperparameters: Hyperparameters,
  library: XGBoost,
  own: Own,
): Booster {
  const trained = isUpdate(hyperparameters) ? own(Booster.load(library, booster.save('ubj'))) : booster
  return trained.slice(rounds)
}
