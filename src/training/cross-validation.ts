import type { Dataset } from '../data/dataset/dataset.ts'
import { folds, selectQueries } from '../data/dataset/query-parts.ts'
import { RankerError } from '../errors.ts'
import { Booster, type Parameters } from '../xgboost/booster.ts'
import type { DMatrix } from '../xgboost/dmatrix.ts'
import type { XGBoost } from '../xgboost/library.ts'
import { withOwned } from '../xgboost/owned.ts'
import { EarlyStopping } from './early-stopping.ts'
import { Evaluator } from './evaluator.ts'
import { checkQueries } from './hold-out.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { TrainingSignals } from './plan.ts'

/** `metrics.json`'s `cv`: what `kfold` found. */
export interface CrossValidation {
  readonly kfold: number
  /** Queries of each fold. */
  readonly queries: readonly number[]
  /** Zero-based round with the best mean, of the last metric; the model is trained up to it. */
  readonly best_iteration: number
  /** By metric: over the folds at the best round, and over the rounds. */
  readonly metrics: Readonly<Record<string, Spread & { folds: readonly number[]; rounds: readonly Spread[] }>>
}

/** Over the folds: mean and population standard deviation, as XGBoost's own `cv` gives them. */
interface Spread {
  readonly mean: number
  readonly std: number
}

interface Fold {
  readonly train: DMatrix
  readonly booster: Booster
  readonly evaluator: Evaluator
  readonly heldOut: DMatrix
}

export interface CrossValidationJob {
  readonly library: XGBoost
  readonly hyperparameters: Hyperparameters
  readonly metrics: readonly string[]
  /** XGBoost's parameters for a booster that is told these metrics. */
  readonly parameters: (evalMetric: readonly string[]) => Parameters
  /** The matrix of a part of the data; `name` must be unique among the open ones. */
  readonly matrix: (name: string, data: Dataset, reference?: DMatrix) => DMatrix
  readonly signals: TrainingSignals
}

/**
 * Trains a booster for each fold of the queries, all of them round by round together, and finds the round whose mean
 * over the held-out folds is best. Each fold is quantised by itself, so that held-out rows have no part in it. All
 * folds are in memory at once.
 * @throws {RankerError} TOO_FEW_QUERIES, METRIC_UNDEFINED, STOPPED: half a cross-validation leaves no model.
 */
export function crossValidate(data: Dataset, job: CrossValidationJob): CrossValidation {
  const { hyperparameters, metrics, signals } = job
  const { num_round: rounds, early_stopping_rounds: patience, kfold, seed } = hyperparameters
  const sizes = data.groups!.sizes
  checkQueries('kfold', kfold!, sizes.length, kfold!)
  const parts = folds(sizes.length, kfold!, seed)
  return withOwned((own) => {
    const all = parts.map((part, fold): Fold => {
      const learnt = selectQueries(data, part.kept)
      const held = selectQueries(data, part.heldOut)
      const evaluator = new Evaluator(metrics, { cv: held })
      const train = own(job.matrix(`fold-${fold}`, learnt))
      const heldOut = own(job.matrix(`fold-${fold}-held-out`, held, train))
      const booster = own(Booster.create(job.library, job.parameters(evaluator.evalMetric), [train, heldOut]))
      return { train, booster, evaluator, heldOut }
    })
    const decisive = metrics.at(-1)!
    const stopping = new EarlyStopping(decisive, patience ?? Number.POSITIVE_INFINITY)
    /** By round, fold and metric. */
    const history: number[][][] = []
    for (let round = 0; round < rounds; round++) {
      const values = all.map((fold) => trainRound(fold, round, metrics))
      history.push(values)
      const spreads = metrics.map((_, metric) => spreadOf(values.map((ofFold) => ofFold[metric]!)))
      signals.emit({
        type: 'cv',
        round,
        rounds,
        values: metrics.flatMap((metric, index) => [
          [`cv-${metric}-mean`, spreads[index]!.mean] as const,
          [`cv-${metric}-std`, spreads[index]!.std] as const,
        ]),
      })
      if (stopping.observe(round, spreads.at(-1)!.mean)) break
      if (signals.shouldStop()) throw new RankerError('STOPPED', {})
    }
    const best = stopping.bestRound
    return {
      kfold: kfold!,
      queries: parts.map((part) => part.heldOut.length),
      best_iteration: best,
      metrics: Object.fromEntries(
        metrics.map((metric, index) => {
          const byRound = history.map((values) => values.map((ofFold) => ofFold[index]!))
          const atBest = byRound[best]!
          return [metric, { ...spreadOf(atBest), folds: atBest, rounds: byRound.map(spreadOf) }]
        }),
      ),
    }
  })
}

/** What was found, in words. */
export function crossValidationNote(
  { kfold, best_iteration, metrics }: CrossValidation,
  decisive: string,
): string {
  const { mean, std } = metrics[decisive]!
  return `cross-validation: ${decisive} is ${mean.toFixed(4)} with a spread of ${std.toFixed(4)} over ${kfold} folds at round ${best_iteration}, its best; the model is trained up to it`
}

/** Adds a round to a fold's booster. @returns the metrics on what it holds out. */
function trainRound(
  { booster, train, evaluator, heldOut }: Fold,
  round: number,
  metrics: readonly string[],
): number[] {
  booster.update(round, train)
  const values = evaluator.evaluate(booster, round, [{ name: 'cv', matrix: heldOut }])
  return metrics.map((metric) => values.get(`cv-${metric}`)!)
}

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance) }
}
