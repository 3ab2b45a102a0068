import { columnsOf } from '../data/columns.ts'
import type { Dataset } from '../data/dataset.ts'
import { meanOfQueries, ndcgOfQueries } from './ndcg.ts'

const K = 10
const SHUFFLES = 20

/** A column used alone as the score. */
export interface SingleFeature {
  readonly feature: string
  /** Whether high or low values rank first. */
  readonly order: 'descending' | 'ascending'
  /** NDCG@10 of that order. */
  readonly ndcg: number
}

/** NDCG@10 of a random order: the mean over seeded shuffles of every query. */
export function randomNdcg(data: Dataset, mean = meanOfQueries, seed = 1): number {
  const random = mulberry32(seed)
  const ndcg = ndcgAt10(data, mean)
  let sum = 0
  for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
    sum += ndcg(Float32Array.from({ length: data.rows }, random))
  }
  return sum / SHUFFLES
}

/** Each feature as the only ranking, in its better direction, best first; missing values rank last. */
export function singleFeatures(data: Dataset, mean = meanOfQueries): SingleFeature[] {
  const ndcg = ndcgAt10(data, mean)
  const measured = Array.from(columnsOf(data), (column, index): SingleFeature => {
    const feature = data.featureNames[index]!
    const descending = ndcg(column)
    const ascending = ndcg(column.map((value) => -value))
    return descending >= ascending
      ? { feature, order: 'descending', ndcg: descending }
      : { feature, order: 'ascending', ndcg: ascending }
  })
  return measured.sort((a, b) => b.ndcg - a.ndcg)
}

/** NDCG@10 of other data ordered by each of these features, in the direction that each has. */
export function singleFeaturesOn(
  data: Dataset,
  features: readonly SingleFeature[],
  mean = meanOfQueries,
): number[] {
  const ndcg = ndcgAt10(data, mean)
  const orders = new Map(features.map(({ feature, order }) => [feature, order]))
  const values = new Map<string, number>()
  let index = 0
  for (const column of columnsOf(data)) {
    const feature = data.featureNames[index++]!
    values.set(feature, ndcg(orders.get(feature) === 'ascending' ? column.map((value) => -value) : column))
  }
  return features.map(({ feature }) => values.get(feature)!)
}

function ndcgAt10(data: Dataset, mean: typeof meanOfQueries): (scores: Float32Array) => number {
  const ofQueries = ndcgOfQueries(data.labels, data.groups!.sizes, { k: K })
  return (scores) => mean(ofQueries(scores))
}

/** A small seeded generator of numbers in [0, 1): Tommy Ettinger's mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
