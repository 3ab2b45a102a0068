import { RankerError } from '../errors.ts'
import { isMaximised } from './eval-metrics.ts'

/**
 * Watches one metric and says when it has not improved for so many rounds. Ties do not count as better, as in
 * XGBoost's own callback, so the earliest of equal rounds is kept.
 */
export class EarlyStopping {
  /** Zero-based round of the best value so far. */
  bestRound: number
  bestValue: number
  readonly #metric: string
  readonly #patience: number
  readonly #maximise: boolean

  /**
   * @param patience rounds without a better value after which to stop; infinite never stops.
   * @param first the round that is observed first.
   */
  constructor(metric: string, patience: number, first = 0) {
    this.bestRound = first
    this.#metric = metric
    this.#patience = patience
    this.#maximise = isMaximised(metric)
    this.bestValue = this.#maximise ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  /**
   * Takes in a round's value. @returns whether training should stop.
   * @throws {RankerError} METRIC_UNDEFINED for a value that cannot be compared.
   */
  observe(round: number, value: number): boolean {
    if (Number.isNaN(value)) throw new RankerError('METRIC_UNDEFINED', { metric: this.#metric, round })
    if (this.#maximise ? value > this.bestValue : value < this.bestValue) {
      this.bestValue = value
      this.bestRound = round
    }
    return round - this.bestRound >= this.#patience
  }
}
