import { type Dataset, groupBounds } from '../data/dataset/dataset.ts'
import type { Booster, EvalSet, Evaluation } from '../xgboost/booster.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'

/**
 * Evaluates boosters as XGBoost does, except for a fault in it: its weighted `ndcg` adds 1 for a query without a
 * relevant row, whatever the query's weight (src/metric/rank_metric.cc, EvalNDCG::Eval), and fails when the mean then
 * exceeds 1. With weights this class therefore asks for `ndcg@k-`, which adds 0 for such queries, and adds their
 * share of the weight.
 */
export class Evaluator {
  readonly metrics: readonly string[]
  /** What XGBoost is to be told: the value of its parameter `eval_metric`. */
  readonly evalMetric: readonly string[]
  readonly #emptyShares: ReadonlyMap<string, number>

  /** @param datasets the data behind the sets to evaluate on, by their names. */
  constructor(
    metrics: readonly string[],
    datasets: Readonly<Record<string, Dataset>>,
    hosts: Pick<Hosts, 'gather'> = ONE_HOST,
  ) {
    this.metrics = metrics
    const weighted = Object.entries(datasets).filter(([, data]) => data.groups && data.weights)
    this.#emptyShares = new Map(weighted.map(([name, data]) => [name, emptyShare(data, hosts)]))
    this.evalMetric = [...new Set(metrics.map((metric) => this.#asked(metric)))]
  }

  /** The metrics of one round on each set, by `name-metric`. */
  evaluate(booster: Booster, round: number, sets: readonly EvalSet[]): Evaluation {
    const seen = [...booster.evaluate(round, sets).values()]
    const values = sets.flatMap(({ name }, set) =>
      this.metrics.map((metric): [string, number] => {
        const asked = this.#asked(metric)
        // By place, since XGBoost writes a metric's number in its own way: error@0.50 comes back as error@0.5.
        const value = seen[set * this.evalMetric.length + this.evalMetric.indexOf(asked)]!
        const correction = asked === metric ? 0 : (this.#emptyShares.get(name) ?? 0)
        return [`${name}-${metric}`, value + correction]
      }),
    )
    return new Map(values)
  }

  #asked(metric: string): string {
    return this.#emptyShares.size > 0 && /^ndcg(@\d+)?$/.test(metric) ? `${metric}-` : metric
  }
}

/** Share of all hosts' query weight that belongs to queries without a relevant row. */
function emptyShare({ labels, groups, weights }: Dataset, hosts: Pick<Hosts, 'gather'>): number {
  const bounds = groupBounds(groups!.sizes)
  let empty = 0
  let total = 0
  for (const [query, weight] of weights!.entries()) {
    total += weight
    if (labels.subarray(bounds[query], bounds[query + 1]).every((label) => label === 0)) empty += weight
  }
  const parts = hosts.gather([empty, total] as const)
  return parts.reduce((sum, [one]) => sum + one, 0) / parts.reduce((sum, [, one]) => sum + one, 0)
}
