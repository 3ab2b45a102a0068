import { RankerError } from '../../errors.ts'
import { checkCells, type Rows } from '../request/row-list.ts'
import { FlatTable } from './flatbuffer.ts'
import { type ArrowField, readField } from './schema.ts'

/** `MessageHeader` of arrow/format/Message.fbs. */
const SCHEMA = 1
const DICTIONARY_BATCH = 2
const RECORD_BATCH = 3
/** Stands before the length of a message's metadata since format version 0.15. */
const CONTINUATION = -1

/**
 * Reads an Arrow IPC stream (https://arrow.apache.org/docs/format/Columnar.html): columns of integers or floats,
 * where null is a missing value. If any column has the name of a feature, columns match by name, and others may hold
 * anything and are ignored; otherwise the columns are the features in their order.
 * @throws {RankerError} BODY_EMPTY, BODY_UNREADABLE, COLUMN_ABSENT, COLUMN_TWICE, WRONG_WIDTH, BAD_COLUMN_TYPE,
 * BAD_VALUE, TOO_MANY_CELLS.
 */
export function readArrow(body: Uint8Array, featureNames: readonly string[]): Rows {
  if (body.length === 0) throw new RankerError('BODY_EMPTY', {})
  try {
    const { fields, batches } = readStream(body)
    return fill(fields, batches, featureNames)
  } catch (cause) {
    if (cause instanceof RankerError) throw cause
    // Only reading past an end throws a RangeError.
    if (cause instanceof RangeError) throw unreadable('it is no whole Arrow IPC stream', cause)
    throw cause
  }
}

/** A record batch: where its columns are in the body. */
interface Batch {
  readonly rows: number
  /** Length and nulls of each node. */
  readonly nodes: readonly number[][]
  /** Offset and length of each buffer, in `bytes`. */
  readonly buffers: readonly number[][]
  readonly variadic: readonly number[][]
  readonly bytes: Uint8Array
}

function readStream(body: Uint8Array): { fields: readonly ArrowField[]; batches: readonly Batch[] } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const batches: Batch[] = []
  let fields: readonly ArrowField[] | undefined
  // A stream ends with a length of 0, or with the bytes.
  for (let at = 0; at < body.length; ) {
    const isMarked = view.getInt32(at, true) === CONTINUATION
    const length = view.getInt32(isMarked ? at + 4 : at, true)
    if (length === 0) break
    const from = at + (isMarked ? 8 : 4)
    const message = FlatTable.root(part(body, from, length))
    const bodyLength = message.int64(3)
    const bytes = part(body, from + length, bodyLength)
    at = from + length + bodyLength
    const kind = message.uint8(1)
    const header = message.table(2)
    if (!header) throw new RangeError('a message without a header')
    if (kind === SCHEMA && !fields) fields = readSchema(header, message.int16(0))
    else if (kind === RECORD_BATCH && fields) batches.push(readBatch(header, bytes))
    else if (kind !== DICTIONARY_BATCH) throw new RangeError(`a message of the kind ${kind}`)
  }
  if (!fields) throw new RangeError('no schema')
  return { fields, batches }
}

function readSchema(header: FlatTable, version: number): readonly ArrowField[] {
  if (header.int16(0) !== 0) throw unreadable('its numbers are big-endian: wanted little-endian')
  return header.tables(1).map((field) => readField(field, version))
}

function readBatch(header: FlatTable, bytes: Uint8Array): Batch {
  if (header.table(3)) throw unreadable('its buffers are compressed: wanted them as they are')
  const rows = header.int64(0)
  if (rows < 0) throw new RangeError(`a batch of ${rows} rows`)
  return {
    rows,
    nodes: header.int64s(1, 2),
    buffers: header.int64s(2, 2),
    variadic: header.int64s(4, 1),
    bytes,
  }
}

function part(bytes: Uint8Array, from: number, length: number): Uint8Array {
  if (!(from >= 0 && length >= 0 && from + length <= bytes.length))
    throw new RangeError('past the end of the body')
  return bytes.subarray(from, from + length)
}

function unreadable(reason: string, cause?: unknown): RankerError {
  return new RankerError('BODY_UNREADABLE', { reason }, { cause })
}

function fill(
  fields: readonly ArrowField[],
  batches: readonly Batch[],
  featureNames: readonly string[],
): Rows {
  const { features, ignored } = match(fields, featureNames)
  const width = featureNames.length
  const count = batches.reduce((sum, { rows }) => sum + rows, 0)
  checkCells(count, width)
  const values = new Float32Array(count * width).fill(Number.NaN)
  let first = 0
  for (const batch of batches) {
    let node = 0
    let buffer = 0
    let view = 0
    for (const [index, field] of fields.entries()) {
      const feature = features[index]!
      if (feature >= 0) {
        const into = { values, at: first * width + feature, step: width, row: first }
        readColumn(batch, field, node, buffer, into, featureNames[feature]!)
      }
      node += field.nodes
      buffer += field.buffers
      for (let more = 0; more < field.views; more++) buffer += batch.variadic[view++]?.[0] ?? 0
    }
    first += batch.rows
  }
  return { kind: 'rows', values, count, width, ignored }
}

/** The feature that each column is, or -1. */
function match(
  fields: readonly ArrowField[],
  featureNames: readonly string[],
): { features: Int32Array; ignored: string[] } {
  const byName = new Map(featureNames.map((name, feature) => [name, feature]))
  const features = Int32Array.from(fields, ({ name }) => byName.get(name) ?? -1)
  const named = features.filter((feature) => feature >= 0)
  if (named.length === 0) {
    if (fields.length !== featureNames.length) {
      throw new RankerError('WRONG_WIDTH', { row: 1, seen: fields.length, wanted: featureNames.length })
    }
    for (const [index, field] of fields.entries()) checkNumeric(field, featureNames[index]!)
    return { features: Int32Array.from(fields.keys()), ignored: [] }
  }
  const present = new Set(named)
  const absent = featureNames.filter((_, feature) => !present.has(feature))
  if (absent.length > 0) throw new RankerError('COLUMN_ABSENT', { columns: absent })
  for (const [index, field] of fields.entries()) {
    if (features[index]! < 0) continue
    if (features.indexOf(features[index]!) !== index)
      throw new RankerError('COLUMN_TWICE', { column: field.name })
    checkNumeric(field, field.name)
  }
  return { features, ignored: fields.filter((_, index) => features[index]! < 0).map(({ name }) => name) }
}

function checkNumeric({ number, isNull, kind }: ArrowField, column: string): void {
  if (!number && !isNull) throw new RankerError('BAD_COLUMN_TYPE', { column, seen: kind })
}

interface Place {
  readonly values: Float32Array
  readonly at: number
  readonly step: number
  /** Zero-based row of the body that the batch starts at. */
  readonly row: number
}

function readColumn(
  batch: Batch,
  field: ArrowField,
  node: number,
  buffer: number,
  into: Place,
  column: string,
): void {
  // A column of nulls alone has no buffers, and all of its values are missing already.
  if (!field.number) return
  const { bytes, get } = field.number
  const [length, nulls] = batch.nodes[node] ?? []
  const [validAt, validLength] = batch.buffers[buffer] ?? []
  const [dataAt, dataLength] = batch.buffers[buffer + 1] ?? []
  if (length !== batch.rows || dataLength === undefined || dataLength < batch.rows * bytes) {
    throw new RangeError('a column shorter than its batch')
  }
  const data = part(batch.bytes, dataAt!, dataLength)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  // No bitmap means that nothing is null.
  const valid = nulls !== 0 && validLength! > 0 ? part(batch.bytes, validAt!, validLength!) : undefined
  if (valid && valid.length * 8 < batch.rows) throw new RangeError('a bitmap shorter than its batch')
  for (let row = 0; row < batch.rows; row++) {
    if (valid && ((valid[row >> 3]! >> (row & 7)) & 1) === 0) continue
    const value = get(view, row)
    const single = Math.fround(value)
    if (Math.abs(single) === Number.POSITIVE_INFINITY) {
      throw new RankerError('BAD_VALUE', { row: into.row + row + 1, column, seen: value })
    }
    into.values[into.at + row * into.step] = single
  }
}
