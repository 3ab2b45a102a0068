import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { DataType, int, message, text } from './onnx-fields.ts'
import type { OnnxModel } from './onnx-reader.ts'

/**
 * Exporters of classifiers like to end a graph in a ZipMap, which turns a tensor of probabilities into maps, one a
 * row. This makes the tensor an output as well. Protobuf merges the parts of a message that occur twice, so the
 * addition is simply appended to the model.
 */
export function exposeProbabilities(onnx: Uint8Array, model: OnnxModel): Uint8Array {
  const zipMap = model.nodes.find(
    ({ operator, outputs }) => operator === 'ZipMap' && model.outputs.includes(outputs[0]!),
  )
  const probabilities = zipMap?.inputs[0]
  if (probabilities === undefined || model.outputs.includes(probabilities)) return onnx
  const addition = new BinaryWriter()
  message(addition, 7, (graph) =>
    message(graph, 12, (output) => {
      text(output, 1, probabilities)
      message(output, 2, (type) => message(type, 1, (tensor) => int(tensor, 1, DataType.FLOAT)))
    }),
  )
  return Buffer.concat([onnx, addition.finish()])
}
