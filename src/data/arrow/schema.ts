import type { FlatTable } from './flatbuffer.ts'

/** `Type` of arrow/format/Schema.fbs: the ones used here. */
const Type = { Null: 1, Int: 2, Float: 3, Union: 14 } as const
/** `MetadataVersion` since which unions have no bitmap. */
const V5 = 4

/** Types by their number, for errors. */
const NAMES = [
  'nothing',
  'nulls',
  'integers',
  'floats',
  'bytes',
  'text',
  'true and false',
  'decimals',
  'dates',
  'times',
  'timestamps',
  'intervals',
  'lists',
  'structures',
  'unions',
  'bytes',
  'lists',
  'maps',
  'durations',
  'bytes',
  'text',
  'lists',
  'run-end encoded values',
  'bytes',
  'text',
  'lists',
  'lists',
]

/** Number of buffers of a column of each type, by the type's number; its children have their own. */
const BUFFERS = [0, 0, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 1, 0, 2, 1, 2, 2, 3, 3, 2, 0, 2, 2, 3, 3]
/** Types with a variable number of buffers, which each batch states. */
const VIEWS: ReadonlySet<number> = new Set([23, 24])

/** Most levels of columns inside columns: deeper ones are not a table. */
const MAX_DEPTH = 32

type GetNumber = (view: DataView, index: number) => number

/** A column as the schema has it. */
export interface ArrowField {
  readonly name: string
  /** What it holds, in words. */
  readonly kind: string
  /** For columns of numbers: how to get one, and how many bytes each takes. */
  readonly number?: { readonly bytes: number; readonly get: GetNumber }
  readonly isNull: boolean
  /** Nodes of a batch that belong to it, its own first. */
  readonly nodes: number
  /** Its buffers in a batch, without those that each batch counts. */
  readonly buffers: number
  /** Parts of it with buffers that each batch counts. */
  readonly views: number
}

/** Reads a field of a Schema. @param version `MetadataVersion` of its message. @throws {RangeError} */
export function readField(field: FlatTable, version: number, depth = 0): ArrowField {
  if (depth > MAX_DEPTH) throw new RangeError('columns are nested too deeply')
  const type = field.uint8(2)
  const name = field.text(0)
  if (type >= NAMES.length) throw new RangeError(`a column is of the type ${type}`)
  // Codes of a dictionary replace the values that it holds.
  if (field.table(4))
    return { name, kind: 'codes of a dictionary', isNull: false, nodes: 1, buffers: 2, views: 0 }
  const details = field.table(3)
  const number = readNumber(type, details)
  const parts = [
    {
      nodes: 1,
      buffers: BUFFERS[type]! + (type === Type.Union ? unionBuffers(details, version) : 0),
      views: VIEWS.has(type) ? 1 : 0,
    },
    ...field.tables(5).map((child) => readField(child, version, depth + 1)),
  ]
  const sum = (pick: (part: (typeof parts)[number]) => number) =>
    parts.reduce((total, part) => total + pick(part), 0)
  return {
    name,
    kind: NAMES[type]!,
    isNull: type === Type.Null,
    ...(number && { number }),
    nodes: sum((part) => part.nodes),
    buffers: sum((part) => part.buffers),
    views: sum((part) => part.views),
  }
}

/** Which member each value is of; its offset, unless members are as long as the union; its nulls, in old versions. */
function unionBuffers(details: FlatTable | undefined, version: number): number {
  const isDense = details?.int16(0) === 1
  return (isDense ? 2 : 1) + (version < V5 ? 1 : 0)
}

const INTEGERS: Readonly<Record<string, GetNumber>> = {
  'signed 8': (view, at) => view.getInt8(at),
  'signed 16': (view, at) => view.getInt16(2 * at, true),
  'signed 32': (view, at) => view.getInt32(4 * at, true),
  'signed 64': (view, at) => Number(view.getBigInt64(8 * at, true)),
  'unsigned 8': (view, at) => view.getUint8(at),
  'unsigned 16': (view, at) => view.getUint16(2 * at, true),
  'unsigned 32': (view, at) => view.getUint32(4 * at, true),
  'unsigned 64': (view, at) => Number(view.getBigUint64(8 * at, true)),
}
/** By `Precision`: half, single, double. */
const FLOATS: readonly GetNumber[] = [
  (view, at) => halfToNumber(view.getUint16(2 * at, true)),
  (view, at) => view.getFloat32(4 * at, true),
  (view, at) => view.getFloat64(8 * at, true),
]

function readNumber(type: number, details: FlatTable | undefined): ArrowField['number'] {
  if (type === Type.Int && details) {
    const bits = details.int32(0)
    const get = INTEGERS[`${details.uint8(1) === 0 ? 'unsigned' : 'signed'} ${bits}`]
    return get && { bytes: bits / 8, get }
  }
  if (type === Type.Float && details) {
    const get = FLOATS[details.int16(0)]
    return get && { bytes: 2 ** (details.int16(0) + 1), get }
  }
  return undefined
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
