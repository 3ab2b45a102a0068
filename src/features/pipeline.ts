import type { KnownCategories } from './batch-builder.ts'
import type { RawBatch, RawColumn } from './columns.ts'
import { type CompiledFeature, type Compute, type Computed, compileFeature, type Run } from './compute.ts'
import type { FittedFeatures } from './fitted.ts'
import { type FeaturePlan, planFeatures } from './plan.ts'
import { wantedOf } from './raw-cell.ts'
import { type Feature, specError } from './spec.ts'
import { KIND_SEPARATOR } from './statistics.ts'
import { MISSING, Spellings, Texts } from './texts.ts'

/** A feature as importance and contributions report it: one of the spec, with all the values it has in a row. */
export interface FeaturePart {
  readonly name: string
  /** Index of its first value in a row, and how many there are. */
  readonly first: number
  readonly count: number
  /** The one column of words or numbers that it is made from, by its index in {@link FeaturePipeline.columns}. */
  readonly column: number | undefined
  /** For codes of categories: what each stands for. */
  readonly categories?: readonly string[] | undefined
}

/** Whether the raw value of a single column best describes what a feature saw. */
function isOfOneColumn(spec: Feature): boolean {
  return (
    spec.kind === 'numeric' ||
    spec.kind === 'categorical' ||
    (spec.kind === 'text' && !Array.isArray(spec.column))
  )
}

/**
 * A fitted feature pipeline: raw columns of queries and their items in, rows of float32 out. Training and serving run
 * this very code.
 */
export class FeaturePipeline {
  readonly fitted: FittedFeatures
  /** The raw columns that it reads. */
  readonly columns: readonly RawColumn[]
  /** In the order of a row's values. */
  readonly featureNames: readonly string[]
  /** Which of them are codes of categories. */
  readonly categorical: readonly number[]
  /** The features of the spec, in order. */
  readonly parts: readonly FeaturePart[]
  /** Whether a row's values depend on the other rows of its query. */
  readonly needsQueries: boolean
  /** Values of the vectors in each column, 0 for other columns. */
  readonly dimensions: readonly number[]
  /** All categories that a feature knows. */
  readonly categories: KnownCategories
  /** For each name of an item's column, its places in {@link columns}. */
  readonly placesOfItem: ReadonlyMap<string, readonly number[]>
  readonly #compute: readonly Compute[]

  constructor(fitted: FittedFeatures, source = 'ranker.json') {
    this.fitted = fitted
    const plan: FeaturePlan = planFeatures(fitted.spec, source)
    this.columns = plan.columns
    const compiled = plan.features.map((feature, index) =>
      compileFeature(feature, plan, fitted.learnt[index]!),
    )
    this.#compute = compiled.map(({ compute }) => compute)
    checkNames(compiled, source)
    this.featureNames = compiled.flatMap(({ names }) => names)
    this.needsQueries = plan.features.some(({ spec }) => spec.kind === 'group')
    let first = 0
    const categorical: number[] = []
    this.parts = compiled.map(({ names, isCategorical }, index): FeaturePart => {
      const { name, columns, spec } = plan.features[index]!
      const learnt = fitted.learnt[index]!.categories
      const part = {
        name,
        first,
        count: names.length,
        column: isOfOneColumn(spec) ? columns[0] : undefined,
        ...(isCategorical && { categories: [...learnt!.values, '(other)'] }),
      }
      if (isCategorical) categorical.push(first)
      first += names.length
      return part
    })
    this.categorical = categorical
    this.dimensions = dimensionsOf(plan, fitted)
    this.categories = categoriesOf(fitted)
    const read = this.columns
      .entries()
      .filter(([, { source, trainingOnly }]) => source === 'item' && !trainingOnly)
    const byName = Map.groupBy(read, ([, column]) => column.name)
    this.placesOfItem = new Map([...byName].map(([name, list]) => [name, list.map(([place]) => place)]))
  }

  /** A feature of one value as people read it: a category by its name, null if it is missing. */
  describe({ categories }: FeaturePart, value: number): string | number | null {
    if (Number.isNaN(value)) return null
    return categories ? (categories[value] ?? null) : value
  }

  /** What a column takes, for sentences. @param isVector whether the value was a vector, of another length */
  wanted(place: number, isVector: boolean): string {
    if (isVector) return `a vector of ${this.dimensions[place]} values, as in training`
    return wantedOf(this.columns[place]!)
  }

  get width(): number {
    return this.featureNames.length
  }

  /**
   * Computes the rows of a batch.
   * @param into row-major, `batch.rows * width` values. @param run of training rows, what only training knows
   */
  transform(batch: RawBatch, into: Float32Array, run: Run = {}): void {
    const { width } = this
    const computed: Computed[] = []
    let first = 0
    for (const [feature, compute] of this.#compute.entries()) {
      const columns = compute(batch, computed, run, feature)
      computed.push(columns)
      for (const column of columns) {
        for (let row = 0, at = first; row < batch.rows; row++, at += width) into[at] = column[row]!
        first++
      }
    }
  }
}

/** The length of each column's vectors, as learnt by every feature that reads it. */
function dimensionsOf({ columns, features }: FeaturePlan, { learnt }: FittedFeatures): number[] {
  const dimensions = columns.map(() => 0)
  for (const [index, { spec, columns: places }] of features.entries()) {
    if (spec.kind !== 'embedding') continue
    for (const place of places) dimensions[place] = learnt[index]!.dimension ?? 0
  }
  return dimensions
}

/** Importance, constraints and other jobs refer to values by these names. */
function checkNames(features: readonly CompiledFeature[], source: string): void {
  const owners = new Map<string, number>()
  for (const [index, { names }] of features.entries()) {
    for (const name of names) {
      const owner = owners.get(name)
      if (owner !== undefined) {
        const fault = `makes a value called ${JSON.stringify(name)}, as features[${owner}] does: wanted a name of its own`
        throw specError(source, ['features', index], fault)
      }
      owners.set(name, index)
    }
  }
}

function categoriesOf({ learnt }: FittedFeatures): KnownCategories {
  const texts = new Texts()
  for (const { categories, rates } of learnt) {
    for (const text of [...(categories?.values ?? []), ...(categories?.others ?? [])]) texts.add(text)
    for (const { kinds } of rates?.levels ?? []) {
      for (const kind of kinds) texts.add(kind.slice(kind.lastIndexOf(KIND_SEPARATOR) + 1))
    }
  }
  return { texts, spellings: new Spellings((category) => texts.number(category) ?? MISSING) }
}

const compiled = new WeakMap<FittedFeatures, FeaturePipeline>()

/** The pipeline of what a manifest holds, compiled once. @throws {RankerError} BAD_FEATURE_SPEC. */
export function pipelineOf(fitted: FittedFeatures): FeaturePipeline {
  const known = compiled.get(fitted)
  if (known) return known
  const pipeline = new FeaturePipeline(fitted)
  compiled.set(fitted, pipeline)
  return pipeline
}
