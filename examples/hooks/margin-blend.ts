// Ranks by relevance and margin together: `score + weight · margin`, where margin = (retail_price − cost) / retail_price.
// It goes into a model's folder as code/inference.ts. The request may say how much a margin counts:
//
//     {"items":[{"id":"a","retail_price":20,"cost":12}],"context":{"marginWeight":0.3}}
import {
  predictFn as defaultPredictFn,
  type HookContext,
  type Model,
  type Query,
  type Ranking,
} from 'two-stage-ranking'

/** What a margin of 100 % is worth, in units of score. */
const DEFAULT_WEIGHT = 0.5

export async function predictFn(query: Query, model: Model, context: HookContext): Promise<Ranking> {
  const weight = query.context.marginWeight ?? DEFAULT_WEIGHT
  if (typeof weight !== 'number' || !(weight >= 0)) {
    // A hook's error may say which status it is answered with.
    throw Object.assign(new Error('context.marginWeight: wanted a number from 0'), { statusCode: 422 })
  }
  // All of them: which ones are within the limit is only known when margins have counted.
  const relevance = (await defaultPredictFn({ ...query, limit: undefined }, model, context)) as Ranking
  const margins = new Map(query.items.map((item) => [item.id, marginOf(item)]))
  const ranking = relevance.ranking
    .map((item) => ({ ...item, score: item.score + weight * (margins.get(item.id) ?? 0) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, query.limit)
    .map((item, index) => ({ ...item, rank: index + 1 }))
  return { ...relevance, ranking }
}

/** 0 where the price or the cost is not known. */
function marginOf({ retail_price: price, cost }: Query['items'][number]): number {
  return typeof price === 'number' && typeof cost === 'number' && price > 0 ? (price - cost) / price : 0
}
