import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { type OnnxNode, readFields } from './onnx-reader.ts'

/** `TensorProto.DataType`. */
const FLOAT = 1
const UINT8 = 2
const DOUBLE = 11

/** An attribute of one integer or a list of them; empty where it is absent. */
export function intsOf(node: OnnxNode, name: string): ArrayLike<number> {
  const ints = new Repeated(WireType.Varint, readInt64, unpackInts)
  readFields(node.attributes.get(name) ?? NOTHING, { 3: ints.read, 8: ints.read })
  return ints.values
}

/** An attribute of floats, as a list or as a tensor of float, double or bytes; empty where it is absent. */
export function numbersOf(node: OnnxNode, name: string): ArrayLike<number> {
  const floats = new Repeated(WireType.Bit32, (reader) => reader.float(), toFloat32)
  let tensor: ArrayLike<number> | undefined
  readFields(node.attributes.get(name) ?? NOTHING, {
    5: (reader) => {
      tensor = readTensor(reader.bytes())
    },
    7: floats.read,
  })
  return tensor ?? floats.values
}

/** The lengths, in bytes, of an attribute of texts; empty where it is absent. */
export function textLengthsOf(node: OnnxNode, name: string): number[] {
  const lengths: number[] = []
  readFields(node.attributes.get(name) ?? NOTHING, {
    9: (reader) => {
      const length = reader.uint32()
      reader.pos += length
      lengths.push(length)
    },
  })
  return lengths
}

/** An attribute of one text; undefined where it is absent. */
export function textOf(node: OnnxNode, name: string): string | undefined {
  let text: string | undefined
  readFields(node.attributes.get(name) ?? NOTHING, {
    4: (reader) => {
      text = reader.string()
    },
  })
  return text
}

/** An attribute of texts with few distinct values, each decoded once; empty if it is absent. */
export function branchModesOf(node: OnnxNode, name: string): string[] {
  const texts: string[] = []
  const known: Buffer[] = []
  const names: string[] = []
  readFields(node.attributes.get(name) ?? NOTHING, {
    9: (reader) => {
      const bytes = reader.bytes()
      let index = known.findIndex((one) => one.equals(bytes))
      if (index < 0) {
        index = known.push(Buffer.from(bytes)) - 1
        names.push(known[index]!.toString())
      }
      texts.push(names[index]!)
    },
  })
  return texts
}

const NOTHING = new Uint8Array(0)

/** A repeated field of numbers: packed into one value, or one by one. */
class Repeated {
  values: ArrayLike<number> = []
  readonly read: (reader: BinaryReader, wire: WireType) => void

  constructor(
    itsWire: WireType,
    readOne: (reader: BinaryReader) => number,
    unpack: (bytes: Uint8Array) => ArrayLike<number>,
  ) {
    const single: number[] = []
    this.read = (reader, wire) => {
      if (wire === itsWire) {
        single.push(readOne(reader))
        this.values = single
      } else if (wire === WireType.LengthDelimited && this.values.length === 0) {
        this.values = unpack(reader.bytes())
      } else {
        throw new Error('no number')
      }
    }
  }
}

/** As a double: an integer beyond its reach is not the id of anything. */
function readInt64(reader: BinaryReader): number {
  const start = reader.pos
  const low = reader.uint32()
  if (reader.pos - start < 5) return low
  reader.pos = start
  return Number(reader.int64())
}

/** Like {@link readInt64}, for a hundred thousand of them: most take a byte or two. */
function unpackInts(bytes: Uint8Array): Float64Array {
  let count = 0
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! < 0x80) count++
  const values = new Float64Array(count)
  let at = 0
  for (let index = 0; index < count; index++) {
    const start = at
    let value = 0
    let unit = 1
    for (; bytes[at]! >= 0x80; at++, unit *= 0x80) value += (bytes[at]! - 0x80) * unit
    value += bytes[at++]! * unit
    // Seven bytes make 49 bits; negative numbers take ten.
    values[index] = at - start <= 7 ? value : readInt64(new BinaryReader(bytes.subarray(start, at)))
  }
  if (at !== bytes.length) throw new Error('a number is cut off')
  return values
}

function toFloat32(bytes: Uint8Array): Float32Array {
  // A typed array must start at a multiple of its element size: a copy does, a Buffer's slice need not.
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

function toFloat64(bytes: Uint8Array): Float64Array {
  return new Float64Array(Uint8Array.from(bytes).buffer)
}

function readTensor(bytes: Uint8Array): ArrayLike<number> {
  let type = FLOAT
  let raw: Uint8Array | undefined
  const floats = new Repeated(WireType.Bit32, (reader) => reader.float(), toFloat32)
  const ints = new Repeated(WireType.Varint, readInt64, unpackInts)
  const doubles = new Repeated(WireType.Bit64, (reader) => reader.double(), toFloat64)
  readFields(bytes, {
    2: (reader) => {
      type = reader.uint32()
    },
    4: floats.read,
    5: ints.read,
    9: (reader) => {
      raw = reader.bytes()
    },
    10: doubles.read,
  })
  if (type === FLOAT) return raw ? toFloat32(raw) : floats.values
  if (type === DOUBLE) return raw ? toFloat64(raw) : doubles.values
  if (type === UINT8) return raw ?? ints.values
  throw new Error('a tensor of another type')
}
