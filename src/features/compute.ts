import type { RawBatch, RawColumn, RawValues } from './columns.ts'
import type { Learnt } from './fitted.ts'
import { groupMeasures } from './group.ts'
import type { FeaturePlan, Operand, PlannedFeature } from './plan.ts'
import { compilePrior, type OutOfFold } from './prior.ts'
import type { FeatureOf } from './spec.ts'
import { compileText } from './text.ts'
import { MISSING, madeOf } from './texts.ts'
import { compileEmbedding } from './vector.ts'

/** The values of a feature's columns, each one a row. */
export type Computed = readonly Float32Array[]

/** What a transformation knows besides the raw values. */
export interface Run {
  /** For training rows: they have positions, and their priors leave out their own labels. */
  readonly training?: { readonly outOfFold: OutOfFold } | undefined
}

/** @param before values of the earlier features. @param feature its own index among them. */
export type Compute = (batch: RawBatch, before: readonly Computed[], run: Run, feature: number) => Computed

/** A feature ready to run. */
export interface CompiledFeature {
  readonly names: readonly string[]
  readonly isCategorical?: boolean
  readonly compute: Compute
}

export function compileFeature(feature: PlannedFeature, plan: FeaturePlan, learnt: Learnt): CompiledFeature {
  const { spec, name, columns } = feature
  switch (spec.kind) {
    case 'numeric':
      return { names: [name], compute: (batch) => [numbers(batch, columns[0]!, plan.columns)] }
    case 'position':
      return compilePosition(spec, name, columns[0]!)
    case 'derived':
      return compileDerived(feature, plan.columns)
    case 'categorical':
      return compileCategorical(spec, name, columns[0]!, plan.columns, learnt)
    case 'date':
      return compileDate(spec, name, columns, plan.columns)
    case 'group':
      return {
        names: spec.measures.map((measure) => `${name}.${measure}`),
        compute: (batch, before) => {
          const values = operand(feature.operands[0]!, batch, before, plan.columns)
          return groupMeasures(values, batch.sizes, spec.measures, spec.best)
        },
      }
    case 'text':
      return compileText(spec, name, columns, plan.columns, learnt.words)
    case 'embedding':
      return compileEmbedding(spec, name, columns, plan.columns, learnt.dimension ?? 0)
    case 'prior':
      return compilePrior(name, columns, plan.columns, learnt.rates!)
  }
}

function numbers(batch: RawBatch, column: number, columns: readonly RawColumn[]): Float32Array {
  const { values } = batch.columns[column] as Extract<RawValues, { type: 'number' }>
  return columns[column]!.source === 'item' ? values : ofRows(values, batch)
}

/** The values of queries, repeated for their rows. */
function ofRows(values: Float32Array, { rows, sizes }: RawBatch): Float32Array {
  const repeated = new Float32Array(rows)
  for (let query = 0, from = 0; query < sizes.length; query++) {
    const to = from + sizes[query]!
    repeated.fill(values[query]!, from, to)
    from = to
  }
  return repeated
}

function operand(
  from: Operand,
  batch: RawBatch,
  before: readonly Computed[],
  columns: readonly RawColumn[],
): Float32Array {
  return 'feature' in from ? before[from.feature]![0]! : numbers(batch, from.column, columns)
}

function compileDerived(
  { name, expression, operands }: PlannedFeature,
  columns: readonly RawColumn[],
): CompiledFeature {
  return {
    names: [name],
    compute: (batch, before) => {
      const lookup = (reference: number) => operand(operands[reference]!, batch, before, columns)
      const values = expression!.evaluate(batch.rows, lookup)
      const result = new Float32Array(batch.rows)
      if (typeof values === 'number') result.fill(values)
      else result.set(values)
      // A model cannot learn from a division by 0, or a number beyond float32.
      for (let row = 0; row < result.length; row++)
        if (!Number.isFinite(result[row]!)) result[row] = Number.NaN
      return [result]
    },
  }
}

function compilePosition(spec: FeatureOf<'position'>, name: string, column: number): CompiledFeature {
  const served = spec.serve ?? Number.NaN
  return {
    names: [name],
    compute: (batch, _before, run) => {
      if (!run.training) return [new Float32Array(batch.rows).fill(served)]
      return [(batch.columns[column] as Extract<RawValues, { type: 'number' }>).values]
    },
  }
}

function compileCategorical(
  spec: FeatureOf<'categorical'>,
  name: string,
  column: number,
  columns: readonly RawColumn[],
  { categories }: Learnt,
): CompiledFeature {
  const { values, others } = categories!
  const known = new Map([
    ...others.map((value) => [value, values.length] as const),
    ...values.map((value, code) => [value, code] as const),
  ])
  const codesBy = madeOf((texts) => {
    const codes = new Float32Array(texts.size).fill(Number.NaN)
    for (const [text, code] of known) {
      const number = texts.number(text)
      if (number !== undefined) codes[number] = code
    }
    return codes
  })
  const isOfQuery = columns[column]!.source === 'query'
  const codesOf = (batch: RawBatch): Float32Array => {
    const { values: cells, texts } = batch.columns[column] as Extract<RawValues, { type: 'category' }>
    const codes = codesBy(texts)
    const result = new Float32Array(cells.length)
    for (let row = 0; row < cells.length; row++) {
      const cell = cells[row]!
      result[row] = cell === MISSING ? Number.NaN : codes[cell]!
    }
    return isOfQuery ? ofRows(result, batch) : result
  }
  if (spec.encode === 'native')
    return { names: [name], isCategorical: true, compute: (batch) => [codesOf(batch)] }
  const names = [...values, ...(others.length > 0 ? [otherName(values)] : [])].map(
    (value) => `${name}=${value}`,
  )
  return {
    names,
    compute: (batch) => {
      const all = codesOf(batch)
      return names.map((_, code) => all.map((one) => (Number.isNaN(one) ? one : one === code ? 1 : 0)))
    },
  }
}

/** A name for the category of all others that none of them has. */
function otherName(values: readonly string[]): string {
  let other = '(other)'
  while (values.includes(other)) other = `(${other})`
  return other
}

const MILLISECONDS = { seconds: 1000, hours: 3_600_000, days: 86_400_000 } as const

function compileDate(
  { unit }: FeatureOf<'date'>,
  name: string,
  [column, at]: readonly number[],
  columns: readonly RawColumn[],
): CompiledFeature {
  const of = (batch: RawBatch, place: number) => {
    const { values } = batch.columns[place] as Extract<RawValues, { type: 'date' }>
    return { values, isOfQuery: columns[place]!.source === 'query' }
  }
  return {
    names: [name],
    compute: (batch) => {
      const [then, now] = [of(batch, column!), of(batch, at!)]
      const ages = new Float32Array(batch.rows)
      for (let query = 0, row = 0; query < batch.sizes.length; query++) {
        for (let item = 0; item < batch.sizes[query]!; item++, row++) {
          const from = then.values[then.isOfQuery ? query : row]!
          ages[row] = (now.values[now.isOfQuery ? query : row]! - from) / MILLISECONDS[unit]
        }
      }
      return [ages]
    },
  }
}
