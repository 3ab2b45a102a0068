import type { JsonObject } from '../data/json/json.ts'
import { RankerError } from '../errors.ts'
import type { RuleName } from './rules.ts'

/** The items to re-rank with their scores, in input order. */
export interface Candidates {
  readonly ids: readonly unknown[]
  readonly scores: ArrayLike<number>
  /** The items' own columns, as the request has them. */
  readonly items: readonly JsonObject[]
}

/** Indices of items in the candidates, best first. */
export type Order = readonly number[]

/** Why a rule moved an item, for people; undefined if others only moved past it. */
export type Because = (item: number) => string | undefined

/** A new order made by a rule. */
export interface Reordered {
  readonly order: Order
  readonly because: Because
}

/**
 * A column of numbers by item, NaN where one is missing.
 * @throws {RankerError} RULE_COLUMN_ABSENT, RULE_VALUE.
 */
export function numbersOf(candidates: Candidates, rule: RuleName, column: string): Float64Array {
  const values = valuesOf(candidates, rule, column)
  return Float64Array.from(values, (value, item) => {
    if (value === undefined) return Number.NaN
    if (typeof value === 'number') return value
    throw refusal(candidates, rule, column, item, 'a number, or null where it is missing')
  })
}

/** A column of texts, numbers or truths by item, undefined where one is missing. */
export function attributesOf(
  candidates: Candidates,
  rule: RuleName,
  column: string,
): (string | number | boolean | undefined)[] {
  return valuesOf(candidates, rule, column).map((value, item) => {
    if (value === undefined || ['string', 'number', 'boolean'].includes(typeof value)) return value as string
    throw refusal(
      candidates,
      rule,
      column,
      item,
      'text, a number, true or false, or null where it is missing',
    )
  })
}

/** A column of vectors of one length by item, each scaled to length 1; undefined where one is missing or zero. */
export function vectorsOf(
  candidates: Candidates,
  rule: RuleName,
  column: string,
): (Float64Array | undefined)[] {
  let width: number | undefined
  return valuesOf(candidates, rule, column).map((value, item) => {
    if (value === undefined) return undefined
    const isVector = Array.isArray(value) && value.every((one) => Number.isFinite(one))
    width ??= isVector ? value.length : undefined
    if (!isVector || value.length !== width) {
      throw refusal(candidates, rule, column, item, `an array of ${width ?? 'finite'} numbers`)
    }
    const length = Math.sqrt(value.reduce((sum, one) => sum + one * one, 0))
    return length > 0 && Number.isFinite(length) ? Float64Array.from(value, (one) => one / length) : undefined
  })
}

/** A column that no item has is misspelt: the rule would silently do nothing. */
function valuesOf({ items }: Candidates, rule: RuleName, column: string): unknown[] {
  let isThere = items.length === 0
  const values = items.map((item) => {
    if (!Object.hasOwn(item, column)) return undefined
    isThere = true
    return item[column] ?? undefined
  })
  if (!isThere) throw new RankerError('RULE_COLUMN_ABSENT', { rule, column })
  return values
}

function refusal(
  { ids, items }: Candidates,
  rule: RuleName,
  column: string,
  item: number,
  wanted: string,
): RankerError {
  return new RankerError('RULE_VALUE', { rule, column, item: ids[item], seen: items[item]![column], wanted })
}
