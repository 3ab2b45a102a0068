import { closestMatch } from 'leven'
import { RankerError, show } from '../../errors.ts'
import type { Hyperparameters } from './schema.ts'

/**
 * Turns constraints by feature name into XGBoost's form, by position: a tuple with a direction for each feature, and
 * lists of indices. XGBoost silently accepts a tuple that is too short.
 * @throws {RankerError} BAD_CONSTRAINT naming what is not a feature.
 */
export function positionalConstraints(
  { monotone_constraints: monotone, interaction_constraints: interaction }: Hyperparameters,
  featureNames: readonly string[],
): { monotone_constraints?: string; interaction_constraints?: string } {
  return {
    ...(monotone && { monotone_constraints: `(${directions(monotone, featureNames)})` }),
    ...(interaction && { interaction_constraints: JSON.stringify(groups(interaction, featureNames)) }),
  }
}

type Monotone = NonNullable<Hyperparameters['monotone_constraints']>
type Interaction = NonNullable<Hyperparameters['interaction_constraints']>

function directions(monotone: Monotone, featureNames: readonly string[]): number[] {
  const width = featureNames.length
  if (Array.isArray(monotone)) {
    if (monotone.length === width) return monotone
    return refuse(
      'monotone_constraints',
      `has ${monotone.length} directions: wanted one for each of the ${width} features`,
    )
  }
  const directions = new Array<number>(width).fill(0)
  for (const [name, direction] of Object.entries(monotone)) {
    directions[indexOf(name, featureNames, 'monotone_constraints')] = direction
  }
  return directions
}

function groups(interaction: Interaction, featureNames: readonly string[]): number[][] {
  return interaction.map((group) => {
    const indices = group.map((feature) => indexOf(feature, featureNames, 'interaction_constraints'))
    const twice = group.find((_, at) => indices.indexOf(indices[at]!) !== at)
    if (twice === undefined) return indices
    return refuse(
      'interaction_constraints',
      `names ${show(twice)} twice in one group: wanted each feature once`,
    )
  })
}

function indexOf(feature: string | number, featureNames: readonly string[], name: string): number {
  const index = typeof feature === 'number' ? feature : featureNames.indexOf(feature)
  if (index >= 0 && index < featureNames.length) return index
  if (typeof feature === 'number') {
    return refuse(name, `has the index ${feature}: wanted one of the ${featureNames.length} features, from 0`)
  }
  const nearest = closestMatch(feature, featureNames, { maxDistance: 3 })
  return refuse(
    name,
    `names ${show(feature)}, which is no feature${nearest ? `: did you mean ${show(nearest)}?` : ''}`,
  )
}

function refuse(name: string, fault: string): never {
  throw new RankerError('BAD_CONSTRAINT', { name, fault })
}
