import { shortestFloat32 } from '../number.ts'
import { quantile } from '../quantile.ts'
import { sortFloat32 } from '../sort.ts'
import type { Dataset } from './dataset.ts'
import { affordableRows, readRows, sampleIndices } from './samples.ts'

/** Most rows that a profile samples. */
const SAMPLED_ROWS = 10_000
/** Most distinct values that are counted. */
const MOST_DISTINCT = 32
/** Shares at which {@link FeatureProfile.quantiles} are taken: the lowest value, 1, 5, 25, 50, 75, 95, 99 %, the highest. */
const PROFILE_SHARES = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1] as const

export interface FeatureProfile {
  readonly name: string
  /** Share of the rows that lack it. */
  readonly missing: number
  /** At {@link PROFILE_SHARES}, of the values that are there; empty when none is. */
  readonly quantiles: readonly number[]
  /** Number of distinct values, if there are few; 1 is a constant column. */
  readonly distinct?: number
}

/** The distributions of a channel's features, for people and for comparison with what is served later. */
export interface FeatureProfiles {
  /** Number of rows that were sampled. */
  readonly sampledRows: number
  readonly features: readonly FeatureProfile[]
}

/** Counts of a channel's rows, labels and queries. */
export interface ChannelProfile {
  readonly rows: number
  /** Rows of each label, where there are few labels, ascending. */
  readonly labels?: readonly (readonly [label: number, rows: number])[]
  readonly queries?: {
    readonly count: number
    readonly withoutRelevantRow: number
    readonly ofOneRow: number
    /** Least, middle and most rows of a query. */
    readonly rows: readonly [least: number, median: number, most: number]
  }
}

/** The values of a feature in a sample of rows, ascending, and the share of those rows that lack it. */
export interface SampledColumn {
  readonly values: Float32Array
  readonly missing: number
}

/** The columns of a seeded sample of rows, in feature order. */
export function sampleColumns(data: Dataset): { rows: Uint32Array; columns: SampledColumn[] } {
  const { width } = data.matrix
  const rows = sampleIndices(data.rows, affordableRows(width, SAMPLED_ROWS))
  const cells = readRows(data, rows)
  const column = new Float32Array(rows.length)
  const columns = data.featureNames.map((_, feature): SampledColumn => {
    let there = 0
    for (let at = feature; at < cells.length; at += width) {
      if (!Number.isNaN(cells[at]!)) column[there++] = cells[at]!
    }
    return { values: sortFloat32(column.slice(0, there)), missing: 1 - there / rows.length }
  })
  return { rows, columns }
}

/** Missing rate, quantiles and number of values of each feature. */
export function profileFeatures(
  names: readonly string[],
  columns: readonly SampledColumn[],
): FeatureProfile[] {
  return columns.map(({ values, missing }, index) => {
    const distinct = countDistinct(values)
    return {
      name: names[index]!,
      missing,
      quantiles: profileQuantiles(values),
      ...(distinct !== undefined && { distinct }),
    }
  })
}

/** The values at {@link PROFILE_SHARES}, in as few digits as tell float32 apart. */
export function profileQuantiles(ascending: Float32Array): number[] {
  if (ascending.length === 0) return []
  return PROFILE_SHARES.map((share) => shortestFloat32(Math.fround(quantile(ascending, share))))
}

/** Counts rows, labels and queries. */
export function profileChannel({ rows, labels, groups }: Dataset): ChannelProfile {
  const counts = countLabels(labels)
  return {
    rows,
    ...(counts && { labels: counts }),
    ...(groups && { queries: profileQueries(labels, groups.sizes) }),
  }
}

/**
 * Merges the profiles of a channel that is divided among hosts. @param sizes rows of each query of all hosts, if rows
 * belong to queries.
 */
export function mergeProfiles(
  parts: readonly ChannelProfile[],
  sizes: Float64Array | undefined,
): ChannelProfile {
  const sum = (of: (part: ChannelProfile) => number) => parts.reduce((total, part) => total + of(part), 0)
  const labels = new Map<number, number>()
  for (const [label, count] of parts.flatMap((part) => part.labels ?? [])) {
    labels.set(label, (labels.get(label) ?? 0) + count)
  }
  const isCounted = labels.size <= MOST_DISTINCT && parts.every((part) => part.labels)
  return {
    rows: sum((part) => part.rows),
    ...(isCounted && { labels: [...labels].sort(([a], [b]) => a - b) }),
    ...(sizes && {
      queries: {
        count: sizes.length,
        withoutRelevantRow: sum((part) => part.queries!.withoutRelevantRow),
        ofOneRow: sum((part) => part.queries!.ofOneRow),
        rows: rowsOfQueries(sizes),
      },
    }),
  }
}

/** Least, median and most rows of a query. */
function rowsOfQueries(sizes: Uint32Array | Float64Array): [number, number, number] {
  const ascending = sizes.toSorted()
  return [quantile(ascending, 0), quantile(ascending, 0.5), quantile(ascending, 1)]
}

function profileQueries(labels: Float32Array, sizes: Uint32Array): NonNullable<ChannelProfile['queries']> {
  let withoutRelevantRow = 0
  let row = 0
  for (const size of sizes) {
    if (labels.subarray(row, row + size).every((label) => label <= 0)) withoutRelevantRow++
    row += size
  }
  return {
    count: sizes.length,
    withoutRelevantRow,
    ofOneRow: sizes.filter((size) => size === 1).length,
    rows: rowsOfQueries(sizes),
  }
}

function countLabels(labels: Float32Array): [number, number][] | undefined {
  const counts = new Map<number, number>()
  for (const label of labels) {
    counts.set(label, (counts.get(label) ?? 0) + 1)
    if (counts.size > MOST_DISTINCT) return undefined
  }
  return [...counts].sort(([a], [b]) => a - b)
}

function countDistinct(ascending: Float32Array): number | undefined {
  let distinct = 0
  for (let at = 0; at < ascending.length; at++) {
    if (at === 0 || ascending[at] !== ascending[at - 1]) distinct++
    if (distinct > MOST_DISTINCT) return undefined
  }
  return distinct
}
