import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { RankerError } from '../../errors.ts'
import { MAX_COLUMNS } from '../libsvm/table.ts'
import type { Chunks, SparseRow, SparseSink } from '../row.ts'
import { eachRecord } from './frames.ts'

/** A tensor of a record: float32, float64 or int32 values, with their indices if it is sparse. */
interface Tensor {
  readonly values: ArrayLike<number>
  /** Absent in a dense tensor. */
  readonly keys?: readonly number[]
  /** Elements of the whole tensor, as its shape says; absent where it says nothing. */
  readonly size?: number
}

/** A record's Value: a tensor of numbers, or something else. */
type Value = Tensor | 'bytes' | 'nothing'

/**
 * Reads SageMaker's recordio-protobuf: `features["values"]`, dense or sparse, with `label["values"]`, `label["qid"]` and
 * `label["weight"]` of one number each. The format has no place for a query, so the qid is this product's convention.
 * What is absent from a sparse tensor is missing. Source: AWS's `aialgs.data.Record` (proto2).
 * @throws {RankerError} FILE_EMPTY, RECORD_DAMAGED, RECORD_CONTENT and what the sink throws.
 */
export async function readRecords(file: string, chunks: Chunks, sink: SparseSink): Promise<void> {
  const row = new RecordRow(file)
  sink.begin(file, 'record')
  await eachRecord(file, chunks, (payload, record) => {
    row.read(payload, record)
    sink.row(row)
  })
  if (row.line === 0) throw new RankerError('FILE_EMPTY', { file })
}

/** The current row; each record is read into the same object. */
export class RecordRow implements SparseRow {
  line = 0
  label = Number.NaN
  query = ''
  weight = Number.NaN
  count = 0
  width = 0
  indices = new Uint32Array(0)
  values = new Float32Array(0)
  /** Whether the row has all its values, side by side. */
  isDense = false
  readonly #file: string
  readonly #unjudged: boolean
  /** The columns of a dense row: 0, 1, 2, … as many as the first one has, which all others must have too. */
  #denseColumns: Uint32Array<ArrayBuffer> | undefined

  /** @param unjudged whether the rows are to be scored: their labels do not matter */
  constructor(file: string, unjudged = false) {
    this.#file = file
    this.#unjudged = unjudged
  }

  read(payload: Uint8Array, record: number): void {
    this.line = record
    const { features, label } = this.#decode(payload)
    const tensor = this.#tensor(features, 'values', 'features')
    if (!tensor) this.#refuse('features["values"]', 'absent', 'the values of the row')
    this.isDense = !tensor.keys
    if (tensor.keys) this.#setSparse(tensor, tensor.keys)
    else this.#setDense(tensor.values)
    if (this.#unjudged) return
    this.label =
      this.#number(label, 'values') ?? this.#refuse('label["values"]', 'absent', 'the label of the row')
    const query = this.#number(label, 'qid')
    if (Number.isNaN(query)) this.#refuse('label["qid"]', 'NaN', 'a number')
    this.query = query === undefined ? '' : String(query)
    const weight = this.#number(label, 'weight')
    if (weight !== undefined && !(weight >= 0))
      this.#refuse('label["weight"]', String(weight), 'a number from 0')
    this.weight = weight ?? Number.NaN
  }

  #decode(payload: Uint8Array): { features: Map<string, Value>; label: Map<string, Value> } {
    try {
      return decodeRecord(payload)
    } catch (cause) {
      const reason = 'its protobuf is broken'
      throw new RankerError('RECORD_DAMAGED', { file: this.#file, record: this.line, reason }, { cause })
    }
  }

  #setDense(values: ArrayLike<number>): void {
    const where = 'features["values"]'
    this.width = values.length
    if (this.width > MAX_COLUMNS) this.#refuse(where, `${this.width} values`, `at most ${MAX_COLUMNS}`)
    this.#denseColumns ??= Uint32Array.from({ length: this.width }, (_, column) => column)
    if (this.width !== this.#denseColumns.length && !this.#unjudged) {
      this.#refuse(where, `${this.width} values`, `${this.#denseColumns.length}, as in the records before`)
    }
    this.indices = this.#denseColumns
    this.#setValues(values)
  }

  #setSparse({ values, size }: Tensor, keys: readonly number[]): void {
    const where = 'features["values"]'
    if (keys.length !== values.length) {
      this.#refuse(where, `${values.length} values with ${keys.length} keys`, 'as many keys as values')
    }
    const largest = keys.reduce((most, key) => Math.max(most, key), -1)
    this.width = size ?? largest + 1
    if (largest >= this.width) {
      this.#refuse(where, `key ${largest} in a shape of ${this.width}`, 'keys inside the shape')
    }
    if (this.width > MAX_COLUMNS) this.#refuse(where, `${this.width} columns wide`, `at most ${MAX_COLUMNS}`)
    if (new Set(keys).size !== keys.length) this.#refuse(where, 'a tensor with a key twice', 'each key once')
    this.indices = Uint32Array.from(keys)
    this.#setValues(values)
  }

  #setValues(values: ArrayLike<number>): void {
    this.count = values.length
    if (this.values.length < this.count) this.values = new Float32Array(this.count)
    this.values.set(values)
    for (let cell = 0; cell < this.count; cell++) {
      if (Math.abs(this.values[cell]!) !== Number.POSITIVE_INFINITY) continue
      const where = `features["values"], column ${this.indices[cell]}`
      this.#refuse(where, String(values[cell]), 'a finite number (float32)')
    }
  }

  /** The one number under a key of the label; undefined where the key is absent. */
  #number(label: Map<string, Value>, key: string): number | undefined {
    const tensor = this.#tensor(label, key, 'label')
    if (!tensor) return undefined
    if (tensor.values.length !== 1)
      this.#refuse(`label["${key}"]`, `${tensor.values.length} values`, 'one value')
    return tensor.values[0]!
  }

  #tensor(map: Map<string, Value>, key: string, name: string): Tensor | undefined {
    const value = map.get(key)
    return typeof value === 'string' ? this.#refuse(`${name}["${key}"]`, value, 'a tensor of numbers') : value
  }

  #refuse(where: string, seen: string, wanted: string): never {
    throw new RankerError('RECORD_CONTENT', { file: this.#file, record: this.line, where, seen, wanted })
  }
}

/** The two maps of a Record: `features = 1`, `label = 2`. The last of two equal keys wins. */
function decodeRecord(payload: Uint8Array): { features: Map<string, Value>; label: Map<string, Value> } {
  const reader = new BinaryReader(payload)
  const features = new Map<string, Value>()
  const label = new Map<string, Value>()
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    if ((field === 1 || field === 2) && wire === WireType.LengthDelimited) {
      const [key, value] = decodeEntry(reader.bytes())
      ;(field === 1 ? features : label).set(key, value)
    } else {
      reader.skip(wire, field)
    }
  }
  return { features, label }
}

/** An entry of a map: `key = 1`, `value = 2`. */
function decodeEntry(bytes: Uint8Array): [string, Value] {
  const reader = new BinaryReader(bytes)
  let key = ''
  let value: Value = 'nothing'
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    if (field === 1) key = reader.string()
    else if (field === 2) value = decodeValue(reader.bytes())
    else reader.skip(wire, field)
  }
  return [key, value]
}

/** How a number of each kind of tensor is written, by the field of Value that holds the tensor. */
const NUMBERS: Readonly<Record<number, { wire: WireType; read: (from: BinaryReader) => number }>> = {
  2: { wire: WireType.Bit32, read: (from) => from.float() },
  3: { wire: WireType.Bit64, read: (from) => from.double() },
  7: { wire: WireType.Varint, read: (from) => from.int32() },
}
const UINT64 = { wire: WireType.Varint, read: (from: BinaryReader) => Number(from.uint64()) }

/** `float32_tensor = 2`, `float64_tensor = 3`, `int32_tensor = 7`, `bytes = 9`. */
function decodeValue(bytes: Uint8Array): Value {
  const reader = new BinaryReader(bytes)
  let value: Value = 'nothing'
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    const numbers = NUMBERS[field]
    if (numbers) {
      value = decodeTensor(reader.bytes(), numbers)
    } else {
      if (field === 9) value = 'bytes'
      reader.skip(wire, field)
    }
  }
  return value
}

/** `values = 1`, `keys = 2`, `shape = 3`. */
function decodeTensor(bytes: Uint8Array, numbers: typeof UINT64): Tensor {
  const reader = new BinaryReader(bytes)
  const values: number[] = []
  const keys: number[] = []
  const shape: number[] = []
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    if (field === 1) readNumbers(reader, wire, numbers, values)
    else if (field === 2) readNumbers(reader, wire, UINT64, keys)
    else if (field === 3) readNumbers(reader, wire, UINT64, shape)
    else reader.skip(wire, field)
  }
  // An empty sparse row has only a shape.
  const isSparse = keys.length > 0 || (values.length === 0 && shape.length > 0)
  const size = shape.reduce((product, length) => product * length, 1)
  return { values, ...(isSparse && { keys }), ...(shape.length > 0 && { size }) }
}

/** Reads the numbers of a repeated field: packed into one value, or one by one. */
function readNumbers(reader: BinaryReader, wire: WireType, numbers: typeof UINT64, into: number[]): void {
  if (wire === numbers.wire) {
    into.push(numbers.read(reader))
    return
  }
  if (wire !== WireType.LengthDelimited) throw new Error(`a number has the wire type ${wire}`)
  const packed = new BinaryReader(reader.bytes())
  while (packed.pos < packed.len) into.push(numbers.read(packed))
  if (packed.pos > packed.len) throw new Error('a packed field is cut off')
}
