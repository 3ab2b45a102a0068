import { RankerError } from '../../errors.ts'
import { isObject, type JsonObject } from '../json/json.ts'
import { readEnvelope } from './options.ts'
import { checkCells, type Rows } from './row-list.ts'

const SHAPES = '{"features":[1,2,null]} or {"data":{"features":{"values":[1,2,null]}}}'

/**
 * Reads `{"instances":[…]}`: rows in feature order, as wide as the model; null is a missing value. A row is
 * `{"features":[…]}`, or `{"data":{"features":{"values":[…]}}}` as AWS's own algorithms take it, with `keys` and `shape`
 * where it is sparse; what is absent then is missing.
 * @throws {RankerError} BAD_REQUEST_SHAPE, WRONG_WIDTH, BAD_VALUE, INDEX_PAST_WIDTH, TOO_MANY_CELLS.
 */
export function readInstances(body: JsonObject, featureNames: readonly string[]): Rows {
  const { instances } = body
  if (!Array.isArray(instances)) {
    throw new RankerError('BAD_REQUEST_SHAPE', { where: 'instances', seen: instances, wanted: 'an array' })
  }
  const { output, explain, ignored } = readEnvelope(body, 'instances')
  return { ...readInstanceList(instances, featureNames), output, explain, ignored }
}

/** Reads rows in the forms that {@link readInstances} knows. */
export function readInstanceList(instances: readonly unknown[], featureNames: readonly string[]): Rows {
  const width = featureNames.length
  checkCells(instances.length, width)
  const values = new Float32Array(instances.length * width)
  for (const [index, instance] of instances.entries()) {
    const row = index + 1
    const part = values.subarray(index * width, row * width)
    if (isObject(instance) && Array.isArray(instance.features)) {
      setDense(part, instance.features, row, featureNames)
    } else {
      setTensor(part, instance, row, featureNames)
    }
  }
  return { kind: 'rows', values, count: instances.length, width, ignored: [] }
}

function setDense(
  part: Float32Array,
  values: readonly unknown[],
  row: number,
  names: readonly string[],
): void {
  if (values.length !== part.length) {
    throw new RankerError('WRONG_WIDTH', { row, seen: values.length, wanted: part.length })
  }
  for (let feature = 0; feature < part.length; feature++) {
    part[feature] = toNumber(values[feature], row, names[feature]!)
  }
}

function setTensor(part: Float32Array, instance: unknown, row: number, names: readonly string[]): void {
  const data = isObject(instance) ? instance.data : undefined
  const tensor = isObject(data) ? data.features : undefined
  if (!isObject(tensor) || !Array.isArray(tensor.values)) {
    throw new RankerError('BAD_REQUEST_SHAPE', {
      where: `row ${row} of instances`,
      seen: instance,
      wanted: SHAPES,
    })
  }
  const { keys, values, shape } = tensor
  if (keys === undefined || keys === null) {
    setDense(part, values, row, names)
    return
  }
  const width = part.length
  const refuse = (where: string, seen: unknown, wanted: string): never => {
    throw new RankerError('BAD_REQUEST_SHAPE', { where: `${where} of row ${row}`, seen, wanted })
  }
  if (!Array.isArray(keys) || keys.length !== values.length) {
    throw new RankerError('BAD_REQUEST_SHAPE', {
      where: `keys of row ${row}`,
      seen: keys,
      wanted: `an array as long as values, ${values.length}`,
    })
  }
  const size: unknown = Array.isArray(shape) && shape.length === 1 ? shape[0] : shape
  if (size !== undefined && size !== null && !((size as number) <= width)) {
    refuse('shape', size, `[${width}]`)
  }
  if (new Set(keys).size !== keys.length) refuse('keys', keys, 'each key once')
  part.fill(Number.NaN)
  for (const [at, key] of keys.entries()) {
    if (!Number.isInteger(key) || key < 0) refuse('a key', key, `an integer from 0 to ${width - 1}`)
    if (key >= width) throw new RankerError('INDEX_PAST_WIDTH', { row, index: key, base: 0, width })
    part[key] = toNumber(values[at], row, names[key]!)
  }
}

function toNumber(value: unknown, row: number, column: string): number {
  const number = typeof value === 'number' ? Math.fround(value) : Number.NaN
  if (typeof value === 'number' ? !Number.isFinite(number) : value !== null) {
    throw new RankerError('BAD_VALUE', { row, column, seen: value })
  }
  return number
}
