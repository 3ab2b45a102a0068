import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { type OnnxNode, readFields } from './onnx-reader.ts'

/** `TensorProto.DataType`. */
const FLOAT = 1
const UINT8 = 2
const DOUBLE = 11

/** An attribute of one integer or a list of them; empty where it is absent. */
export function intsOf(node: OnnxNode, name: string): ArrayLike<number> {
  return once(node, name, (attribute) => {
    const ints = new Repeated(WireType.Varint, readInt64, unpackInts)
    readFields(attribute, { 3: ints.read, 8: ints.read })
    return ints.values
  })
}

/** An attribute of floats, as a list or as a tensor of float, double or bytes; empty where it is absent. */
export function numbersOf(node: OnnxNode, name: string): ArrayLike<number> {
  return once(node, name, (attribute) => {
    const floats = new Repeated(WireType.Bit32, (reader) => reader.float(), toFloat32)
    let tensor: ArrayLike<number> | undefined
    readFields(attribute, {
      5: (reader) => {
        tensor = readTensor(reader.bytes())
      },
      7: floats.read,
    })
    return tensor ?? floats.values
  })
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

/** An attribute of texts of which a few come again and again. */
export interface Texts {
  /** The different ones, at most {@link MOST_TEXTS}. */
  readonly texts: readonly string[]
  /** Which of them each is; empty where the attribute is absent. */
  readonly indices: ArrayLike<number>
}

/** There are seven modes of nodes, and the longest has eleven letters. */
const MOST_TEXTS = 64
const LONGEST_TEXT = 127
/** The tag of field 9, whose values are delimited by their length. */
const TEXT_TAG = (9 << 3) | WireType.LengthDelimited

/** @throws where they are longer or more than a few */
export function textsOf(node: OnnxNode, name: string): Texts {
  return once(node, name, (attribute) => {
    const indices: number[] = []
    const known: Uint8Array[] = []
    readFields(attribute, {
      9: (reader) => {
        reader.pos = readTexts(attribute, reader.pos, indices, known)
      },
    })
    return { indices, texts: known.map((bytes) => Buffer.from(bytes).toString()) }
  })
}

/**
 * Reads values of field 9 that follow one another, in one loop: there may be a hundred thousand.
 * @param at where the first one's length is
 * @returns where another field starts
 */
function readTexts(bytes: Uint8Array, at: number, indices: number[], known: Uint8Array[]): number {
  for (let index = 0; ; at++) {
    const length = bytes[at]!
    const start = at + 1
    const end = start + length
    if (length > LONGEST_TEXT || end > bytes.length) throw new Error('a text is too long')
    let letter = known[index]?.length === length ? start : end + 1
    while (letter < end && bytes[letter] === known[index]![letter - start]) letter++
    if (letter !== end) {
      const text = bytes.slice(start, end)
      index = known.findIndex((one) => Buffer.compare(one, text) === 0)
      if (index < 0) index = known.push(text) - 1
      if (index === MOST_TEXTS) throw new Error('too many different texts')
    }
    indices.push(index)
    at = end
    if (bytes[at] !== TEXT_TAG) return at
  }
}

/** What attributes were decoded to: a graph is checked before it is read, and both look at the same lists. */
const decoded = new WeakMap<Uint8Array, unknown>()

function once<T>({ attributes }: OnnxNode, name: string, decode: (attribute: Uint8Array) => T): T {
  const attribute = attributes.get(name)
  if (!attribute) return decode(NOTHING)
  const known = decoded.get(attribute) as T | undefined
  if (known !== undefined) return known
  const values = decode(attribute)
  decoded.set(attribute, values)
  return values
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
    // Most take one byte.
    if (bytes[at]! < 0x80) {
      values[index] = bytes[at++]!
      continue
    }
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
