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

/** Whether rounds of a model are changed, and none is added. */
export const isUpdate = ({ process_type }: Hyperparameters): boolean => process_type === 'update'

/**
 * A booster to train: an empty one, or the model that training goes on from. With `process_type` update no round is
 * added: those of the model are gone through from the first, and each is changed once.
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

/** The first rounds of a trained booster. One that changed a model holds what is left of it too, until it is written. */
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
