import type { Interval } from '../../src/metrics/bootstrap.ts'
import { compare } from '../../src/metrics/compare.ts'
import type { Worth } from './shoppers.ts'

export type Measure = keyof Worth

export const MEASURES: Readonly<Record<Measure, string>> = {
  ndcg: 'NDCG@10',
  conversions: 'conversions',
  revenue: 'revenue',
  margin: 'margin',
}

/** What one way to order is worth, over all queries. */
export interface Result {
  readonly name: string
  readonly own: Readonly<Record<Measure, Interval>>
  /** Above the contender before it, query by query; absent for the first. */
  readonly gain?: Readonly<Record<Measure, Interval>>
}

/** Means over the queries with 95 % intervals, and each contender against the one before it, paired. */
export function measure(contenders: readonly { name: string; worths: readonly Worth[] }[]): Result[] {
  const valuesOf = (worths: readonly Worth[], name: Measure) =>
    Float64Array.from(worths, (worth) => worth[name])
  return contenders.map(({ name, worths }, index) => {
    const before = contenders[index - 1]
    const measured = Object.keys(MEASURES).map((key) => {
      const measure = key as Measure
      const others = before ? [{ name: before.name, values: valuesOf(before.worths, measure) }] : []
      const { ranker, comparisons } = compare(valuesOf(worths, measure), others)
      return { measure, own: ranker, gain: comparisons[0]?.difference }
    })
    const all = (what: 'own' | 'gain') =>
      Object.fromEntries(measured.map((one) => [one.measure, one[what]])) as Record<Measure, Interval>
    return { name, own: all('own'), ...(before && { gain: all('gain') }) }
  })
}
