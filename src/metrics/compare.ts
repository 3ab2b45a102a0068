import { type Interval, type IntervalOptions, meanIntervals } from './bootstrap.ts'

/** Another way to order the same queries, by the metric's value of each query. */
export interface Contender {
  readonly name: string
  readonly values: Float64Array
}

/** A ranker compared with another way to order the same queries. */
export interface Comparison {
  readonly name: string
  /** The other's own mean. */
  readonly mean: number
  /** The ranker's value minus the other's, query by query. */
  readonly difference: Interval
  /** Queries in which the ranker is better, as good, worse. */
  readonly wins: number
  readonly ties: number
  readonly losses: number
}

/** Differences below this are rounding. */
const TIE = 1e-6

export interface CompareOptions extends IntervalOptions {
  /** Further values of the ranker, such as other metrics, that need intervals too. */
  readonly also?: readonly Float64Array[]
}

/**
 * Compares a ranker with others, paired by query: a hard query is hard for both, so the difference is known more
 * precisely than either mean.
 * @param ranker the metric's value of each query.
 * @returns the ranker's own intervals, and one comparison a contender, in order.
 */
export function compare(
  ranker: Float64Array,
  contenders: readonly Contender[],
  { also = [], ...options }: CompareOptions = {},
): { ranker: Interval; also: Interval[]; comparisons: Comparison[] } {
  const differences = contenders.map(({ values }) => ranker.map((value, query) => value - values[query]!))
  const [own, ...intervals] = meanIntervals([ranker, ...differences, ...also], options)
  return {
    ranker: own!,
    also: intervals.slice(differences.length),
    comparisons: contenders.map(({ name }, index) => {
      const difference = intervals[index]!
      const wins = differences[index]!.filter((one) => one > TIE).length
      const losses = differences[index]!.filter((one) => one < -TIE).length
      return {
        name,
        mean: own!.mean - difference.mean,
        difference,
        wins,
        ties: ranker.length - wins - losses,
        losses,
      }
    }),
  }
}
