import { type Dataset, groupBounds } from '../data/dataset/dataset.ts'
import type { Booster, EvalSet, Evaluation } from '../xgboost/booster.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'

/**
 * Evaluates boosters as XGBoost does, but for one fault of it: its weighted `ndcg` adds 1 for a query without a relevant
 * row whatever the weight of the query (src/metric/rank_metric.cc, EvalNDCG::Eval), and gives up when the mean then
 * comes out above 1. With weights it is therefore asked for `ndcg@k-`, where such queries add 0, and their share of the
 * weight is added here.
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

/** Share of the weight of all hosts' queries that belongs to those without a relevant row. */
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
