import type { RawBatch, RawColumn, RawValues } from './columns.ts'
import type { CompiledFeature } from './compute.ts'
import type { FeatureOf } from './spec.ts'

type Measure = NonNullable<FeatureOf<'embedding'>['measures']>[number]
type Vectors = Extract<RawValues, { type: 'vector' }>

/** Spreads a vector over features, or compares it with another, the query's. */
export function compileEmbedding(
  { measures = ['cosine'] }: FeatureOf<'embedding'>,
  name: string,
  [column, against]: readonly number[],
  columns: readonly RawColumn[],
  dimension: number,
): CompiledFeature {
  const isOfQuery = (place: number) => columns[place]!.source === 'query'
  if (against === undefined) {
    return {
      names: Array.from({ length: dimension }, (_, at) => `${name}.${at}`),
      compute: (batch) => spread(batch, batch.columns[column!] as Vectors, isOfQuery(column!), dimension),
    }
  }
  return {
    names: measures.map((measure) => `${name}.${measure}`),
    compute: (batch) => {
      const [a, b] = [batch.columns[column!] as Vectors, batch.columns[against] as Vectors]
      const results = measures.map(() => new Float32Array(batch.rows))
      for (let query = 0, row = 0; query < batch.sizes.length; query++) {
        for (let item = 0; item < batch.sizes[query]!; item++, row++) {
          const first = dimension * (isOfQuery(column!) ? query : row)
          const second = dimension * (isOfQuery(against) ? query : row)
          for (let at = 0; at < measures.length; at++) {
            results[at]![row] = compare(measures[at]!, a.values, first, b.values, second, dimension)
          }
        }
      }
      return results
    },
  }
}

function spread(batch: RawBatch, { values }: Vectors, isOfQuery: boolean, dimension: number): Float32Array[] {
  const results = Array.from({ length: dimension }, () => new Float32Array(batch.rows))
  for (let query = 0, row = 0; query < batch.sizes.length; query++) {
    for (let item = 0; item < batch.sizes[query]!; item++, row++) {
      const from = dimension * (isOfQuery ? query : row)
      for (let at = 0; at < dimension; at++) results[at]![row] = values[from + at]!
    }
  }
  return results
}

/** Missing if a vector is missing, and for the direction of a zero vector. */
function compare(
  measure: Measure,
  a: Float32Array,
  first: number,
  b: Float32Array,
  second: number,
  dimension: number,
): number {
  let dot = 0
  let squaresOfA = 0
  let squaresOfB = 0
  if (measure === 'dot') {
    for (let at = 0; at < dimension; at++) dot += a[first + at]! * b[second + at]!
    return finite(dot)
  }
  if (measure === 'l2') {
    for (let at = 0; at < dimension; at++) dot += (a[first + at]! - b[second + at]!) ** 2
    return finite(Math.sqrt(dot))
  }
  for (let at = 0; at < dimension; at++) {
    const x = a[first + at]!
    const y = b[second + at]!
    dot += x * y
    squaresOfA += x * x
    squaresOfB += y * y
  }
  return finite(dot / Math.sqrt(squaresOfA * squaresOfB))
}

/** NaN for what float32 cannot hold. */
const finite = (value: number): number => (Number.isFinite(Math.fround(value)) ? value : Number.NaN)
