import { type Ties, topRows } from './order.ts'
import {
  type EmptyQuery,
  eachQuery,
  emptyValue,
  type QueryMetric,
  relevantRows,
  roomForTop,
} from './queries.ts'

type BinaryOptions = Ties & {
  /** Ranks that count. */
  readonly k: number
  /** Least grade of a relevant row. @default 1 */
  readonly relevantFrom?: number
}

export type PrecisionOptions = BinaryOptions & {
  /** @default 'zero', which is what the definition gives */
  readonly emptyQuery?: EmptyQuery
  /** For a query with fewer than k rows: divide by its rows, as XGBoost, or by k, as trec_eval. @default 'rows' */
  readonly short?: 'rows' | 'k'
}

/**
 * Prepares precision@k: the share of the first k rows that are relevant. The defaults are XGBoost's `pre@k`; docno
 * ties with `short: 'k'` are trec_eval's `P`.
 */
export function precisionOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: PrecisionOptions,
): QueryMetric {
  const { k, short = 'rows', emptyQuery = 'zero' } = options
  const relevant = relevantRows(labels, sizes, options.relevantFrom ?? 1)
  return hitsOfQueries(labels, sizes, options, (hits, query, rows) =>
    relevant[query] === 0 ? emptyValue(emptyQuery) : hits / (short === 'k' ? k : Math.min(k, rows)),
  )
}

export type RecallOptions = BinaryOptions & {
  /** @default 'one' */
  readonly emptyQuery?: EmptyQuery
}

/**
 * Prepares recall@k: the share of the relevant rows that are among the first k. Docno ties with `emptyQuery: 'zero'`
 * are trec_eval's `recall`.
 */
export function recallOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: RecallOptions,
): QueryMetric {
  const relevant = relevantRows(labels, sizes, options.relevantFrom ?? 1)
  const empty = emptyValue(options.emptyQuery ?? 'one')
  return hitsOfQueries(labels, sizes, options, (hits, query) =>
    relevant[query] === 0 ? empty : hits / relevant[query]!,
  )
}

function hitsOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: BinaryOptions,
  value: (hits: number, query: number, rows: number) => number,
): QueryMetric {
  const { k, relevantFrom = 1 } = options
  const top = roomForTop(k, sizes)
  return (scores) => {
    return eachQuery(sizes, (from, to, query) => {
      const count = topRows(scores, options, from, to, top)
      let hits = 0
      for (let rank = 0; rank < count; rank++) if (labels[top[rank]!]! >= relevantFrom) hits++
      return value(hits, query, to - from)
    })
  }
}
