import { RankerError } from '../errors.ts'
import { checkCells, type Rows } from './request/row-list.ts'

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
/** A header holds a type and a shape; a longer one is an attack. */
const MOST_HEADER_BYTES = 65_536

type Get = (view: DataView, at: number, littleEndian: boolean) => number

/** Types of an array's elements by kind and size, as `descr` writes them after the byte order. */
const TYPES: Readonly<Record<string, { bytes: number; get: Get }>> = {
  f4: { bytes: 4, get: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, get: (view, at, little) => view.getFloat64(at, little) },
  i1: { bytes: 1, get: (view, at) => view.getInt8(at) },
  i2: { bytes: 2, get: (view, at, little) => view.getInt16(at, little) },
  i4: { bytes: 4, get: (view, at, little) => view.getInt32(at, little) },
  i8: { bytes: 8, get: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u1: { bytes: 1, get: (view, at) => view.getUint8(at) },
  u2: { bytes: 2, get: (view, at, little) => view.getUint16(at, little) },
  u4: { bytes: 4, get: (view, at, little) => view.getUint32(at, little) },
  u8: { bytes: 8, get: (view, at, little) => Number(view.getBigUint64(at, little)) },
}
const KNOWN_TYPES = 'float32, float64 or integers'

/**
 * Reads NumPy's `.npy`: an array of shape (rows, features), or of one row, (features,). Little or big endian, in C or
 * Fortran order. Source: numpy `numpy/lib/format.py`, versions 1.0 to 3.0.
 * @throws {RankerError} BODY_EMPTY, BODY_UNREADABLE, BAD_ARRAY, WRONG_WIDTH, BAD_VALUE, TOO_MANY_CELLS.
 */
export function readNpy(body: Uint8Array, featureNames: readonly string[]): Rows {
  if (body.length === 0) throw new RankerError('BODY_EMPTY', {})
  const { descr, isFortran, shape, dataAt } = readHeader(body)
  const { little, type } = readType(descr)
  const width = featureNames.length
  const [count, columns] = shape.length === 1 ? [1, shape[0]!] : (shape as [number, number])
  if (columns !== width) throw new RankerError('WRONG_WIDTH', { row: 1, seen: columns, wanted: width })
  const wanted = count * width * type.bytes
  if (body.length - dataAt !== wanted) {
    throw unreadable(`its shape needs ${wanted} bytes of data, and ${body.length - dataAt} are there`)
  }
  checkCells(count, width)
  if (descr === '<f4' && !isFortran) {
    const same = floatsAt(body, dataAt, count * width)
    if (!hasInfinity(same)) return { kind: 'rows', values: same, count, width, ignored: [] }
  }
  const values = new Float32Array(count * width)
  const view = new DataView(body.buffer, body.byteOffset + dataAt, wanted)
  // In Fortran order, the features of a row are `count` elements apart.
  const [rowStep, columnStep] = isFortran ? [1, count] : [width, 1]
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < width; column++) {
      const value = type.get(view, (row * rowStep + column * columnStep) * type.bytes, little)
      const single = Math.fround(value)
      if (Math.abs(single) === Number.POSITIVE_INFINITY) {
        throw new RankerError('BAD_VALUE', { row: row + 1, column: featureNames[column]!, seen: value })
      }
      values[row * width + column] = single
    }
  }
  return { kind: 'rows', values, count, width, ignored: [] }
}

/** A loop: `some` with a function takes ten times as long. */
function hasInfinity(values: Float32Array): boolean {
  for (let index = 0; index < values.length; index++) {
    if (Math.abs(values[index]!) === Number.POSITIVE_INFINITY) return true
  }
  return false
}

/** The body's own memory if it is aligned, which NumPy's headers see to; otherwise a copy. */
function floatsAt(body: Uint8Array, at: number, count: number): Float32Array {
  const from = body.byteOffset + at
  if (from % Float32Array.BYTES_PER_ELEMENT === 0) return new Float32Array(body.buffer, from, count)
  return new Float32Array(new Uint8Array(body.subarray(at)).buffer)
}

interface Header {
  readonly descr: string
  readonly isFortran: boolean
  readonly shape: readonly number[]
  /** Where the elements start. */
  readonly dataAt: number
}

/** The header is a literal of a Python dictionary with three keys, in any order. */
function readHeader(body: Uint8Array): Header {
  if (!MAGIC.equals(body.subarray(0, MAGIC.length)))
    throw unreadable('it is no .npy: wanted \\x93NUMPY first')
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  // The magic, the version, and the length of the header in two bytes or four.
  if (body.length < 12) throw unreadable('its header is cut off')
  const version = body[6]
  if (version !== 1 && version !== 2 && version !== 3)
    throw unreadable(`its .npy version is ${version}: wanted 1, 2 or 3`)
  const from = version === 1 ? 10 : 12
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MOST_HEADER_BYTES || from + length > body.length) throw unreadable('its header is cut off')
  const text = Buffer.from(body.buffer, body.byteOffset + from, length).toString('utf8')
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape'\s*:\s*\(((?:\s*\d+L?\s*,?)*)\s*\)/.exec(text)?.[1]
  // A type that is not a string is that of records.
  if (descr === undefined && text.includes("'descr'")) throw refused('holds records', KNOWN_TYPES)
  if (descr === undefined || order === undefined || shape === undefined)
    throw unreadable('its header is none of NumPy')
  const sizes = Array.from(shape.matchAll(/\d+/g), Number)
  if (sizes.length !== 1 && sizes.length !== 2) {
    throw refused(`has ${sizes.length} dimensions`, 'shape (rows, features) or (features,)')
  }
  return { descr, isFortran: order === 'True', shape: sizes, dataAt: from + length }
}

function readType(descr: string): { little: boolean; type: (typeof TYPES)[string] & object } {
  const order = descr[0] ?? ''
  const kind = descr.slice(1)
  const type = Object.hasOwn(TYPES, kind) ? TYPES[kind] : undefined
  if (!type || !'<>|='.includes(order)) throw refused(`is of the type ${JSON.stringify(descr)}`, KNOWN_TYPES)
  // Every machine that this runs on is little-endian, so `=` means that too.
  return { little: order !== '>', type }
}

function unreadable(reason: string): RankerError {
  return new RankerError('BODY_UNREADABLE', { reason })
}

function refused(seen: string, wanted: string): RankerError {
  return new RankerError('BAD_ARRAY', { seen, wanted })
}

/** Writes float32 of shape (n,) as `.npy` 1.0. */
export function writeNpy(values: ArrayLike<number>): Buffer {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`
  // Elements start at a multiple of 64 bytes, and the header ends in a newline.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  const bytes = Buffer.alloc(length + 4 * values.length)
  MAGIC.copy(bytes)
  bytes[6] = 1
  bytes.writeUInt16LE(length - 10, 8)
  bytes.write(`${dictionary.padEnd(length - 11)}\n`, 10, 'latin1')
  for (let index = 0; index < values.length; index++) bytes.writeFloatLE(values[index]!, length + 4 * index)
  return bytes
}
