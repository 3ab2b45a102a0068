import type { RawBatch, RawColumn, RawValues } from './columns.ts'
import type { CompiledFeature } from './compute.ts'
import type { Rates } from './fitted.ts'
import { KIND_SEPARATOR } from './statistics.ts'
import { MISSING, madeOf, type Texts } from './texts.ts'

/** For each query of a batch of training rows: the rates of a feature without the labels of the query's own fold. */
export type OutOfFold = (feature: number, query: number) => PriorLookup

/** A kind with its rate and the finer kinds below it, by the number of the next category. */
export interface PriorLookup {
  readonly rate: number
  readonly finer: ReadonlyMap<number, PriorLookup>
}

/** @param texts numbers the categories; a kind with an unnumbered category occurs in no row */
export function lookupOf({ mean, levels }: Rates, texts: Texts): PriorLookup {
  type Node = { readonly rate: number; readonly finer: Map<number, Node> }
  const root: Node = { rate: mean, finer: new Map() }
  for (const { kinds, rates } of levels) {
    for (const [at, kind] of kinds.entries()) {
      const path = kind.split(KIND_SEPARATOR).map((part) => texts.number(part) ?? MISSING)
      const last = path.pop()!
      // Every kind comes after the coarser one that it belongs to.
      const parent = path.reduce<Node | undefined>((node, part) => node?.finer.get(part), root)
      if (last !== MISSING) parent?.finer.set(last, { rate: rates[at]!, finer: new Map() })
    }
  }
  return root
}

/** The mean label of a row's kind: at the finest level that training knows, else over all rows. */
export function compilePrior(
  name: string,
  places: readonly number[],
  columns: readonly RawColumn[],
  rates: Rates,
): CompiledFeature {
  const lookupBy = madeOf((texts) => lookupOf(rates, texts))
  return {
    names: [name],
    compute: (batch, _before, { training }, feature) => {
      const result = new Float32Array(batch.rows)
      const read = places.map((place) => ({
        ...(batch.columns[place] as Extract<RawValues, { type: 'category' }>),
        isOfQuery: columns[place]!.source === 'query',
      }))
      for (let query = 0, row = 0; query < batch.sizes.length; query++) {
        const lookup = training ? training.outOfFold(feature, query) : lookupBy(read[0]!.texts)
        for (let item = 0; item < batch.sizes[query]!; item++, row++) {
          let node = lookup
          for (let level = 0; level < read.length; level++) {
            const { values, isOfQuery } = read[level]!
            const finer = node.finer.get(values[isOfQuery ? query : row]!)
            if (!finer) break
            node = finer
          }
          result[row] = node.rate
        }
      }
      return [result]
    },
  }
}

/** Visits the kinds of a row from coarse to fine, until one is missing or `visit` says stop. */
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
    const { values, texts } = batch.columns[place] as Extract<RawValues, { type: 'category' }>
    const value = texts.text(values[columns[place]!.source === 'query' ? query : row]!)
    if (value === undefined) return
    kind = level === 0 ? value : kind + KIND_SEPARATOR + value
    if (!visit(kind, level)) return
  }
}
