import { RankerError, show } from '../errors.ts'
import { DEFAULT_K, type Filter, type IndexedItem, type SearchQuery } from './engine.ts'

/** More items than any ranker can follow up. */
const MOST_K = 10_000

/** How many items a query wants. @throws {RankerError} QUERY_INVALID. */
export function checkQuery({ k = DEFAULT_K, vector, text }: SearchQuery): number {
  const refuse = (where: string, seen: unknown, wanted: string): never => {
    throw new RankerError('QUERY_INVALID', { where, seen, wanted })
  }
  if (!Number.isInteger(k) || k < 1 || k > MOST_K) refuse('k', k, `an integer from 1 to ${MOST_K}`)
  if (vector == null && typeof text !== 'string') refuse('text', text, 'text, or a vector in its place')
  return k
}

/** Checks what an item is named, and what it is found by. @throws {RankerError} ITEM_INVALID. */
export function checkItem(given: IndexedItem | null | undefined, number: number): void {
  const refuse = (where: string, seen: unknown, wanted: string): never => {
    throw new RankerError('ITEM_INVALID', { where, seen: show(seen), wanted })
  }
  const { id, vector, text, fields } = given ?? refuse(`item ${number}`, given, 'an object with an id')
  if (typeof id !== 'string' || id === '') refuse(`the id of item ${number}`, id, 'text')
  const item = `item ${show(id)}`
  if (vector == null && typeof text !== 'string') refuse(`the text of ${item}`, text, 'text, or a vector')
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean')
      continue
    if (typeof value !== 'number' || !Number.isFinite(value))
      refuse(`the field ${show(name)} of ${item}`, value, 'text, a finite number, true, false or null')
  }
}

/** A parsed filter: any of some values, or a number within bounds. */
export type Condition =
  | { readonly values: readonly (string | number | boolean | null)[] }
  | { readonly min: number; readonly max: number }

/** @throws {RankerError} QUERY_INVALID. */
export function conditionOf(field: string, filter: Filter): Condition {
  const refuse = (): never => {
    const wanted = 'a value, a list of values, or {min, max}'
    throw new RankerError('QUERY_INVALID', { where: `the filter ${show(field)}`, seen: filter, wanted })
  }
  const isValue = (value: unknown) =>
    value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
  if (Array.isArray(filter)) return filter.every(isValue) ? { values: filter } : refuse()
  if (typeof filter !== 'object' || filter === null)
    return isValue(filter) ? { values: [filter as string | number | boolean | null] } : refuse()
  const { min = -Infinity, max = Infinity, ...others } = filter as { min?: number; max?: number }
  const areBounds = typeof min === 'number' && typeof max === 'number' && min <= max
  return areBounds && Object.keys(others).length === 0 ? { min, max } : refuse()
}
