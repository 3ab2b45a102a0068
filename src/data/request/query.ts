import { RankerError } from '../../errors.ts'
import { isObject, type JsonObject } from '../json/json.ts'
import { readEnvelope } from './options.ts'
import type { RequestOptions } from './output-keys.ts'
import { checkCells } from './row-list.ts'

/** The id of an item: text or a number, or a number's own digits if a double cannot hold them. */
export type ItemId = string | number | ExactNumber

/** `JSON.rawJSON`'s result: `JSON.stringify` writes its text as it is. */
interface ExactNumber {
  readonly rawJSON: string
}

/** One query with its candidate items, as read from a request. */
export interface Query extends RequestOptions {
  readonly kind: 'query'
  /** One id an item, in input order. */
  readonly ids: readonly ItemId[]
  /** float32 in feature order, item after item, `count * width` of them; NaN is a missing value. */
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  /** Most items that the answer may have. */
  readonly limit: number | undefined
  /** The request's own columns of the query and the items, and its context, for hooks. */
  readonly query: JsonObject
  readonly items: readonly JsonObject[]
  readonly context: JsonObject
  /** Names of unknown columns and fields. */
  readonly ignored: readonly string[]
}

/** Several queries of one request, each to be ranked on its own. */
export interface Queries {
  readonly kind: 'queries'
  readonly queries: readonly Query[]
  /** The values of all queries, one after the other. */
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  readonly ignored: readonly string[]
}

// TypeScript's library does not have it yet; Node does since version 21.
declare global {
  interface JSON {
    rawJSON(text: string): ExactNumber
  }
}
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** A query's items, and the rows that were made of them. */
export type ItemRows = Pick<Query, 'items' | 'values' | 'count' | 'width' | 'ignored'>

/** Makes rows of a query's items. @param number the query's own, where a request has several */
export type ReadItems = (
  items: readonly JsonObject[],
  query: JsonObject,
  number: number | undefined,
) => ItemRows

/**
 * Reads `{"query":{…},"items":[{"id":…,column:…}],"limit":10,"context":{…}}`.
 * @param body the parsed request
 * @param text what it was parsed from
 * @param read makes the rows; without it, columns of items match the features by name
 * @throws {RankerError} BAD_REQUEST_SHAPE, BAD_ITEM_VALUE, COLUMN_ABSENT, TOO_MANY_CELLS.
 */
export function readQuery(
  body: JsonObject,
  text: string,
  featureNames: readonly string[],
  read?: ReadItems,
): Query {
  return readOne(body, read ?? byName(featureNames), () => parseExactly(text) as JsonObject)
}

/** Reads a list of what {@link readQuery} reads. */
export function readQueries(
  list: readonly unknown[],
  text: string,
  featureNames: readonly string[],
  read?: ReadItems,
): Queries {
  let exact: readonly JsonObject[] | undefined
  const queries = list.map((body, index) => {
    const query = index + 1
    if (!isObject(body)) {
      throw new RankerError('BAD_REQUEST_SHAPE', {
        query,
        where: 'it',
        seen: body,
        wanted: 'an object with items',
      })
    }
    const exactly = () => {
      exact ??= parseExactly(text) as readonly JsonObject[]
      return exact[index]!
    }
    return readOne(body, read ?? byName(featureNames), exactly, query)
  })
  return { kind: 'queries', queries, ...joined(queries, featureNames.length) }
}

/** The values of several parts of a request side by side, to be scored in one go. */
export function joined(
  parts: readonly Pick<Query, 'values' | 'count' | 'ignored'>[],
  width: number,
): Pick<Queries, 'values' | 'count' | 'width' | 'ignored'> {
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  checkCells(count, width)
  const values = new Float32Array(count * width)
  let at = 0
  for (const part of parts) {
    values.set(part.values, at)
    at += part.values.length
  }
  return { values, count, width, ignored: [...new Set(parts.flatMap((part) => part.ignored))] }
}

/**
 * @param exactly gives the body again, with numbers that no double can hold as their own digits
 * @param query its number in a list
 */
function readOne(body: JsonObject, read: ReadItems, exactly: () => JsonObject, query?: number): Query {
  const { items } = body
  if (!Array.isArray(items)) {
    throw new RankerError('BAD_REQUEST_SHAPE', { query, where: 'items', seen: items, wanted: 'an array' })
  }
  const envelope = readEnvelope(body, 'items', query)
  const ids = readIds(items, exactly, query)
  const columns = read(items, envelope.query, query)
  return { kind: 'query', ...envelope, ids, ...columns, ignored: [...columns.ignored, ...envelope.ignored] }
}

function readIds(items: readonly unknown[], exactly: () => JsonObject, query?: number): ItemId[] {
  let unsafe = false
  const refuse = (where: string, seen: unknown, wanted: string): never => {
    throw new RankerError('BAD_REQUEST_SHAPE', { query, where, seen, wanted })
  }
  const ids = items.map((item, index) => {
    if (!isObject(item)) return refuse(`item ${index + 1}`, item, 'an object with an id')
    const { id } = item
    if (typeof id === 'number') unsafe ||= !Number.isSafeInteger(id)
    else if (typeof id !== 'string') refuse(`the id of item ${index + 1}`, id, 'text or a number')
    return id as string | number
  })
  // No double equals 9007199254740993.
  return unsafe ? (exactly().items as { id: ItemId }[]).map((item) => item.id) : ids
}

/** Parses again, keeping the digits of numeric ids. */
function parseExactly(text: string): unknown {
  const keepDigits: Reviver = (key, value, { source }) =>
    key === 'id' && typeof value === 'number' && String(value) !== source ? JSON.rawJSON(source!) : value
  try {
    return JSON.parse(text, keepDigits as Parameters<JSON['parse']>[1])
  } catch (cause) {
    // A reviver recurses: with a text that was parsed before, nothing else can fail.
    throw new RankerError('BODY_UNREADABLE', { reason: 'it is nested too deeply' }, { cause })
  }
}

const byName =
  (featureNames: readonly string[]): ReadItems =>
  (items, _query, number) =>
    readColumns(items, featureNames, number)

function readColumns(
  items: readonly JsonObject[],
  featureNames: readonly string[],
  query: number | undefined,
): ItemRows {
  const width = featureNames.length
  const features = new Map(featureNames.map((name, feature) => [name, feature]))
  checkCells(items.length, width)
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
        throw new RankerError('BAD_ITEM_VALUE', { query, item: item.id, column, seen: value })
      }
      values[index * width + feature] = number
    }
  }
  const absent = featureNames.filter((_, feature) => present[feature] === 0)
  if (items.length > 0 && absent.length > 0)
    throw new RankerError('COLUMN_ABSENT', { query, columns: absent })
  return { items, values, count: items.length, width, ignored: [...ignored] }
}
