import type { MetricsData } from '../metrics.ts'
import { sumOfCounts } from '../tallies.ts'

/**
 * The metrics that workers told of themselves. Counts of one that is no more are kept as it told them last, so that no
 * sum over all workers falls between two scrapes.
 */
export class WorkerMetrics<Worker extends object> {
  readonly #told = new Map<Worker, MetricsData>()
  #ofEnded: MetricsData = []

  /** @returns the metrics */
  tell(worker: Worker, metrics: MetricsData): MetricsData {
    this.#told.set(worker, metrics)
    return metrics
  }

  /** What a worker told last; nothing if it never did. */
  last(worker: Worker): MetricsData {
    return this.#told.get(worker) ?? []
  }

  end(worker: Worker): void {
    this.#ofEnded = sumOfCounts([this.#ofEnded, this.last(worker)])
    this.#told.delete(worker)
  }

  /** The counts of all workers that are no more. */
  get ofEnded(): MetricsData {
    return this.#ofEnded
  }
}
