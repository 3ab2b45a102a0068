import { RankerError } from '../errors.ts'

/** A value of UBJSON; arrays of one numeric type are typed arrays. */
export type UbjsonValue =
  | null
  | boolean
  | number
  | string
  | UbjsonValue[]
  | NumericArray
  | { [key: string]: UbjsonValue }

type NumericArray = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array

/** Deeper containers are not a model, only a way to overflow the stack. */
const MAX_DEPTH = 64

const utf8 = new TextDecoder()

/**
 * Reads Universal Binary JSON (draft 12, https://ubjson.org), the format of XGBoost's `.ubj` models.
 * @throws {RankerError} MODEL_DAMAGED when the bytes end early, go on too long or are no UBJSON.
 */
export function readUbjson(bytes: Uint8Array, file = 'model.ubj'): UbjsonValue {
  const reader = new Reader(bytes, file)
  const value = reader.value(reader.marker(), 0)
  reader.expectEnd()
  return value
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #file: string
  #at = 0

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#file = file
  }

  /** The next type marker as a character; no-ops are skipped. */
  marker(): string {
    let marker: string
    do marker = String.fromCharCode(this.#bytes[this.#take(1)]!)
    while (marker === 'N')
    return marker
  }

  value(marker: string, depth: number): UbjsonValue {
    switch (marker) {
      case 'Z':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'S':
        return this.#text()
      case 'C':
        return String.fromCharCode(this.#bytes[this.#take(1)]!)
      case '[':
        return this.#array(depth + 1)
      case '{':
        return this.#object(depth + 1)
      default:
        return this.#number(marker)
    }
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) this.#fail(`${this.#bytes.length - this.#at} bytes follow its end`)
  }

  #number(marker: string): number {
    switch (marker) {
      case 'i':
        return this.#view.getInt8(this.#take(1))
      case 'U':
        return this.#view.getUint8(this.#take(1))
      case 'I':
        return this.#view.getInt16(this.#take(2))
      case 'l':
        return this.#view.getInt32(this.#take(4))
      case 'L':
        return Number(this.#view.getBigInt64(this.#take(8)))
      case 'd':
        return this.#view.getFloat32(this.#take(4))
      case 'D':
        return this.#view.getFloat64(this.#take(8))
      default:
        return this.#fail(`byte ${this.#at - 1} is no type of UBJSON`)
    }
  }

  #length(): number {
    const length = this.#number(this.marker())
    if (!Number.isSafeInteger(length) || length < 0) this.#fail(`it gives a length of ${length}`)
    return length
  }

  #text(): string {
    const length = this.#length()
    const from = this.#take(length)
    return utf8.decode(this.#bytes.subarray(from, from + length))
  }

  #array(depth: number): UbjsonValue {
    const { type, count } = this.#header(depth)
    if (type !== undefined && count !== undefined) {
      const numeric = this.#numericArray(type, count)
      if (numeric) return numeric
    }
    const values: UbjsonValue[] = []
    if (count !== undefined) {
      // Every element takes at least a byte, so a count past the end is refused before it is believed.
      if (count > this.#bytes.length - this.#at) this.#fail('it ends early')
      for (let index = 0; index < count; index++) values.push(this.value(type ?? this.marker(), depth))
      return values
    }
    for (let marker = this.marker(); marker !== ']'; marker = this.marker())
      values.push(this.value(marker, depth))
    return values
  }

  #object(depth: number): { [key: string]: UbjsonValue } {
    const { type, count } = this.#header(depth)
    // No prototype: the keys come from a file.
    const object: { [key: string]: UbjsonValue } = Object.create(null)
    let left = count ?? Number.POSITIVE_INFINITY
    while (left-- > 0) {
      if (count === undefined && this.#peek() === '}') {
        this.#take(1)
        break
      }
      const key = this.#text()
      object[key] = this.value(type ?? this.marker(), depth)
    }
    return object
  }

  /** The optional `$type` and `#count` of a container. */
  #header(depth: number): { type: string | undefined; count: number | undefined } {
    if (depth > MAX_DEPTH) this.#fail(`it nests deeper than ${MAX_DEPTH} levels`)
    let type: string | undefined
    let count: number | undefined
    if (this.#peek() === '$') {
      this.#take(1)
      type = this.marker()
      if (this.#peek() !== '#') this.#fail('a typed container gives no count')
    }
    if (this.#peek() === '#') {
      this.#take(1)
      count = this.#length()
    }
    return { type, count }
  }

  #numericArray(type: string, count: number): NumericArray | undefined {
    const view = this.#view
    const fill = <A extends NumericArray>(
      size: number,
      make: (count: number) => A,
      get: (at: number) => number,
    ) => {
      const from = this.#take(count * size)
      const values = make(count)
      for (let index = 0; index < count; index++) values[index] = get(from + index * size)
      return values
    }
    switch (type) {
      case 'i':
        return fill(
          1,
          (n) => new Int8Array(n),
          (at) => view.getInt8(at),
        )
      case 'U':
        return fill(
          1,
          (n) => new Uint8Array(n),
          (at) => view.getUint8(at),
        )
      case 'I':
        return fill(
          2,
          (n) => new Int16Array(n),
          (at) => view.getInt16(at),
        )
      case 'l':
        return fill(
          4,
          (n) => new Int32Array(n),
          (at) => view.getInt32(at),
        )
      case 'L':
        // Node indices and category counts fit a double.
        return fill(
          8,
          (n) => new Float64Array(n),
          (at) => Number(view.getBigInt64(at)),
        )
      case 'd':
        return fill(
          4,
          (n) => new Float32Array(n),
          (at) => view.getFloat32(at),
        )
      case 'D':
        return fill(
          8,
          (n) => new Float64Array(n),
          (at) => view.getFloat64(at),
        )
      default:
        return undefined
    }
  }

  #peek(): string {
    if (this.#at >= this.#bytes.length) this.#fail('it ends early')
    return String.fromCharCode(this.#bytes[this.#at]!)
  }

  /** Moves on by `count` bytes and returns where they start. */
  #take(count: number): number {
    const from = this.#at
    if (count > this.#bytes.length - from) this.#fail('it ends early')
    this.#at = from + count
    return from
  }

  #fail(reason: string): never {
    throw new RankerError('MODEL_DAMAGED', { file: this.#file, reason })
  }
}
