import { CHANNELS } from '../sagemaker/job.ts'
import type { Booster, Evaluation } from '../xgboost/booster.ts'
import type { XGBoost } from '../xgboost/library.ts'
import type { Own } from '../xgboost/owned.ts'
import { predictDataset } from '../xgboost/predict.ts'
import type { Boosted, Matrices } from './boost.ts'
import type { Scores } from './channel-model.ts'
import type { Datasets } from './datasets.ts'
import type { Evaluator } from './evaluator.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { isUpdate, type StartingPoint, sliceOf } from './starting-point.ts'

/** The rounds that are kept, as a model of their own, and what it gives on each channel. */
export interface KeptModel {
  /** Zero-based round at which it ends. */
  readonly round: number
  readonly booster: Booster
  /** XGBoost's metrics, by `channel-metric`. */
  readonly evaluation: Evaluation
  /** One a row, by channel. */
  readonly scores: Scores
}

export interface Trained extends Boosted {
  readonly start: StartingPoint
  readonly evaluator: Evaluator
  readonly matrices: Matrices
  readonly datasets: Datasets
  readonly hyperparameters: Hyperparameters
  readonly threads: number
}

/** Takes the rounds to keep out of the trained booster, which is closed with its matrices: both take memory. */
export function keepRounds(library: XGBoost, own: Own, trained: Trained): KeptModel {
  const { start, kept, evaluator, matrices, datasets, hyperparameters } = trained
  // A slice keeps neither names nor attributes, nor the metrics to evaluate.
  const booster = own(sliceOf(start.booster, kept + 1, hyperparameters, library, own))
  booster.setFeatureNames(datasets.train.featureNames)
  booster.setAttribute('best_iteration', String(kept))
  booster.setParameters({ eval_metric: evaluator.evalMetric, nthread: String(trained.threads) })

  // If all rounds are kept, the trained booster has measured them already and knows the score of every row of train.
  // Of other channels it does not: their values are quantised like those of train, and may lie beyond them.
  const isWhole = kept + 1 === trained.trained && !isUpdate(hyperparameters)
  const known = isWhole ? trained.history.at(-1) : undefined
  const sets = Object.entries(matrices)
    .filter(([name]) => !known?.has(`${name}-${evaluator.metrics[0]}`))
    .map(([name, matrix]) => ({ name, matrix }))
  const others = sets.length === 0 ? [] : evaluator.evaluate(booster, kept, sets)
  const evaluation = new Map([...(known ?? []), ...others])
  const scores: Scores = {}
  if (isWhole && start.from === 0) scores.train = start.booster.predictMatrix(matrices.train)
  for (const done of [start.booster, ...Object.values(matrices)]) done.close()
  for (const name of CHANNELS) {
    const data = datasets[name]
    if (data) scores[name] ??= predictDataset(booster, data)
  }
  return { round: kept, booster, evaluation, scores }
}
