import { type Ties, topRows } from './order.ts'
import {
  type EmptyQuery,
  eachQuery,
  emptyValue,
  type QueryMetric,
  relevantRows,
  roomForTop,
} from './queries.ts'

export type AveragePrecisionOptions = Ties & {
  /** Ranks that count. */
  readonly k: number
  /** Least grade of a relevant row. @default 1 */
  readonly relevantFrom?: number
  /** @default 'one' */
  readonly emptyQuery?: EmptyQuery
  /** Divide by the relevant rows that fit into k ranks, as XGBoost, or by all, as trec_eval. @default 'reachable' */
  readonly divideBy?: 'reachable' | 'relevant'
}

/**
 * Prepares AP@k, whose mean over the queries is MAP@k: the mean, over the relevant rows, of the precision at their
 * ranks. The defaults are XGBoost's `map@k`, and `emptyQuery: 'zero'` its `map@k-`; docno ties with `divideBy:
 * 'relevant'` and `emptyQuery: 'zero'` are trec_eval's `map_cut`.
 */
export function averagePrecisionOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: AveragePrecisionOptions,
): QueryMetric {
  const { k, relevantFrom = 1, emptyQuery = 'one', divideBy = 'reachable' } = options
  const relevant = relevantRows(labels, sizes, relevantFrom)
  const top = roomForTop(k, sizes)
  return (scores) => {
    return eachQuery(sizes, (from, to, query) => {
      const total = relevant[query]!
      if (total === 0) return emptyValue(emptyQuery)
      const count = topRows(scores, options, from, to, top)
      let hits = 0
      let sum = 0
      for (let rank = 0; rank < count; rank++) {
        if (labels[top[rank]!]! >= relevantFrom) sum += ++hits / (rank + 1)
      }
      return sum / (divideBy === 'reachable' ? Math.min(k, total) : total)
    })
  }
}
