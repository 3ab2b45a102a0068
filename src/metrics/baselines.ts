import { columnsOf } from '../data/columns.ts'
import type { Dataset } from '../data/dataset.ts'
import { seededRandom } from '../data/random.ts'
import { type Gain, ndcgOfQueries } from './ndcg.ts'
import { meanOfQueries } from './queries.ts'

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
export function randomNdcg(data: Dataset, gain?: Gain): number {
  const random = seededRandom(1)
  const ndcg = ndcgAt10(data, gain)
  let sum = 0
  for (let shuffle = 0; shuffle < SHUFFLES; shuffle++) {
    sum += ndcg(Float32Array.from({ length: data.rows }, random))
  }
  return sum / SHUFFLES
}

/** Each feature as the only ranking, in its better direction, best first; missing values rank last. */
export function singleFeatures(data: Dataset, gain?: Gain): SingleFeature[] {
  const ndcg = ndcgAt10(data, gain)
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
export function singleFeaturesOn(data: Dataset, features: readonly SingleFeature[], gain?: Gain): number[] {
  const ndcg = ndcgAt10(data, gain)
  const orders = new Map(features.map(({ feature, order }) => [feature, order]))
  const values = new Map<string, number>()
  let index = 0
  for (const column of columnsOf(data)) {
    const feature = data.featureNames[index++]!
    values.set(feature, ndcg(orders.get(feature) === 'ascending' ? column.map((value) => -value) : column))
  }
  return features.map(({ feature }) => values.get(feature)!)
}

function ndcgAt10(data: Dataset, gain: Gain = 'exponential'): (scores: Float32Array) => number {
  const ofQueries = ndcgOfQueries(data.labels, data.groups!.sizes, { k: K, gain })
  return (scores) => meanOfQueries(ofQueries(scores), data.weights)
}
