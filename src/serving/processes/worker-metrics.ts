import type { MetricsData } from '../metrics.ts'
import { sumOfCounts } from '../tallies.ts'

/**
 * The last metrics that each worker reported. Counts of a worker that has ended are kept, so that no sum over all
 * workers falls between two scrapes.
 */
export class WorkerMetrics<Worker extends object> {
  readonly #told = new Map<Worker, MetricsData>()
  #ofEnded: MetricsData = []

  /** @returns the metrics */
  tell(worker: Worker, metrics: MetricsData): MetricsData {
    this.#told.set(worker, metrics)
    return metrics
  }

  /** What a worker reported last; nothing if it never did. */
  last(worker: Worker): MetricsData {
    return this.#told.get(worker) ?? []
  }

  end(worker: Worker): void {
    this.#ofEnded = sumOfCounts([this.#ofEnded, this.last(worker)])
    this.#told.delete(worker)
  }

  /** The counts of all workers that have ended. */
  get ofEnded(): MetricsData {
    return this.#ofEnded
  }
}
