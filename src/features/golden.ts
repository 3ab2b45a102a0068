import type { QueryGroups } from '../data/dataset.ts'
import { groupBounds } from '../data/dataset.ts'
import { readFitted } from './fitted.ts'
import { type FeaturePipeline, pipelineOf } from './pipeline.ts'
import { type RawCell, rawCells, rawQueries } from './raw-json.ts'
import type { RawRows } from './raw-rows.ts'
import { transformItems } from './request-items.ts'

/** Raw rows that stand for a model's data: cells by column, and rows of each query, which lie side by side. */
export interface GoldenTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly RawCell[])[]
  readonly sizes: readonly number[]
}

const ROWS = 64
const QUERIES = 8

/** The first rows of queries that are spread over the data, or single rows where there are no queries. */
export function chooseGolden(raw: RawRows, groups: QueryGroups | undefined): GoldenTable {
  const bounds = groups && groupBounds(groups.sizes)
  const count = groups?.sizes.length ?? raw.rows
  const chosen = Math.min(count, groups ? QUERIES : ROWS)
  const most = Math.floor(ROWS / Math.max(1, chosen))
  const tables = Array.from({ length: chosen }, (_, at) => {
    const query = Math.floor((at * count) / chosen)
    const from = bounds?.[query] ?? query
    const size = Math.min(groups?.sizes[query] ?? 1, most)
    return { size, ...rawCells(raw.columns, raw.batch(from, from + size, query, query + 1, [size])) }
  })
  return {
    columns: tables[0]?.columns ?? [],
    rows: tables.flatMap(({ rows }) => rows),
    sizes: tables.map(({ size }) => size),
  }
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
    // No request has a clock of its own here: a query without a time has none.
    const part = transformItems(pipeline, items, query, { now: Number.NaN })
    values.set(part.values, at)
    at += part.values.length
  }
  return values
}

/** What a manifest says of its golden rows. */
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
  const cells = featureNames.map((name) => columns.indexOf(name))
  return Float32Array.from(rows.flatMap((row) => cells.map((cell) => Number(row[cell] ?? Number.NaN))))
}
