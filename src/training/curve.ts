import type { LearningCurve } from '../report/report-data.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { isMaximised } from './objective.ts'
import type { TrainingEvent, TrainingSignals } from './plan.ts'

/** Passes signals on and remembers the values of every round. */
export class CurveRecorder implements TrainingSignals {
  readonly #signals: TrainingSignals
  readonly #rounds: Extract<TrainingEvent, { type: 'round' }>[] = []

  constructor(signals: TrainingSignals) {
    this.#signals = signals
  }

  readonly emit = (event: TrainingEvent): void => {
    if (event.type === 'round') this.#rounds.push(event)
    this.#signals.emit(event)
  }

  shouldStop(): boolean {
    return this.#signals.shouldStop()
  }

  /** The rounds so far by one metric. @param kept zero-based round at which the kept model ends. */
  curve(
    { num_round: planned, early_stopping_rounds: patience }: Hyperparameters,
    metric: string,
    kept: number,
  ): LearningCurve {
    const names = (this.#rounds[0]?.values ?? [])
      .map(([name]) => name)
      .filter((name) => name.endsWith(`-${metric}`))
    return {
      metric,
      maximised: isMaximised(metric),
      rounds: this.#rounds.map(({ round }) => round),
      series: names.map((name) => ({
        name: name.slice(0, -metric.length - 1),
        values: this.#rounds.map(({ values }) => values.find(([one]) => one === name)![1]),
      })),
      kept,
      planned,
      patience,
    }
  }
}
