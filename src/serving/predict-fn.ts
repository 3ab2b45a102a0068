import { readInstances } from '../data/instances.ts'
import { shortestFloat32 } from '../data/number.ts'
import type { ItemId, Query } from '../data/query.ts'
import { RankerError } from '../errors.ts'
import { rank } from '../scoring/rank.ts'
import type { HookContext } from './hook-types.ts'
import type { ModelInput } from './input-fn.ts'
import type { Model } from './model.ts'

export interface RankedItem {
  /** As the request has it. */
  readonly id: ItemId
  /** From 1. */
  readonly rank: number
  readonly score: number
}

/** The answer to a query: its items from the best to the worst. */
export interface Ranking {
  readonly ranking: readonly RankedItem[]
  readonly model: { readonly name: string; readonly version: string }
}

/** What the default predictFn returns: one score a row in input order, or a query's ranking. */
export type Prediction = number[] | Ranking

/**
 * The default predictFn: scores what the default inputFn read. A hook's own inputFn may also give it an array of rows,
 * each an array of numbers in feature order, with null for a missing value.
 */
export async function predictFn(
  data: ModelInput | readonly (readonly (number | null)[])[],
  model: Model,
  _context?: HookContext,
): Promise<Prediction> {
  if (typeof model?.scorer?.score !== 'function')
    throw new RankerError('NO_DEFAULT_MODEL', { hook: 'predictFn' })
  const input = toInput(data, model)
  // A score is a float32: the shortest number that reads back as it is half as long as the double that equals it.
  const scores = Array.from(await model.scorer.score(input.values, input.count), shortestFloat32)
  return input.kind === 'rows' ? scores : toRanking(input, scores, model)
}

function toRanking(query: Query, scores: readonly number[], model: Model): Ranking {
  return {
    ranking: rank(scores, query.limit).map((item, position) => ({
      id: query.ids[item]!,
      rank: position + 1,
      score: scores[item]!,
    })),
    model: { name: model.name, version: model.version },
  }
}

function toInput(data: ModelInput | readonly unknown[], model: Model): ModelInput {
  if (Array.isArray(data)) {
    return readInstances(
      data.map((features) => ({ features })),
      model.featureNames,
    )
  }
  const input = data as ModelInput | undefined
  const fits =
    input?.values instanceof Float32Array && input.values.length === input.count * model.scorer.width
  if (fits && (input.kind === 'rows' || (Array.isArray(input.ids) && input.ids.length === input.count)))
    return input
  throw new RankerError('HOOK_RETURNED', {
    hook: 'inputFn',
    seen: data === undefined ? 'nothing' : 'something else',
    wanted: `what the default inputFn returns, or an array of rows of ${model.scorer.width} numbers`,
  })
}
