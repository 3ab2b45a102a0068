import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** `AttributeProto.type` and `TensorProto.data_type`, as numbered in onnx/onnx `onnx/onnx.proto`. */
const AttributeType = { FLOATS: 6, INT: 2, INTS: 7, STRING: 3, STRINGS: 8, TENSOR: 4 } as const
export const DataType = { FLOAT: 1, UINT8: 2 } as const

export function message(writer: BinaryWriter, field: number, write: (body: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}

export function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value)
}

export function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value)
}

/** An attribute of a node: of one integer, one text, lists of these or floats, or a tensor of one dimension. */
export const attribute = {
  int: (node: BinaryWriter, name: string, value: number): void =>
    write(node, name, AttributeType.INT, (body) => int(body, 3, value)),

  string: (node: BinaryWriter, name: string, value: string): void =>
    write(node, name, AttributeType.STRING, (body) => text(body, 4, value)),

  ints: (node: BinaryWriter, name: string, values: readonly number[]): void =>
    write(node, name, AttributeType.INTS, (body) => {
      body.tag(8, WireType.LengthDelimited).fork()
      for (const value of values) body.int64(value)
      body.join()
    }),

  floats: (node: BinaryWriter, name: string, values: readonly number[]): void =>
    write(node, name, AttributeType.FLOATS, (body) => {
      body.tag(7, WireType.LengthDelimited).fork()
      for (const value of values) body.float(value)
      body.join()
    }),

  strings: (node: BinaryWriter, name: string, values: readonly string[]): void =>
    write(node, name, AttributeType.STRINGS, (body) => {
      for (const value of values) text(body, 9, value)
    }),

  tensor: (node: BinaryWriter, name: string, values: Float32Array | Uint8Array): void =>
    write(node, name, AttributeType.TENSOR, (body) => message(body, 5, (tensor) => vector(tensor, values))),
}

function write(node: BinaryWriter, name: string, type: number, fill: (body: BinaryWriter) => void): void {
  message(node, 5, (body) => {
    text(body, 1, name)
    fill(body)
    int(body, 20, type)
  })
}

/** The fields of a TensorProto of one float and no dimension. */
export function scalar(tensor: BinaryWriter, name: string, value: number): void {
  int(tensor, 2, DataType.FLOAT)
  tensor.tag(4, WireType.LengthDelimited).fork().float(value).join()
  text(tensor, 8, name)
}

/** The fields of a TensorProto of one dimension. Its bytes are little-endian, as is every machine that this runs on. */
function vector(tensor: BinaryWriter, values: Float32Array | Uint8Array): void {
  int(tensor, 1, values.length)
  int(tensor, 2, values instanceof Float32Array ? DataType.FLOAT : DataType.UINT8)
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  tensor.tag(9, WireType.LengthDelimited).bytes(bytes)
}

/** A ValueInfoProto: a float tensor of shape [rows, columns]. */
export function floatMatrix(value: BinaryWriter, name: string, columns: number): void {
  text(value, 1, name)
  message(value, 2, (type) =>
    message(type, 1, (tensor) => {
      int(tensor, 1, DataType.FLOAT)
      message(tensor, 2, (shape) => {
        message(shape, 1, (dimension) => text(dimension, 2, 'rows'))
        message(shape, 1, (dimension) => int(dimension, 1, columns))
      })
    }),
  )
}
