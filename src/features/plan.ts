import { parseReference, type RawColumn, type RawType, tableName } from './columns.ts'
import { compileExpression, type Expression } from './expression.ts'
import { type Feature, type FeatureOf, type FeatureSpec, specError } from './spec.ts'

/** Where a value comes from: an earlier feature or a column, by its index. */
export type Operand = { readonly feature: number } | { readonly column: number }

/** A feature of the spec with its references looked up. */
export interface PlannedFeature {
  readonly spec: Feature
  readonly name: string
  /** Indices in {@link FeaturePlan.columns} of the columns it reads, in the order that its kind expects. */
  readonly columns: readonly number[]
  /** Of a derived feature. */
  readonly expression?: Expression
  /** Of a derived or group feature: what it is computed from. */
  readonly operands: readonly Operand[]
}

/** A spec with every name resolved: how each column is read, and what is computed from what. */
export interface FeaturePlan {
  readonly columns: readonly RawColumn[]
  readonly features: readonly PlannedFeature[]
}

/** Kinds whose one value other features may be computed from. */
const SINGLE: ReadonlySet<Feature['kind']> = new Set(['numeric', 'derived', 'date', 'prior'])

/**
 * Resolves the names of a spec. A bare name in an expression or after `of` is an earlier feature of that name, else a
 * column of the items.
 * @throws {RankerError} BAD_FEATURE_SPEC for an expression that cannot be read, and for two features of one name.
 */
export function planFeatures(spec: FeatureSpec, source: string): FeaturePlan {
  const planner = new Planner(source)
  for (const [index, feature] of spec.features.entries()) planner.add(feature, index)
  return { columns: planner.columns, features: planner.features }
}

class Planner {
  readonly columns: RawColumn[] = []
  readonly features: PlannedFeature[] = []
  readonly #places = new Map<string, number>()
  readonly #byName = new Map<string, number>()
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  add(spec: Feature, index: number): void {
    const parts = this.#parts(spec, index)
    const name = nameOf(spec)
    const before = this.#byName.get(name)
    if (before !== undefined) {
      throw specError(
        this.#source,
        ['features', index],
        `is called ${JSON.stringify(name)}, as features[${before}] is: wanted a name of its own`,
      )
    }
    this.#byName.set(name, index)
    this.features.push({ spec, name, operands: [], columns: [], ...parts })
  }

  #parts(spec: Feature, index: number): Partial<PlannedFeature> {
    switch (spec.kind) {
      case 'numeric':
        return { columns: [this.#column(spec.column, 'number')] }
      case 'position':
        this.#wantItems(spec.column, ['features', index, 'column'])
        return { columns: [this.#column(spec.column, 'number', { trainingOnly: true })] }
      case 'categorical':
        return { columns: [this.#column(spec.column, 'category')] }
      case 'prior':
        return { columns: spec.columns.map((column) => this.#column(column, 'category')) }
      case 'text':
        return { columns: this.#text(spec) }
      case 'embedding': {
        const { against } = spec
        const others = against === undefined ? [] : [this.#column(against, 'vector')]
        return { columns: [this.#column(spec.column, 'vector'), ...others] }
      }
      case 'date': {
        const { epoch } = spec
        const isOfQuery = parseReference(spec.at).source === 'query'
        return {
          columns: [
            this.#column(spec.column, 'date', { epoch }),
            this.#column(spec.at, 'date', { epoch, ...(isOfQuery && { optional: true }) }),
          ],
        }
      }
      case 'derived':
        return this.#derived(spec, index)
      case 'group':
        if (!this.#byName.has(spec.of)) this.#wantItems(spec.of, ['features', index, 'of'])
        return { operands: [this.#operand(spec.of, ['features', index, 'of'])] }
    }
  }

  /** What is the same for all candidates of a query cannot tell them apart. */
  #wantItems(reference: string, path: PropertyKey[]): void {
    if (parseReference(reference).source === 'item') return
    const fault = `is ${JSON.stringify(reference)}, a column of the query, which all its items share: wanted one of the items`
    throw specError(this.#source, path, fault)
  }

  #text(spec: FeatureOf<'text'>): number[] {
    // Measures of the text alone need no query.
    const isAlone = (spec.measures ?? []).every((measure) => measure === 'length')
    const texts = [spec.column].flat().map((column) => this.#column(column, 'text'))
    return isAlone ? texts : [...texts, this.#column(spec.against, 'text')]
  }

  #derived(spec: FeatureOf<'derived'>, index: number): Partial<PlannedFeature> {
    const path = ['features', index, 'expr']
    let expression: Expression
    try {
      expression = compileExpression(spec.expr)
    } catch (cause) {
      throw specError(this.#source, path, `is ${JSON.stringify(spec.expr)}: ${(cause as Error).message}`)
    }
    const operands = expression.references.map((name) => this.#operand(name, path))
    return { expression, operands }
  }

  #operand(name: string, path: PropertyKey[]): Operand {
    const before = this.#byName.get(name)
    if (before === undefined) return { column: this.#column(name, 'number') }
    const { kind } = this.features[before]!.spec
    if (SINGLE.has(kind)) return { feature: before }
    throw specError(
      this.#source,
      path,
      `names the feature ${JSON.stringify(name)}, which is ${kind}: wanted one of a single number, or item.${name} for the column`,
    )
  }

  #column(
    reference: string,
    type: RawType,
    more: Pick<RawColumn, 'epoch' | 'optional' | 'trainingOnly'> = {},
  ): number {
    const { source, name } = parseReference(reference)
    if (source === 'item' && name === 'id') {
      const fault =
        'names the column id, which names an item in requests and is no feature: wanted another column'
      throw specError(this.#source, ['features', this.features.length], fault)
    }
    if (name === 'query.' || name === 'item.') {
      const fault = `names the column ${JSON.stringify(reference)}: wanted a name behind the point`
      throw specError(this.#source, ['features', this.features.length], fault)
    }
    if (source === 'item' && name.startsWith('query.')) {
      const fault = `names the column ${JSON.stringify(reference)} of the items, and in a table ${name} is the query's: wanted ${name}`
      throw specError(this.#source, ['features', this.features.length], fault)
    }
    const column: RawColumn = { source, name, type, ...more }
    const key = JSON.stringify([tableName(column), type, more.epoch, more.optional, more.trainingOnly])
    const known = this.#places.get(key)
    if (known !== undefined) return known
    this.#places.set(key, this.columns.length)
    return this.columns.push(column) - 1
  }
}

function nameOf(spec: Feature): string {
  if (spec.name !== undefined) return spec.name
  switch (spec.kind) {
    case 'group':
      return `group.${spec.of}`
    case 'numeric':
    case 'categorical':
    case 'embedding':
    case 'date':
    case 'position':
      return tableName(parseReference(spec.column))
    case 'text':
      return [spec.column]
        .flat()
        .map((column) => tableName(parseReference(column)))
        .join('+')
    default:
      return ''
  }
}
