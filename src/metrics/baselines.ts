import { columnsOf, readColumn } from '../data/dataset/columns.ts'
import type { Dataset } from '../data/dataset/dataset.ts'
import { expectedNdcgOfQueries, randomNdcgOfQueries } from './expected-ndcg.ts'
import type { Gain } from './ndcg.ts'
import { meanOfQueries } from './queries.ts'

const K = 10

/** A column, and the direction in which it ranks. */
export interface FeatureOrder {
  readonly feature: string
  /** Whether high or low values rank first. */
  readonly order: 'descending' | 'ascending'
}

/** A column used alone as the score, and its NDCG@10. */
export interface SingleFeature extends FeatureOrder {
  readonly ndcg: number
}

/** How rankings are measured: the gain of grades, and the mean over queries, which several hosts take together. */
export interface RankingOptions {
  readonly gain?: Gain
  readonly mean?: typeof meanOfQueries
}

/** NDCG@10 of a random order: the exact mean over all orders of every query. */
export function randomNdcg(
  { labels, groups, weights }: Dataset,
  { gain, mean = meanOfQueries }: RankingOptions = {},
): number {
  return mean(randomNdcgOfQueries(labels, groups!.sizes, { k: K, gain }), weights)
}

/** Each feature as the only ranking, in its better direction, best first; missing values rank last, ties in any order. */
export function singleFeatures(data: Dataset, options?: RankingOptions): SingleFeature[] {
  const ndcg = ndcgAt10(data, options)
  const measured = Array.from(columnsOf(data), (column, index): SingleFeature => {
    const feature = data.featureNames[index]!
    const descending = ndcg(column)
    const ascending = ndcg(negated(column))
    return descending >= ascending
      ? { feature, order: 'descending', ndcg: descending }
      : { feature, order: 'ascending', ndcg: ascending }
  })
  return measured.sort((a, b) => b.ndcg - a.ndcg)
}

/** NDCG@10 of other data ordered by each of these features, in its given direction. */
export function singleFeaturesOn(
  data: Dataset,
  features: readonly FeatureOrder[],
  options?: RankingOptions,
): number[] {
  const ndcg = ndcgAt10(data, options)
  const orders = new Map(features.map(({ feature, order }) => [feature, order]))
  const values = new Map<string, number>()
  let index = 0
  for (const column of columnsOf(data)) {
    const feature = data.featureNames[index++]!
    values.set(feature, ndcg(orders.get(feature) === 'ascending' ? negated(column) : column))
  }
  return features.map(({ feature }) => values.get(feature)!)
}

/** The score of every row when this feature alone ranks. */
export function singleFeatureScores(data: Dataset, { feature, order }: FeatureOrder): Float32Array {
  const column = readColumn(data, data.featureNames.indexOf(feature))
  return order === 'descending' ? column : negated(column)
}

/** In place: nobody else uses the column. */
function negated(column: Float32Array): Float32Array {
  for (let row = 0; row < column.length; row++) column[row] = -column[row]!
  return column
}

function ndcgAt10(
  data: Dataset,
  { gain = 'exponential', mean = meanOfQueries }: RankingOptions = {},
): (scores: Float32Array) => number {
  const ofQueries = expectedNdcgOfQueries(data.labels, data.groups!.sizes, { k: K, gain })
  return (scores) => mean(ofQueries(scores), data.weights)
}
