import { RankerError } from '../errors.ts'
import { isObject, type JsonObject } from './json.ts'

/** What names an item: text or a number, or a number's own digits where a double cannot hold them. */
export type ItemId = string | number | ExactNumber

/** `JSON.rawJSON`'s result: `JSON.stringify` writes its text as it is. */
export interface ExactNumber {
  readonly rawJSON: string
}

/** One query with its candidate items, as read from a request. */
export interface Query {
  readonly kind: 'query'
  /** One id an item, in input order. */
  readonly ids: readonly ItemId[]
  /** float32 in feature order, item after item, `count * width` of them; NaN is a missing value. */
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  /** How many items the answer has at most. */
  readonly limit: number | undefined
  /** The request's own columns of the query and the items, and its context, for hooks. */
  readonly query: JsonObject
  readonly items: readonly JsonObject[]
  readonly context: JsonObject
  /** Names of the item columns that the model does not know. */
  readonly ignored: readonly string[]
}

// Not yet in TypeScript's library; Node has had both since 21.
declare global {
  interface JSON {
    rawJSON(text: string): ExactNumber
  }
}
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/**
 * Reads `{"query":{…},"items":[{"id":…,column:…}],"limit":10,"context":{…}}`. Item columns match the features by name.
 * @param body the parsed request
 * @param text what it was parsed from
 * @throws {RankerError} BAD_REQUEST_SHAPE, BAD_ITEM_VALUE, COLUMN_ABSENT, EXPLAIN_UNAVAILABLE.
 */
export function readQuery(body: JsonObject, text: string, featureNames: readonly string[]): Query {
  const { items } = body
  if (!Array.isArray(items)) refuse('items', items, 'an array')
  if (readFlag(body, 'explain')) throw new RankerError('EXPLAIN_UNAVAILABLE', {})
  return {
    kind: 'query',
    limit: readLimit(body),
    query: readPart(body, 'query'),
    context: readPart(body, 'context'),
    ids: readIds(items, text),
    ...readColumns(items, featureNames),
  }
}

function refuse(where: string, seen: unknown, wanted: string): never {
  throw new RankerError('BAD_REQUEST_SHAPE', { where, seen, wanted })
}

function readFlag(body: JsonObject, key: string): boolean {
  const value = body[key] ?? false
  return typeof value === 'boolean' ? value : refuse(key, value, 'true or false')
}

function readPart(body: JsonObject, key: string): JsonObject {
  const value = body[key] ?? {}
  return isObject(value) ? value : refuse(key, value, 'an object')
}

function readLimit({ limit }: JsonObject): number | undefined {
  if (limit === undefined) return undefined
  return Number.isInteger(limit) && (limit as number) >= 1
    ? (limit as number)
    : refuse('limit', limit, 'an integer from 1, or no limit')
}

function readIds(items: readonly unknown[], text: string): ItemId[] {
  let unsafe = false
  const ids = items.map((item, index) => {
    if (!isObject(item)) return refuse(`item ${index + 1}`, item, 'an object with an id')
    const { id } = item
    if (typeof id === 'number') unsafe ||= !Number.isSafeInteger(id)
    else if (typeof id !== 'string') refuse(`the id of item ${index + 1}`, id, 'text or a number')
    return id as string | number
  })
  return unsafe ? readExactIds(text) : ids
}

/** Reads the ids once more, as the digits that came: 9007199254740993 is no double. */
function readExactIds(text: string): ItemId[] {
  const keepDigits: Reviver = (key, value, { source }) =>
    key === 'id' && typeof value === 'number' && String(value) !== source ? JSON.rawJSON(source!) : value
  try {
    const body = JSON.parse(text, keepDigits as Parameters<JSON['parse']>[1])
    return body.items.map((item: { id: ItemId }) => item.id)
  } catch (cause) {
    // A reviver recurses, and there is no other way to fail on a text that was read before.
    throw new RankerError('BODY_UNREADABLE', { reason: 'it is nested too deeply' }, { cause })
  }
}

function readColumns(
  items: readonly JsonObject[],
  featureNames: readonly string[],
): Pick<Query, 'items' | 'values' | 'count' | 'width' | 'ignored'> {
  const width = featureNames.length
  const features = new Map(featureNames.map((name, feature) => [name, feature]))
  const values = new Float32Array(items.length * width).fill(Number.NaN)
  const present = new Uint8Array(width)
  const ignored = new Set<string>()
  for (const [index, item] of items.entries()) {
    // Own keys only: JSON.parse makes plain objects, and nothing enumerable is inherited.
    for (const column in item) {
      const feature = features.get(column)
      if (feature === undefined) {
        if (column !== 'id') ignored.add(column)
        continue
      }
      present[feature] = 1
      const value = item[column]
      if (value === null) continue
      const number = typeof value === 'number' ? Math.fround(value) : Number.NaN
      if (!Number.isFinite(number)) {
        throw new RankerError('BAD_ITEM_VALUE', { item: item.id, column, seen: value })
      }
      values[index * width + feature] = number
    }
  }
  const absent = featureNames.filter((_, feature) => present[feature] === 0)
  if (items.length > 0 && absent.length > 0) throw new RankerError('COLUMN_ABSENT', { columns: absent })
  return { items, values, count: items.length, width, ignored: [...ignored] }
}
