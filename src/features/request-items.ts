import { isObject, type JsonObject } from '../data/json.ts'
import { checkCells } from '../data/row-list.ts'
import { RankerError } from '../errors.ts'
import { type ColumnBuilder, columnBuilder } from './batch-builder.ts'
import { type RawBatch, tableName } from './columns.ts'
import type { FeaturePipeline } from './pipeline.ts'
import { BAD, readJsonValue } from './raw-cell.ts'

/** A query's items in feature order. */
export interface TransformedItems {
  readonly items: readonly JsonObject[]
  /** float32, `count * width` of them. */
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  /** Columns of the items that the pipeline does not know. */
  readonly ignored: readonly string[]
}

export interface RequestOptions {
  /** Milliseconds since 1970: the time of a query that does not say. */
  readonly now: number
  /** Its number among several, for errors. */
  readonly query?: number | undefined
}

/**
 * Makes rows of the raw columns of a JSON query and its items.
 * @throws {RankerError} BAD_ITEM_VALUE, BAD_REQUEST_SHAPE, COLUMN_ABSENT, TOO_MANY_CELLS.
 */
export function transformItems(
  pipeline: FeaturePipeline,
  items: readonly JsonObject[],
  query: JsonObject,
  options: RequestOptions,
): TransformedItems {
  const { width } = pipeline
  checkCells(items.length, width)
  const { batch, ignored } = readItems(pipeline, items, query, options)
  const values = new Float32Array(items.length * width)
  pipeline.transform(batch, values)
  return { items, values, count: items.length, width, ignored }
}

function readItems(
  pipeline: FeaturePipeline,
  items: readonly JsonObject[],
  query: JsonObject,
  { now, query: number }: RequestOptions,
): { batch: RawBatch; ignored: string[] } {
  const { columns, dimensions } = pipeline
  const builders = columns.map((column, place) =>
    columnBuilder(column, column.source === 'item' ? items.length : 1, dimensions[place]!),
  )
  const absent = readQuery(pipeline, query, builders, now, number)
  const { placesOfItem } = pipeline
  const present = new Uint8Array(columns.length)
  const ignored = new Set<string>()
  for (let index = 0; index < items.length; index++) {
    const item = items[index]!
    // Own keys only: JSON.parse makes plain objects, and nothing enumerable is inherited.
    for (const key in item) {
      const places = placesOfItem.get(key)
      if (places === undefined) {
        if (key !== 'id') ignored.add(key)
        continue
      }
      for (const place of places) {
        present[place] = 1
        const column = columns[place]!
        const value = readJsonValue(item[key], column)
        if (value !== BAD && builders[place]!.set(index, value)) continue
        const wanted = pipeline.wanted(place, value !== BAD)
        throw new RankerError('BAD_ITEM_VALUE', {
          query: number,
          item: item.id,
          column: key,
          seen: item[key],
          wanted,
        })
      }
    }
  }
  if (items.length > 0) {
    for (const [place, { source, name, trainingOnly }] of columns.entries()) {
      if (source === 'item' && present[place] === 0 && !trainingOnly) absent.push(name)
    }
    if (absent.length > 0) {
      throw new RankerError('COLUMN_ABSENT', { query: number, columns: [...new Set(absent)] })
    }
  }
  const batch = { rows: items.length, sizes: [items.length], columns: builders.map(({ values }) => values) }
  return { batch, ignored: [...ignored] }
}

/** Fills the columns of the query. @returns those that it lacks. */
function readQuery(
  pipeline: FeaturePipeline,
  query: JsonObject,
  builders: readonly ColumnBuilder[],
  now: number,
  number: number | undefined,
): string[] {
  const absent: string[] = []
  for (const [place, column] of pipeline.columns.entries()) {
    if (column.source !== 'query' || column.trainingOnly) continue
    const given = isObject(query) && Object.hasOwn(query, column.name) ? query[column.name] : undefined
    if (given === undefined) {
      if (column.optional) builders[place]!.set(0, now)
      else absent.push(tableName(column))
      continue
    }
    const value = readJsonValue(given, column)
    if (value !== BAD && builders[place]!.set(0, value)) continue
    const wanted = pipeline.wanted(place, value !== BAD)
    throw new RankerError('BAD_REQUEST_SHAPE', {
      query: number,
      where: tableName(column),
      seen: given,
      wanted,
    })
  }
  return absent
}
