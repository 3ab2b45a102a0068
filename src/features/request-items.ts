import { isObject, type JsonObject } from '../data/json/json.ts'
import type { ItemRows } from '../data/request/query.ts'
import { checkCells } from '../data/request/row-list.ts'
import { RankerError } from '../errors.ts'
import { type ColumnBuilder, columnBuilder } from './batch-builder.ts'
import { parseVector } from './cells.ts'
import { type RawBatch, type RawColumn, tableName } from './columns.ts'
import type { FeaturePipeline } from './pipeline.ts'

export interface RequestOptions {
  /** Milliseconds since 1970: the time of a query that states none. */
  readonly now: number
  /** Its number in a list, for errors. */
  readonly query?: number | undefined
}

/**
 * Turns the raw columns of a JSON query and its items into rows.
 * @throws {RankerError} BAD_ITEM_VALUE, BAD_REQUEST_SHAPE, COLUMN_ABSENT, TOO_MANY_CELLS.
 */
export function transformItems(
  pipeline: FeaturePipeline,
  items: readonly JsonObject[],
  query: JsonObject,
  options: RequestOptions,
): ItemRows {
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
  const { columns, dimensions, categories } = pipeline
  const builders = columns.map((column, place) =>
    columnBuilder(column, column.source === 'item' ? items.length : 1, dimensions[place]!, categories),
  )
  const absent = readQuery(pipeline, query, builders, now, number)
  const { placesOfItem } = pipeline
  const present = new Uint8Array(columns.length)
  const ignored = new Set<string>()
  // Items mostly have the same keys in the same order.
  const keys: string[] = []
  const placesOf: (readonly number[] | undefined)[] = []
  for (let index = 0; index < items.length; index++) {
    const item = items[index]!
    let at = 0
    // Own keys only: JSON.parse makes plain objects, and nothing enumerable is inherited.
    for (const key in item) {
      if (keys[at] !== key) {
        keys[at] = key
        placesOf[at] = placesOfItem.get(key)
        if (placesOf[at] === undefined && key !== 'id') ignored.add(key)
      }
      const places = placesOf[at++]
      if (places === undefined) continue
      const given = item[key]
      for (let one = 0; one < places.length; one++) {
        const place = places[one]!
        present[place] = 1
        if (builders[place]!.setJson(index, given)) continue
        const wanted = pipeline.wanted(place, isVector(columns[place]!, given))
        throw new RankerError('BAD_ITEM_VALUE', {
          query: number,
          item: item.id,
          column: key,
          seen: given,
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
    if (builders[place]!.setJson(0, given)) continue
    const wanted = pipeline.wanted(place, isVector(column, given))
    throw new RankerError('BAD_REQUEST_SHAPE', {
      query: number,
      where: tableName(column),
      seen: given,
      wanted,
    })
  }
  return absent
}

/** Whether a value is a vector, so that only its length can be wrong. */
function isVector({ type }: RawColumn, value: unknown): boolean {
  return type === 'vector' && parseVector(value) !== undefined
}
