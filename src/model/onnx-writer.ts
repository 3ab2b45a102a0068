import { BinaryWriter } from '@bufbuild/protobuf/wire'
import type { Forest, Transform, Tree } from './forest.ts'
import { floatMatrix, int, message, scalar, text } from './onnx-fields.ts'
import { treeEnsemble, treeEnsembleRegressor } from './onnx-trees.ts'

/**
 * Versions written. `ai.onnx.ml` 3 has the TreeEnsembleRegressor that every runtime of recent years knows; splits on
 * categories need the TreeEnsemble of version 5. Field numbers below are those of onnx/onnx `onnx/onnx.proto`.
 */
const NUMERIC = { ir: 8, opset: 17, ml: 3 }
const CATEGORICAL = { ir: 10, opset: 21, ml: 5 }

/** Name of the graph's input, float32 of shape [rows, features]. */
const INPUT_NAME = 'features'
/** Name of the graph's output, float32 of shape [rows, 1]. */
const OUTPUT_NAME = 'score'

/** An operator from the margin to the score, with a constant for its second input. */
interface Step {
  readonly operator: string
  readonly constant?: number
}

/**
 * A probability is 1 / (1 + e^-margin), step by step: ONNX Runtime's Sigmoid is only accurate to 1e-7, so that small
 * probabilities, such as click rates, would be mostly noise.
 */
export const TRANSFORM_STEPS: Readonly<Record<Transform, readonly Step[]>> = {
  identity: [],
  sigmoid: [
    { operator: 'Neg' },
    { operator: 'Exp' },
    { operator: 'Add', constant: 1 },
    { operator: 'Reciprocal' },
  ],
  exp: [{ operator: 'Exp' }],
  step: [{ operator: 'Sign' }, { operator: 'Relu' }],
}

/**
 * Writes a forest as an ONNX model: one float32 input of shape [rows, width], and one float32 output of shape [rows,
 * 1] that equals XGBoost's `predict()`. The base score is the first tree, a single leaf: a runtime that sums the
 * trees in order then makes the same float32 additions as XGBoost, and gives the same bits. (As `base_values` it
 * would be added last.)
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
    const steps = TRANSFORM_STEPS[forest.transform]
    const names = [...steps.map((_, step) => (step === 0 ? 'margin' : `step_${step}`)), OUTPUT_NAME]
    message(graph, 1, (node) => {
      text(node, 1, INPUT_NAME)
      text(node, 2, names[0]!)
      text(node, 3, 'forest')
      text(node, 4, isNumeric ? 'TreeEnsembleRegressor' : 'TreeEnsemble')
      text(node, 7, 'ai.onnx.ml')
      const write = isNumeric ? treeEnsembleRegressor : treeEnsemble
      write(node, trees)
    })
    for (const [step, { operator, constant }] of steps.entries()) {
      message(graph, 1, (node) => {
        text(node, 1, names[step]!)
        if (constant !== undefined) text(node, 1, `constant_${step}`)
        text(node, 2, names[step + 1]!)
        text(node, 3, `transform_${operator.toLowerCase()}`)
        text(node, 4, operator)
      })
    }
    text(graph, 2, 'ranker')
    for (const [step, { constant }] of steps.entries()) {
      if (constant !== undefined) message(graph, 5, (tensor) => scalar(tensor, `constant_${step}`, constant))
    }
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

function singleLeaf(value: number): Tree {
  return {
    left: Int32Array.of(-1),
    right: Int32Array.of(-1),
    feature: Int32Array.of(0),
    threshold: Float32Array.of(value),
    defaultLeft: Uint8Array.of(0),
  }
}
