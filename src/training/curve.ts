import type { LearningCurve } from '../report/report-data.ts'
import type { Boosted } from './boost.ts'
import { isMaximised } from './eval-metrics.ts'
import type { Hyperparameters } from './hyperparameters.ts'

/** A metric over the rounds of a job. @param from rounds that the booster had before. */
export function learningCurve(
  { num_round: rounds, early_stopping_rounds: patience }: Hyperparameters,
  metric: string,
  { kept, history }: Boosted,
  from: number,
): LearningCurve {
  const names = [...(history[0]?.keys() ?? [])].filter((name) => name.endsWith(`-${metric}`))
  return {
    metric,
    maximised: isMaximised(metric),
    rounds: history.map((_, index) => from + index),
    series: names.map((name) => ({
      name: name.slice(0, -metric.length - 1),
      values: history.map((values) => values.get(name)!),
    })),
    kept,
    from,
    planned: from + rounds,
    patience,
  }
}
