import { RankerError } from '../errors.ts'
import type { Parameters } from '../xgboost/booster.ts'
import type { Hyperparameters } from './hyperparameters.ts'

/** Grades above this overflow the exponential gain of XGBoost's NDCG. */
const MAX_GRADE = 31

/** Whether the objective ranks the rows of a query, and so needs to know them. */
export const needsGroups = (objective: string): boolean => objective.startsWith('rank:')

/** The metrics to evaluate: those given, else what the objective optimises. */
export function evalMetrics({ eval_metric, objective }: Hyperparameters): readonly string[] {
  if (eval_metric) return eval_metric
  if (objective === 'rank:map') return ['map@10']
  if (needsGroups(objective)) return ['ndcg@10']
  return [objective === 'binary:logistic' ? 'logloss' : 'rmse']
}

/** Whether more of a metric is better; `ndcg@10` is, which AWS's container gets wrong by looking up the whole name. */
export const isMaximised = (metric: string): boolean => /^(ndcg|map|pre|auc|aucpr)(@|-|$)/.test(metric)

/** For an objective, a check that says what was wanted of a label that will not do. */
export function labelCheck(objective: string): (label: number) => string | undefined {
  if (objective === 'rank:map' || objective === 'binary:logistic') {
    return (label) =>
      label === 0 || label === 1 ? undefined : `0 or 1 for ${objective}; rank:ndcg takes grades`
  }
  if (needsGroups(objective)) {
    return (label) =>
      label >= 0 && label <= MAX_GRADE && Number.isInteger(label)
        ? undefined
        : `a whole grade from 0 to ${MAX_GRADE}`
  }
  return () => undefined
}

/** @throws {RankerError} CONTRADICTING_HYPERPARAMETERS when early stopping has nothing to watch. */
export function checkEarlyStopping(values: Hyperparameters, hasValidation: boolean): void {
  if (values.early_stopping_rounds === undefined || hasValidation) return
  throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
    reason: `early_stopping_rounds is ${values.early_stopping_rounds} but there is no validation channel to watch`,
  })
}

/**
 * XGBoost's own state that a serialised booster does not hold.
 * @throws {RankerError} CONTRADICTING_HYPERPARAMETERS for what could not be resumed.
 */
export function checkCheckpoints(parameters: Parameters): void {
  if (/^(true|1)$/.test(String(parameters.lambdarank_unbiased))) {
    throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
      reason:
        'lambdarank_unbiased cannot be resumed from a checkpoint: leave it out, or start the job without a checkpoint configuration',
    })
  }
  if (parameters.process_type === 'update') {
    throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
      reason:
        'process_type update cannot be resumed from a checkpoint: start the job without a checkpoint configuration',
    })
  }
}
