import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Forest, Transform, Tree } from './forest.ts'

/**
 * Versions written: `ai.onnx.ml` 3 has the TreeEnsembleRegressor that every runtime of the last years knows.
 * Field numbers below are those of onnx/onnx `onnx/onnx.proto`.
 */
const IR_VERSION = 8
const OPSET = 17
const ML_OPSET = 3

const FLOAT = 1
const AttributeType = { FLOATS: 6, INT: 2, INTS: 7, STRING: 3, STRINGS: 8 } as const

/** Name of the graph's input, float32 of shape [rows, features]. */
export const INPUT_NAME = 'features'
/** Name of the graph's output, float32 of shape [rows, 1]. */
export const OUTPUT_NAME = 'score'

/** Name of the constant 1. */
const ONE = 'one'

/**
 * The operators from the margin to the score. A probability is 1 / (1 + e^-margin), step by step: ONNX Runtime's
 * Sigmoid is near it by 1e-7 only, so that small ones, such as rates of clicks, would be mostly noise.
 */
const TRANSFORM_STEPS: Readonly<Record<Transform, readonly string[]>> = {
  identity: [],
  sigmoid: ['Neg', 'Exp', 'Add', 'Reciprocal'],
  exp: ['Exp'],
  step: ['Sign', 'Relu'],
}

/**
 * Writes a forest as an ONNX model: one float32 input of shape [rows, width], one float32 output of shape [rows, 1]
 * that equals XGBoost's `predict()`.
 *
 * The base score is the first tree, a single leaf: a runtime that adds the trees one after the other then makes the
 * very float32 additions that XGBoost makes, and gives the same bits. (As `base_values` it would be added last.)
 */
export function writeOnnx(forest: Forest, producer: { name: string; version: string }): Uint8Array {
  const model = new BinaryWriter()
  int(model, 1, IR_VERSION)
  text(model, 2, producer.name)
  text(model, 3, producer.version)
  message(model, 7, (graph) => {
    const steps = TRANSFORM_STEPS[forest.transform]
    const names = [...steps.map((_, step) => (step === 0 ? 'margin' : `step_${step}`)), OUTPUT_NAME]
    message(graph, 1, (node) => treeEnsemble(node, forest, names[0]!))
    for (const [step, operator] of steps.entries()) {
      message(graph, 1, (node) => {
        text(node, 1, names[step]!)
        if (operator === 'Add') text(node, 1, ONE)
        text(node, 2, names[step + 1]!)
        text(node, 3, `transform_${operator.toLowerCase()}`)
        text(node, 4, operator)
      })
    }
    text(graph, 2, 'ranker')
    if (steps.includes('Add')) message(graph, 5, (tensor) => scalar(tensor, ONE, 1))
    message(graph, 11, (value) => valueInfo(value, INPUT_NAME, forest.width))
    message(graph, 12, (value) => valueInfo(value, OUTPUT_NAME, 1))
  })
  message(model, 8, (opset) => {
    text(opset, 1, '')
    int(opset, 2, OPSET)
  })
  message(model, 8, (opset) => {
    text(opset, 1, 'ai.onnx.ml')
    int(opset, 2, ML_OPSET)
  })
  return model.finish()
}

function treeEnsemble(node: BinaryWriter, forest: Forest, output: string): void {
  const trees = [singleLeaf(forest.base), ...forest.trees]
  text(node, 1, INPUT_NAME)
  text(node, 2, output)
  text(node, 3, 'forest')
  text(node, 4, 'TreeEnsembleRegressor')
  text(node, 7, 'ai.onnx.ml')

  const each = (pick: (tree: Tree, node: number, index: number) => number): number[] =>
    trees.flatMap((tree, index) => Array.from(tree.left, (_, node) => pick(tree, node, index)))
  const branch = (pick: (tree: Tree, node: number) => number) =>
    each((tree, node) => (tree.left[node] === -1 ? 0 : pick(tree, node)))
  ints(
    node,
    'nodes_treeids',
    each((_, __, index) => index),
  )
  ints(
    node,
    'nodes_nodeids',
    each((_, node) => node),
  )
  ints(
    node,
    'nodes_featureids',
    branch((tree, node) => tree.feature[node]!),
  )
  floats(
    node,
    'nodes_values',
    branch((tree, node) => tree.threshold[node]!),
  )
  ints(
    node,
    'nodes_truenodeids',
    branch((tree, node) => tree.left[node]!),
  )
  ints(
    node,
    'nodes_falsenodeids',
    branch((tree, node) => tree.right[node]!),
  )
  ints(
    node,
    'nodes_missing_value_tracks_true',
    branch((tree, node) => tree.defaultLeft[node]!),
  )
  strings(
    node,
    'nodes_modes',
    trees.flatMap((tree) => Array.from(tree.left, (child) => (child === -1 ? 'LEAF' : 'BRANCH_LT'))),
  )

  const leaf = (pick: (tree: Tree, node: number, index: number) => number) =>
    trees.flatMap((tree, index) =>
      Array.from(tree.left.keys())
        .filter((node) => tree.left[node] === -1)
        .map((node) => pick(tree, node, index)),
    )
  ints(
    node,
    'target_treeids',
    leaf((_, __, index) => index),
  )
  ints(
    node,
    'target_nodeids',
    leaf((_, node) => node),
  )
  ints(
    node,
    'target_ids',
    leaf(() => 0),
  )
  floats(
    node,
    'target_weights',
    leaf((tree, node) => tree.threshold[node]!),
  )
  attribute(node, 'n_targets', AttributeType.INT, (body) => int(body, 3, 1))
  attribute(node, 'aggregate_function', AttributeType.STRING, (body) => text(body, 4, 'SUM'))
  attribute(node, 'post_transform', AttributeType.STRING, (body) => text(body, 4, 'NONE'))
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

function valueInfo(value: BinaryWriter, name: string, columns: number): void {
  text(value, 1, name)
  message(value, 2, (type) =>
    message(type, 1, (tensor) => {
      int(tensor, 1, FLOAT)
      message(tensor, 2, (shape) => {
        message(shape, 1, (dimension) => text(dimension, 2, 'rows'))
        message(shape, 1, (dimension) => int(dimension, 1, columns))
      })
    }),
  )
}

function scalar(tensor: BinaryWriter, name: string, value: number): void {
  int(tensor, 2, FLOAT)
  tensor.tag(4, WireType.LengthDelimited).fork().float(value).join()
  text(tensor, 8, name)
}

function attribute(
  node: BinaryWriter,
  name: string,
  type: number,
  write: (body: BinaryWriter) => void,
): void {
  message(node, 5, (body) => {
    text(body, 1, name)
    write(body)
    int(body, 20, type)
  })
}

function ints(node: BinaryWriter, name: string, values: readonly number[]): void {
  attribute(node, name, AttributeType.INTS, (body) => {
    body.tag(8, WireType.LengthDelimited).fork()
    for (const value of values) body.int64(value)
    body.join()
  })
}

function floats(node: BinaryWriter, name: string, values: readonly number[]): void {
  attribute(node, name, AttributeType.FLOATS, (body) => {
    body.tag(7, WireType.LengthDelimited).fork()
    for (const value of values) body.float(value)
    body.join()
  })
}

function strings(node: BinaryWriter, name: string, values: readonly string[]): void {
  attribute(node, name, AttributeType.STRINGS, (body) => {
    for (const value of values) text(body, 9, value)
  })
}

function message(writer: BinaryWriter, field: number, write: (body: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value)
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value)
}
