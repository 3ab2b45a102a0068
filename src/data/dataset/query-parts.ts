import { shuffled } from '../random.ts'
import { type Dataset, groupBounds } from './dataset.ts'
import { selectRows } from './row-store.ts'

/** Queries to learn from and queries held out from them, as ascending indices. */
export interface QueryParts {
  readonly kept: Uint32Array
  readonly heldOut: Uint32Array
}

/**
 * Holds out a share of the queries, at least one and never all: whole queries, chosen by the seed.
 * @param queries how many there are, from 2.
 */
export function holdOut(queries: number, fraction: number, seed: number): QueryParts {
  const count = Math.min(Math.max(1, Math.round(queries * fraction)), queries - 1)
  return partition(shuffled(queries, seed), 0, count)
}

/**
 * Divides the queries into folds of equal size, give or take one, each held out once.
 * @param queries how many there are, from `count`.
 */
export function folds(queries: number, count: number, seed: number): QueryParts[] {
  const order = shuffled(queries, seed)
  const bound = (fold: number) => Math.floor((fold * queries) / count)
  return Array.from({ length: count }, (_, fold) => partition(order, bound(fold), bound(fold + 1)))
}

function partition(order: Uint32Array, from: number, to: number): QueryParts {
  const kept = new Uint32Array(order.length - (to - from))
  kept.set(order.subarray(0, from))
  kept.set(order.subarray(to), from)
  return { kept: kept.sort(), heldOut: order.slice(from, to).sort() }
}

/** A view of some queries of the data, in the order given; the rows still belong to the data. */
export function selectQueries(data: Dataset, queries: Uint32Array): Dataset {
  const { ids, sizes } = data.groups!
  const bounds = groupBounds(sizes)
  const chosen = Uint32Array.from(queries, (query) => sizes[query]!)
  const rows = new Uint32Array(chosen.reduce((sum, size) => sum + size, 0))
  let at = 0
  for (const query of queries)
    for (let row = bounds[query]!; row < bounds[query + 1]!; row++) rows[at++] = row
  return {
    featureNames: data.featureNames,
    rows: rows.length,
    matrix: selectRows(data.matrix, rows),
    labels: Float32Array.from(rows, (row) => data.labels[row]!),
    groups: { ids: Array.from(queries, (query) => ids[query]!), sizes: chosen },
    ...(data.weights && { weights: Float32Array.from(queries, (query) => data.weights![query]!) }),
  }
}
