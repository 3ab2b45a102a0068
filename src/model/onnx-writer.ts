import { BinaryWriter } from '@bufbuild/protobuf/wire'
import type { Forest, Transform, Tree } from './forest.ts'
import { attribute, floatMatrix, int, message, text, vector } from './onnx-fields.ts'
import { treeEnsemble, treeEnsembleRegressor } from './onnx-trees.ts'

/**
 * Versions written. `ai.onnx.ml` 3 has the TreeEnsembleRegressor that every runtime of the last years knows; splits on
 * categories need the TreeEnsemble of version 5. Field numbers below are those of onnx/onnx `onnx/onnx.proto`.
 */
const NUMERIC = { ir: 8, opset: 17, ml: 3 }
const CATEGORICAL = { ir: 10, opset: 21, ml: 5 }

/** Name of the graph's input, float32 of shape [rows, features]. */
export const INPUT_NAME = 'features'
/** Name of the graph's output, float32 of shape [rows, 1]. */
export const OUTPUT_NAME = 'score'

/**
 * Writes a forest as an ONNX model: one float32 input of shape [rows, width], one float32 output of shape [rows, 1]
 * that equals XGBoost's `predict()`.
 *
 * The base score is the first tree, a single leaf: a runtime that adds the trees one after the other then makes the
 * very float32 additions that XGBoost makes, and gives the same bits. (As `base_values` it would be added last.)
 */
export function writeOnnx(forest: Forest, producer: { name: string; version: string }): Uint8Array {
  const trees = [singleLeaf(forest.base), ...forest.trees]
  const isNumeric = forest.trees.every((tree) => tree.categories === undefined)
  const versions = isNumeric ? NUMERIC : CATEGORICAL
  const model = new BinaryWriter()
  int(model, 1, versions.ir)
  text(model, 2, producer.name)
  text(model, 3, producer.version)
  message(model, 7, (graph) => {
    const sum = forest.transform === 'identity' ? OUTPUT_NAME : 'margin'
    message(graph, 1, (node) => {
      text(node, 1, INPUT_NAME)
      text(node, 2, sum)
      text(node, 3, 'forest')
      text(node, 4, isNumeric ? 'TreeEnsembleRegressor' : 'TreeEnsemble')
      text(node, 7, 'ai.onnx.ml')
      const write = isNumeric ? treeEnsembleRegressor : treeEnsemble
      write(node, trees)
    })
    transformNodes(graph, forest.transform, sum)
    text(graph, 2, 'ranker')
    message(graph, 11, (value) => floatMatrix(value, INPUT_NAME, forest.width))
    message(graph, 12, (value) => floatMatrix(value, OUTPUT_NAME, 1))
  })
  message(model, 8, (opset) => {
    text(opset, 1, '')
    int(opset, 2, versions.opset)
  })
  message(model, 8, (opset) => {
    text(opset, 1, 'ai.onnx.ml')
    int(opset, 2, versions.ml)
  })
  return model.finish()
}

function transformNodes(graph: BinaryWriter, transform: Transform, margin: string): void {
  const add = (
    operator: string,
    inputs: readonly string[],
    output: string,
    more = (_: BinaryWriter): void => {},
  ) =>
    message(graph, 1, (node) => {
      for (const input of inputs) text(node, 1, input)
      text(node, 2, output)
      text(node, 3, `${transform} ${operator}`)
      text(node, 4, operator)
      more(node)
    })
  if (transform === 'sigmoid') add('Sigmoid', [margin], OUTPUT_NAME)
  if (transform === 'exp') add('Exp', [margin], OUTPUT_NAME)
  if (transform !== 'step') return
  add('Greater', [margin, 'zero'], 'positive')
  add('Cast', ['positive'], OUTPUT_NAME, (node) => attribute.int(node, 'to', 1))
  message(graph, 5, (tensor) => {
    vector(tensor, Float32Array.of(0))
    text(tensor, 8, 'zero')
  })
}

function singleLeaf(value: number): Tree {
  return {
    left: Int32Array.of(-1),
    right: Int32Array.of(-1),
    feature: Int32Array.of(0),
    threshold: Float32Array.of(value),
    defaultLeft: Uint8Array.of(0),
  }
}
