import type { RefusedValue } from './hyperparameters/kinds.ts'
import type { Hyperparameters } from './hyperparameters/schema.ts'

/** Which labels an objective or a metric takes. */
export type LabelKind = 'any' | 'binary' | 'graded' | 'share' | 'fromZero' | 'aboveZero' | 'aboveMinusOne'

interface Objective {
  /** Evaluated where no metric is named. */
  readonly metric: string
  readonly labels: LabelKind
  /** What the model's sum goes through to become the score (in XGBoost, the inverse link). */
  readonly link?: 'logistic' | 'log'
}

/** The objectives of XGBoost 3.4.1 that give one score a row. */
const OBJECTIVES = {
  'rank:ndcg': { metric: 'ndcg@10', labels: 'graded' },
  'rank:pairwise': { metric: 'ndcg@10', labels: 'graded' },
  'rank:map': { metric: 'map@10', labels: 'binary' },
  'reg:squarederror': { metric: 'rmse', labels: 'any' },
  'reg:squaredlogerror': { metric: 'rmsle', labels: 'aboveMinusOne' },
  'reg:logistic': { metric: 'rmse', labels: 'share', link: 'logistic' },
  'reg:pseudohubererror': { metric: 'mphe', labels: 'any' },
  'reg:absoluteerror': { metric: 'mae', labels: 'any' },
  'reg:quantileerror': { metric: 'quantile', labels: 'any' },
  'reg:expectileerror': { metric: 'expectile', labels: 'any' },
  'reg:gamma': { metric: 'gamma-deviance', labels: 'aboveZero', link: 'log' },
  'reg:tweedie': { metric: 'tweedie-nloglik', labels: 'fromZero', link: 'log' },
  'count:poisson': { metric: 'poisson-nloglik', labels: 'fromZero', link: 'log' },
  'binary:logistic': { metric: 'logloss', labels: 'binary', link: 'logistic' },
  // XGBoost's own default, logloss, would take this objective's margins for probabilities.
  'binary:logitraw': { metric: 'auc', labels: 'binary' },
  'binary:hinge': { metric: 'error', labels: 'binary' },
} as const satisfies Record<string, Objective>

export type ObjectiveName = keyof typeof OBJECTIVES
export const OBJECTIVE_NAMES = Object.keys(OBJECTIVES) as [ObjectiveName, ...ObjectiveName[]]

export const REFUSED_OBJECTIVES: readonly RefusedValue[] = [
  {
    values: 'multi:*',
    pattern: /^multi:/,
    reason: 'it gives a score for every class, and a ranker gives one a row',
  },
  {
    values: 'survival:*',
    pattern: /^survival:/,
    reason: 'times until an event are not what a ranker learns from',
  },
]

export const objectiveOf = ({ objective }: Pick<Hyperparameters, 'objective'>): Objective =>
  OBJECTIVES[objective]

/** Whether the objective ranks the rows of a query. */
export const isRanking = (objective: string): boolean => objective.startsWith('rank:')
