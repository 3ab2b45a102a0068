/** A way to order the held-out queries and its NDCG@10. */
export interface Contender {
  readonly name: string
  readonly ndcg: number
}

/** What the demo reads of metrics.json. */
export interface TestMetrics {
  readonly test: { readonly 'ndcg@10': number }
  readonly baselines: {
    readonly random: { readonly test: number }
    readonly single_features: readonly { feature: string; order: 'ascending' | 'descending'; test: number }[]
  }
}

/** The ranker beside a random order and beside each feature alone in its better direction, best first. */
export function compareTestSet({ test, baselines }: TestMetrics): Contender[] {
  const singles = baselines.single_features.map(({ feature, order, test }) => ({
    name: `${feature}${order === 'ascending' ? ', low first' : ''}`,
    ndcg: test,
  }))
  return [
    { name: 'the ranker', ndcg: test['ndcg@10'] },
    ...singles,
    { name: 'random order', ndcg: baselines.random.test },
  ].sort((a, b) => b.ndcg - a.ndcg)
}
