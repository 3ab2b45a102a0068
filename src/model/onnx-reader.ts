import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { RankerError } from '../errors.ts'

/** An operator of a graph. */
export interface OnnxNode {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Undecoded, by name: see `onnx-attributes.ts`. */
  readonly attributes: ReadonlyMap<string, Uint8Array>
}

/** What a model is made of, as far as it must be known before a runtime opens it. */
export interface OnnxModel {
  /** Nodes of the graph, and of its subgraphs and functions. */
  readonly nodes: readonly OnnxNode[]
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[]
  /** Columns of the tensors of two dimensions whose shape the graph tells. */
  readonly widths: ReadonlyMap<string, number>
  /** Dimensions of the tensors that the file holds. */
  readonly initializers: ReadonlyMap<string, readonly number[]>
}

/** Messages inside messages. A graph inside a graph is three levels down, and real models have a few. */
const MAX_DEPTH = 64
/** `TensorProto.DataLocation`: the tensor lies in another file. */
const EXTERNAL = 1

/** Reads one field, of the wire type given. */
type FieldReader = (reader: BinaryReader, wire: WireType) => void

/**
 * Reads the structure of an ONNX model. Field numbers are those of onnx/onnx `onnx/onnx.proto`.
 * @throws {RankerError} MODEL_DAMAGED when the bytes are no such protobuf, MODEL_UNSUPPORTED when a tensor of it lies in
 * another file.
 */
export function readOnnx(bytes: Uint8Array, file: string): OnnxModel {
  const reader = new ModelReader(file)
  try {
    reader.read(bytes)
  } catch (cause) {
    if (cause instanceof RankerError) throw cause
    throw new RankerError('MODEL_DAMAGED', { file, reason: 'its protobuf is broken' }, { cause })
  }
  if (reader.nodes.length === 0) throw new RankerError('MODEL_DAMAGED', { file, reason: 'it holds no graph' })
  return reader
}

class ModelReader implements OnnxModel {
  readonly nodes: OnnxNode[] = []
  readonly outputs: string[] = []
  readonly widths = new Map<string, number>()
  readonly initializers = new Map<string, readonly number[]>()
  readonly #file: string
  #depth = 0

  constructor(file: string) {
    this.#file = file
  }

  read(model: Uint8Array): void {
    readFields(model, {
      7: this.#message((graph) => this.#graph(graph, true)),
      20: this.#message((training) =>
        readFields(training, { 1: this.#message(this.#graph), 2: this.#message(this.#graph) }),
      ),
      25: this.#message((definition) =>
        readFields(definition, { 7: this.#message(this.#node), 11: this.#message(this.#insideAttribute) }),
      ),
    })
  }

  readonly #graph = (bytes: Uint8Array, isMain = false): void => {
    const value = (isOutput: boolean) =>
      this.#message((info) => {
        const [name, width] = readValueInfo(info)
        if (width !== undefined) this.widths.set(name, width)
        if (isOutput) this.outputs.push(name)
      })
    readFields(bytes, {
      1: this.#message(this.#node),
      5: this.#message(this.#initializer),
      11: value(false),
      12: value(isMain),
      13: value(false),
      15: this.#message(this.#sparseTensor),
    })
  }

  readonly #node = (bytes: Uint8Array): void => {
    const inputs: string[] = []
    const outputs: string[] = []
    const attributes = new Map<string, Uint8Array>()
    let operator = ''
    readFields(bytes, {
      1: (reader) => inputs.push(reader.string()),
      2: (reader) => outputs.push(reader.string()),
      4: (reader) => {
        operator = reader.string()
      },
      5: this.#message((attribute) => attributes.set(this.#insideAttribute(attribute), attribute)),
    })
    this.nodes.push({ operator, inputs, outputs, attributes })
  }

  /** Looks for what an attribute may hide, and returns its name. */
  readonly #insideAttribute = (bytes: Uint8Array): string => {
    let name = ''
    readFields(bytes, {
      1: (reader) => {
        name = reader.string()
      },
      5: this.#message(this.#tensor),
      6: this.#message(this.#graph),
      10: this.#message(this.#tensor),
      11: this.#message(this.#graph),
      22: this.#message(this.#sparseTensor),
      23: this.#message(this.#sparseTensor),
    })
    return name
  }

  readonly #sparseTensor = (bytes: Uint8Array): void =>
    readFields(bytes, { 1: this.#message(this.#tensor), 2: this.#message(this.#tensor) })

  readonly #initializer = (bytes: Uint8Array): void => {
    let name = ''
    const dimensions: number[] = []
    readFields(bytes, {
      1: (reader, wire) => {
        const end = wire === WireType.LengthDelimited ? reader.uint32() + reader.pos : reader.pos + 1
        while (reader.pos < end) dimensions.push(Number(reader.int64()))
      },
      8: (reader) => {
        name = reader.string()
      },
    })
    this.initializers.set(name, dimensions)
    this.#tensor(bytes)
  }

  /** Another file could be any on the machine, and its bytes are in no hash. */
  readonly #tensor = (bytes: Uint8Array): void => {
    const refuse = () => {
      const reason = 'it keeps tensors in another file; wanted a model in one file'
      throw new RankerError('MODEL_UNSUPPORTED', { file: this.#file, reason })
    }
    readFields(bytes, {
      13: refuse,
      14: (reader) => {
        if (reader.uint32() === EXTERNAL) refuse()
      },
    })
  }

  /** Reads a field that holds a message. */
  #message(read: (bytes: Uint8Array) => void): FieldReader {
    return (reader, wire) => {
      if (wire !== WireType.LengthDelimited || this.#depth >= MAX_DEPTH) throw new Error('no message')
      this.#depth++
      read(reader.bytes())
      this.#depth--
    }
  }
}

/** Reads the fields of a message that have a reader, in their order, and passes over the others. */
export function readFields(bytes: Uint8Array, readers: Readonly<Record<number, FieldReader>>): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    // The reader's own `tag` makes an array of each.
    const tag = reader.uint32()
    const read = readers[tag >>> 3]
    if (read) read(reader, tag & 7)
    else pass(reader, tag & 7)
    if (reader.pos > reader.len) throw new Error('a field is cut off')
  }
}

/** The reader's own `skip` makes an object for each of what may be a million numbers, and knows groups. */
function pass(reader: BinaryReader, wire: WireType): void {
  if (wire === WireType.LengthDelimited) {
    const length = reader.uint32()
    reader.pos += length
  } else if (wire === WireType.Bit32) reader.pos += 4
  else if (wire === WireType.Bit64) reader.pos += 8
  else if (wire === WireType.Varint) reader.uint32()
  else throw new Error('a group')
}

/** The name in a ValueInfoProto, and how many columns it has where that is told. */
function readValueInfo(bytes: Uint8Array): [name: string, width: number | undefined] {
  let name = ''
  const dimensions: (number | undefined)[] = []
  const dimension = (reader: BinaryReader) => {
    let size: number | undefined
    readFields(reader.bytes(), {
      1: (inner) => {
        size = inner.uint32()
      },
    })
    dimensions.push(size)
  }
  const shape = (reader: BinaryReader) => readFields(reader.bytes(), { 1: dimension })
  const tensor = (reader: BinaryReader) => readFields(reader.bytes(), { 2: shape })
  const type = (reader: BinaryReader) => readFields(reader.bytes(), { 1: tensor })
  readFields(bytes, {
    1: (reader) => {
      name = reader.string()
    },
    2: type,
  })
  return [name, dimensions.length === 2 ? dimensions[1] : undefined]
}
