import type { RawBatch, RawColumn, RawValues } from './columns.ts'
import type { CompiledFeature } from './compute.ts'
import type { Rates } from './fitted.ts'
import { KIND_SEPARATOR } from './statistics.ts'

/** For each query of a batch of training rows: the rates of a feature without the labels of the query's own fold. */
export type OutOfFold = (feature: number, query: number) => PriorLookup

/** The rate of a kind at a level, from 0. */
export interface PriorLookup {
  readonly mean: number
  readonly levels: readonly ReadonlyMap<string, number>[]
}

export function lookupOf({ mean, levels }: Rates): PriorLookup {
  return {
    mean,
    levels: levels.map(({ kinds, rates }) => new Map(kinds.map((kind, at) => [kind, rates[at]!]))),
  }
}

/** The mean label of a row's kind: of the finest level that training knows of, else of all rows. */
export function compilePrior(
  name: string,
  places: readonly number[],
  columns: readonly RawColumn[],
  rates: Rates,
): CompiledFeature {
  const all = lookupOf(rates)
  return {
    names: [name],
    compute: (batch, _before, { training }, feature) => {
      const result = new Float32Array(batch.rows)
      for (let query = 0, row = 0; query < batch.sizes.length; query++) {
        const lookup = training ? training.outOfFold(feature, query) : all
        for (let item = 0; item < batch.sizes[query]!; item++, row++) {
          let rate = lookup.mean
          eachKind(batch, places, columns, query, row, (kind, level) => {
            const known = lookup.levels[level]!.get(kind)
            if (known !== undefined) rate = known
            return known !== undefined
          })
          result[row] = rate
        }
      }
      return [result]
    },
  }
}

/** Visits the kinds of a row from the coarse to the fine, until one is missing or `visit` has had enough. */
export function eachKind(
  batch: RawBatch,
  places: readonly number[],
  columns: readonly RawColumn[],
  query: number,
  row: number,
  visit: (kind: string, level: number) => boolean,
): void {
  let kind = ''
  for (let level = 0; level < places.length; level++) {
    const place = places[level]!
    const { values } = batch.columns[place] as Extract<RawValues, { type: 'category' }>
    const value = values[columns[place]!.source === 'query' ? query : row]
    if (value === undefined) return
    kind = level === 0 ? value : kind + KIND_SEPARATOR + value
    if (!visit(kind, level)) return
  }
}
