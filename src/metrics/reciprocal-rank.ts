import { type Gain, gainOf, gainsOf } from './ndcg.ts'
import { orderOf, type RanksBefore, type Ties, topRows } from './order.ts'
import {
  type EmptyQuery,
  eachQuery,
  emptyValue,
  type QueryMetric,
  relevantRows,
  roomForTop,
} from './queries.ts'

export type ReciprocalRankOptions = Ties & {
  /** Ranks that count. @default all */
  readonly k?: number
  /** Least grade of a relevant row. @default 1 */
  readonly relevantFrom?: number
  /** @default 'zero', which is what the definition gives */
  readonly emptyQuery?: EmptyQuery
}

/**
 * Prepares the reciprocal rank, whose mean is MRR@k: 1 / rank of the first relevant row, 0 where it comes after k.
 * With docno ties and without k it is trec_eval's `recip_rank`.
 */
export function reciprocalRankOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: ReciprocalRankOptions = {},
): QueryMetric {
  const { k = Number.POSITIVE_INFINITY, relevantFrom = 1, emptyQuery = 'zero' } = options
  return (scores) => {
    const ranksBefore = orderOf(scores, options)
    return eachQuery(sizes, (from, to) => {
      let first = -1
      for (let row = from; row < to; row++) {
        if (labels[row]! >= relevantFrom && (first < 0 || ranksBefore(row, first))) first = row
      }
      if (first < 0) return emptyValue(emptyQuery)
      const rank = 1 + countBefore(first, from, to, ranksBefore)
      return rank <= k ? 1 / rank : 0
    })
  }
}

function countBefore(row: number, from: number, to: number, ranksBefore: RanksBefore): number {
  let count = 0
  for (let other = from; other < to; other++) if (other !== row && ranksBefore(other, row)) count++
  return count
}

export type ExpectedReciprocalRankOptions = Ties & {
  /** Ranks that count. */
  readonly k: number
  /** The highest grade: a row with it satisfies all readers but one in 2^maxGrade. */
  readonly maxGrade: number
  /** @default 'exponential' */
  readonly gain?: Gain
  /** @default 'zero', which is what the definition gives */
  readonly emptyQuery?: EmptyQuery
}

/**
 * Prepares ERR@k, expected reciprocal rank (Chapelle et al. 2009, doi:10.1145/1645953.1646033): a reader goes from
 * the top and stops at a row with probability gain(grade) / (gain(maxGrade) + 1), which with exponential gain is the
 * paper's (2^grade − 1) / 2^maxGrade; the value is the expected 1 / rank of the last row read. With docno ties and a
 * maxGrade of 4 it is TREC's gdeval.
 */
export function expectedReciprocalRankOfQueries(
  labels: Float32Array,
  sizes: Uint32Array,
  options: ExpectedReciprocalRankOptions,
): QueryMetric {
  const { k, maxGrade, gain = 'exponential', emptyQuery = 'zero' } = options
  const scale = gainOf(maxGrade, gain) + 1
  const gains = gainsOf(labels, gain)
  const relevant = relevantRows(labels, sizes, Number.MIN_VALUE)
  const top = roomForTop(k, sizes)
  return (scores) => {
    return eachQuery(sizes, (from, to, query) => {
      if (relevant[query] === 0) return emptyValue(emptyQuery)
      const count = topRows(scores, options, from, to, top)
      let reaches = 1
      let sum = 0
      for (let rank = 0; rank < count; rank++) {
        const stop = gains[top[rank]!]! / scale
        sum += (reaches * stop) / (rank + 1)
        reaches *= 1 - stop
      }
      return sum
    })
  }
}
