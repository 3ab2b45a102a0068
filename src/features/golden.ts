import type { QueryGroups } from '../data/dataset/dataset.ts'
import { groupBounds } from '../data/dataset/dataset.ts'
import { readFitted } from './fitted.ts'
import { type FeaturePipeline, pipelineOf } from './pipeline.ts'
import { type RawCell, rawCells, rawQueries } from './raw-json.ts'
import type { RawRows } from './raw-rows.ts'
import { transformItems } from './request-items.ts'
import { specError } from './spec.ts'

/** Raw rows that stand for a model's data: cells by column, and the number of rows of each query. */
export interface GoldenTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly RawCell[])[]
  readonly sizes: readonly number[]
}

const ROWS = 64
const QUERIES = 8

/**
 * The first rows of queries spread over the data, or single rows if there are no queries.
 * @throws {RankerError} BAD_FEATURE_SPEC if such a row gives other features as a request: a column is read as several
 * types, and no JSON value can be all of them.
 */
export function chooseGolden(
  pipeline: FeaturePipeline,
  raw: RawRows,
  groups: QueryGroups | undefined,
  source: string,
): GoldenTable {
  const bounds = groups && groupBounds(groups.sizes)
  const count = groups?.sizes.length ?? raw.rows
  const chosen = Math.min(count, groups ? QUERIES : ROWS)
  const most = Math.floor(ROWS / Math.max(1, chosen))
  const tables = Array.from({ length: chosen }, (_, at) => {
    const query = Math.floor((at * count) / chosen)
    const from = bounds?.[query] ?? query
    const size = Math.min(groups?.sizes[query] ?? 1, most)
    const batch = raw.batch(from, from + size, query, query + 1, [size])
    const values = new Float32Array(size * pipeline.width)
    pipeline.transform(batch, values)
    return { size, values, ...rawCells(raw.columns, batch) }
  })
  const golden = {
    columns: tables[0]?.columns ?? [],
    rows: tables.flatMap(({ rows }) => rows),
    sizes: tables.map(({ size }) => size),
  }
  const served = goldenValues(pipeline, golden)
  let at = 0
  for (const { values } of tables) {
    for (const value of values) checkSame(pipeline, at % pipeline.width, value, served[at++]!, source)
  }
  return golden
}

function checkSame(
  pipeline: FeaturePipeline,
  place: number,
  trained: number,
  served: number,
  source: string,
) {
  if (Object.is(trained, served)) return
  const index = pipeline.parts.findIndex(({ first, count }) => place < first + count)
  const shown = (value: number) => (Number.isNaN(value) ? 'missing' : String(value))
  const fault = `makes ${JSON.stringify(pipeline.featureNames[place])} ${shown(trained)} of a row of training and ${shown(served)} of the same row as a request: a column that it reads is read as two types, and no value of JSON is of both`
  throw specError(source, ['features', index], fault)
}

/** The features of golden rows, as a request for each of their queries would give them. */
export function goldenValues(
  pipeline: FeaturePipeline,
  {
    columns,
    rows,
    sizes,
  }: { columns: readonly string[]; rows: readonly (readonly unknown[])[]; sizes: readonly number[] },
): Float32Array {
  const values = new Float32Array(rows.length * pipeline.width)
  let at = 0
  for (const { query, items } of rawQueries(columns, rows, sizes)) {
    // There is no request with a clock here: a query without a time has none.
    const part = transformItems(pipeline, items, query, { now: Number.NaN })
    values.set(part.values, at)
    at += part.values.length
  }
  return values
}

/** The golden rows in a manifest. */
interface GoldenManifest {
  readonly features?: unknown
  readonly featureNames: readonly string[]
  readonly goldenRows: Omit<GoldenTable, 'sizes'> & { readonly sizes?: readonly number[] | undefined }
}

/** The features of a manifest's golden rows, row after row. @throws {RankerError} MODEL_DAMAGED. */
export function goldenFeatures(
  { features, featureNames, goldenRows }: GoldenManifest,
  file: string,
): Float32Array {
  const { columns, rows, sizes = rows.map(() => 1) } = goldenRows
  if (features) return goldenValues(pipelineOf(readFitted(features, file)), { columns, rows, sizes })
  const places = new Map(columns.map((name, place) => [name, place]))
  const cells = featureNames.map((name) => places.get(name) ?? -1)
  return Float32Array.from(rows.flatMap((row) => cells.map((cell) => Number(row[cell] ?? Number.NaN))))
}
