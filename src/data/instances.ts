import { RankerError } from '../errors.ts'
import { isObject } from './json.ts'
import type { Rows } from './rows.ts'

/**
 * Reads `{"instances":[{"features":[…]}]}`: rows in feature order, as wide as the model; null is a missing value.
 * @param instances what stands under the key, not checked yet
 * @throws {RankerError} BAD_REQUEST_SHAPE, WRONG_WIDTH, BAD_VALUE.
 */
export function readInstances(instances: unknown, featureNames: readonly string[]): Rows {
  if (!Array.isArray(instances)) {
    throw new RankerError('BAD_REQUEST_SHAPE', { where: 'instances', seen: instances, wanted: 'an array' })
  }
  const width = featureNames.length
  const values = new Float32Array(instances.length * width)
  for (const [index, instance] of instances.entries()) {
    const features: unknown = isObject(instance) ? instance.features : undefined
    if (!Array.isArray(features)) {
      throw new RankerError('BAD_REQUEST_SHAPE', {
        where: `row ${index + 1} of instances`,
        seen: instance,
        wanted: 'an object such as {"features":[1,2,null]}',
      })
    }
    if (features.length !== width) {
      throw new RankerError('WRONG_WIDTH', { row: index + 1, seen: features.length, wanted: width })
    }
    for (let feature = 0; feature < width; feature++) {
      const value: unknown = features[feature]
      const number = typeof value === 'number' ? Math.fround(value) : Number.NaN
      if (typeof value === 'number' ? !Number.isFinite(number) : value !== null) {
        throw new RankerError('BAD_VALUE', { row: index + 1, column: featureNames[feature]!, seen: value })
      }
      values[index * width + feature] = number
    }
  }
  return { kind: 'rows', values, count: instances.length, width, ignored: [] }
}
