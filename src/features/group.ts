import type { FeatureOf } from './spec.ts'

type Measure = FeatureOf<'group'>['measures'][number]

/** Known values of a query, ascending, so that no sum depends on the order of the items. */
let ascending = new Float64Array(256)

/**
 * The measures of each row relative to the rows of its query; missing where its value is missing.
 * @param sizes rows of each query, which lie side by side
 */
export function groupMeasures(
  values: Float32Array,
  sizes: ArrayLike<number>,
  measures: readonly Measure[],
  best: 'highest' | 'lowest',
): Float32Array[] {
  const results = measures.map(() => new Float32Array(values.length))
  for (let query = 0, from = 0; query < sizes.length; query++) {
    const to = from + sizes[query]!
    const known = sortKnown(values, from, to)
    for (const [at, measure] of measures.entries())
      MEASURES[measure](values, from, to, known, best, results[at]!)
    from = to
  }
  return results
}

function sortKnown(values: Float32Array, from: number, to: number): Float64Array {
  if (ascending.length < to - from) ascending = new Float64Array(2 * (to - from))
  let count = 0
  for (let row = from; row < to; row++) {
    const value = values[row]!
    if (!Number.isNaN(value)) ascending[count++] = value
  }
  return ascending.subarray(0, count).sort()
}

type Compute = (
  values: Float32Array,
  from: number,
  to: number,
  known: Float64Array,
  best: 'highest' | 'lowest',
  into: Float32Array,
) => void

/** A measure that is a function of the value alone, given the query. */
function ofValue(
  prepare: (known: Float64Array, best: 'highest' | 'lowest') => (value: number) => number,
): Compute {
  return (values, from, to, known, best, into) => {
    const measure = prepare(known, best)
    for (let row = from; row < to; row++) {
      const value = values[row]!
      into[row] = Number.isNaN(value) ? value : measure(value)
    }
  }
}

/** Values below, plus half of the equal ones. */
function below(known: Float64Array, value: number): number {
  const first = bound(known, value, false)
  return first + (bound(known, value, true) - first - 1) / 2
}

const MEASURES: Readonly<Record<Measure, Compute>> = {
  rank: ofValue((known, best) => (value) => {
    const lower = below(known, value)
    return best === 'highest' ? known.length - lower : lower + 1
  }),
  percentile: ofValue((known, best) => (value) => {
    if (known.length < 2) return 0.5
    const share = below(known, value) / (known.length - 1)
    return best === 'highest' ? share : 1 - share
  }),
  zscore: ofValue((known) => {
    const mean = sum(known) / known.length
    let squares = 0
    for (let at = 0; at < known.length; at++) squares += (known[at]! - mean) ** 2
    const deviation = Math.sqrt(squares / known.length)
    return (value) => (deviation > 0 ? (value - mean) / deviation : 0)
  }),
  minmax: ofValue((known) => {
    const [low, high] = [known[0]!, known.at(-1)!]
    return (value) => (high > low ? (value - low) / (high - low) : 0.5)
  }),
  from_best: ofValue((known, best) => {
    const top = best === 'highest' ? known.at(-1)! : known[0]!
    return (value) => value - top
  }),
  from_median: ofValue((known) => {
    const middle = known.length >>> 1
    const median = known.length % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2
    return (value) => value - median
  }),
}

function sum(values: Float64Array): number {
  let total = 0
  for (let at = 0; at < values.length; at++) total += values[at]!
  return total
}

/** How many of the ascending values are less than `value`, or with `equal` not greater. */
function bound(known: Float64Array, value: number, equal: boolean): number {
  let [low, high] = [0, known.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (known[middle]! < value || (equal && known[middle] === value)) low = middle + 1
    else high = middle
  }
  return low
}
