import { randomInt } from 'node:crypto'
import type { Query } from '../data/request/query.ts'
import { type RerankedItem, rerank } from '../rerank/rerank.ts'
import { rulesFor } from '../rerank/rules.ts'
import type { Model } from './model.ts'

/** Objectives whose scores are probabilities; those of all others stand for logarithms of odds. */
export const PROBABILITIES: ReadonlySet<string | undefined> = new Set(['binary:logistic', 'reg:logistic'])

export interface RerankedQuery {
  readonly items: readonly RerankedItem[]
  /** What the answer says of each item. */
  readonly said: readonly Omit<RerankedItem, 'item'>[]
  /** How many items were left out as not relevant. */
  readonly dropped: number
  /** The server's choice, if an item was drawn for exploration and the rules have no seed. */
  readonly seed?: number
}

/**
 * Applies the business rules of the manifest and of the request's `context.rerank` to a scored query.
 * @returns undefined where there is no rule
 * @throws {RankerError} BAD_REQUEST_SHAPE, RULE_COLUMN_ABSENT, RULE_VALUE.
 */
export function rerankQuery(
  { manifest }: Model,
  query: Query,
  scores: readonly number[],
): RerankedQuery | undefined {
  const rules = rulesFor(manifest?.rerank, query.context?.rerank)
  if (rules === undefined) return undefined
  const seed = rules.exploration && rules.exploration.seed === undefined ? randomInt(2 ** 31) : undefined
  // A hook's query may have no columns.
  const columns = query.items ?? query.ids.map(() => ({}))
  const { items, dropped } = rerank({ ids: query.ids, scores, items: columns }, rules, {
    limit: query.limit,
    seed: seed ?? 0,
    probabilities: PROBABILITIES.has(manifest?.objective),
  })
  const said = items.map(({ item: _, worth, ...rest }) => ({
    ...(worth !== undefined && { worth: Number(worth.toPrecision(6)) }),
    ...rest,
  }))
  return { items, said, dropped, ...(seed !== undefined && { seed }) }
}
