import type { Forest, Transform, Tree } from './forest.ts'
import { intsOf, numbersOf, type Texts, textOf, textsOf } from './onnx-attributes.ts'
import type { OnnxModel, OnnxNode } from './onnx-reader.ts'
import { readTreeEnsemble } from './onnx-tree-ensemble.ts'
import { TRANSFORM_STEPS } from './onnx-writer.ts'

/** Why a graph cannot be read as a forest: the log gives it as the reason for using the general runtime. */
class Other extends Error {}

function other(reason: string): never {
  throw new Other(reason)
}

/**
 * Reads a graph as a forest if it is one: a TreeEnsembleRegressor or TreeEnsemble of one target that sums its leaves,
 * followed by nothing but one of our transforms. Other comparisons than "less" are turned into it, which changes no
 * row's path. Each tree's nodes keep the order in which they are listed, root first.
 * @param model checked by `checkTrees`
 * @returns the forest, or the reason why it is not one
 */
export function readOnnxForest(model: OnnxModel): Forest | string {
  try {
    const [ensemble, ...steps] = model.nodes
    const read = READERS[ensemble?.operator ?? '']
    if (!ensemble || !read) return `its first operator is ${ensemble?.operator}`
    const width = model.widths.get(ensemble.inputs[0] ?? '') ?? other('the width of its input is not told')
    const transform = transformOf(ensemble, steps, model.outputs)
    return { width, transform, featureNames: [], ...read(ensemble) }
  } catch (thrown) {
    if (thrown instanceof Other) return thrown.message
    throw thrown
  }
}

const READERS: Readonly<Record<string, (ensemble: OnnxNode) => Pick<Forest, 'base' | 'trees'>>> = {
  TreeEnsembleRegressor: readRegressor,
  TreeEnsemble: (ensemble) => withBase(0, readTreeEnsemble(ensemble, other)),
}

/**
 * This product's writer stores the base score as a tree with a single leaf, so it is taken out of the trees again;
 * the graph's own base is 0 then.
 */
function withBase(base: number, trees: readonly Tree[]): Pick<Forest, 'base' | 'trees'> {
  const [first] = trees
  if (base !== 0 || !first) return { base, trees }
  const { left, right, threshold } = first
  if (left.length === 1) return { base: threshold[0]!, trees: trees.slice(1) }
  const isLeaf = left.length === 3 && Object.is(threshold[left[0]!], threshold[right[0]!])
  return isLeaf ? { base: threshold[left[0]!]!, trees: trees.slice(1) } : { base, trees }
}

function transformOf(ensemble: OnnxNode, steps: readonly OnnxNode[], outputs: readonly string[]): Transform {
  let [tensor] = ensemble.outputs
  for (const { inputs, outputs } of steps) {
    if (inputs[0] !== tensor) other('its operators are no chain')
    tensor = outputs[0]
  }
  if (outputs.length !== 1 || outputs[0] !== tensor) other('it has other outputs')
  const operators = steps
    .map(({ operator }) => operator)
    .filter((operator) => operator !== 'Identity')
    .join()
  const found = Object.entries(TRANSFORM_STEPS).find(
    ([, known]) => known.map(({ operator }) => operator).join() === operators,
  )
  return (found?.[0] as Transform | undefined) ?? other(`its scores pass ${operators}`)
}

function readRegressor(ensemble: OnnxNode): Pick<Forest, 'base' | 'trees'> {
  if (intsOf(ensemble, 'n_targets')[0] !== 1) other('it has several targets')
  const aggregate = textOf(ensemble, 'aggregate_function') ?? 'SUM'
  if (aggregate !== 'SUM') other(`its leaves are put together by ${aggregate}`)
  const transform = textOf(ensemble, 'post_transform') ?? 'NONE'
  if (transform !== 'NONE') other(`its sums pass ${transform}`)
  for (const name of ['nodes_values', 'target_weights', 'base_values']) {
    if (ensemble.attributes.has(`${name}_as_tensor`)) other('its numbers are doubles')
  }
  const bases = numbersOf(ensemble, 'base_values')
  return withBase(bases[0] ?? 0, eachTree(ensemble))
}

function eachTree(ensemble: OnnxNode): Tree[] {
  const treeIds = intsOf(ensemble, 'nodes_treeids')
  const ids = intsOf(ensemble, 'nodes_nodeids')
  const lists = {
    features: intsOf(ensemble, 'nodes_featureids'),
    values: numbersOf(ensemble, 'nodes_values'),
    modes: textsOf(ensemble, 'nodes_modes'),
    whenTrue: intsOf(ensemble, 'nodes_truenodeids'),
    whenFalse: intsOf(ensemble, 'nodes_falsenodeids'),
    missingIsTrue: intsOf(ensemble, 'nodes_missing_value_tracks_true'),
  }
  const trees: Tree[] = []
  const starts = new Map<number, number>()
  for (let start = 0, end = 0; start < ids.length; start = end) {
    while (end < ids.length && treeIds[end] === treeIds[start]) {
      if (ids[end] !== end - start) other('its nodes are not numbered in order')
      end++
    }
    if (starts.has(treeIds[start]!)) other('the nodes of a tree are not side by side')
    starts.set(treeIds[start]!, trees.length)
    trees.push(readTree(lists, start, end))
  }
  setLeaves(ensemble, trees, starts)
  return trees
}

interface NodeLists {
  readonly features: ArrayLike<number>
  readonly values: ArrayLike<number>
  readonly modes: Texts
  readonly whenTrue: ArrayLike<number>
  readonly whenFalse: ArrayLike<number>
  /** Empty if the graph does not say; then no missing value follows the true branch. */
  readonly missingIsTrue: ArrayLike<number>
}

function readTree(lists: NodeLists, start: number, end: number): Tree {
  const { features, values, modes, whenTrue, whenFalse, missingIsTrue } = lists
  const count = end - start
  const left = new Int32Array(count).fill(-1)
  const right = new Int32Array(count).fill(-1)
  const feature = new Int32Array(count)
  const threshold = new Float32Array(count)
  const defaultLeft = new Uint8Array(count)
  for (let node = 0; node < count; node++) {
    const at = start + node
    const mode = modes.texts[modes.indices[at]!]!
    if (mode === 'LEAF') continue
    // "Not greater" is "less or equal", and that is "less than the next number".
    const isLess = mode === 'BRANCH_LT' || mode === 'BRANCH_LEQ'
    if (!isLess && mode !== 'BRANCH_GT' && mode !== 'BRANCH_GTE') other(`it has nodes of the mode ${mode}`)
    feature[node] = features[at]!
    threshold[node] = mode === 'BRANCH_LEQ' || mode === 'BRANCH_GT' ? next(values[at]!) : values[at]!
    left[node] = (isLess ? whenTrue : whenFalse)[at]!
    right[node] = (isLess ? whenFalse : whenTrue)[at]!
    defaultLeft[node] = (missingIsTrue[at] === 1) === isLess ? 1 : 0
  }
  return { left, right, feature, threshold, defaultLeft }
}

function setLeaves(ensemble: OnnxNode, trees: readonly Tree[], starts: ReadonlyMap<number, number>): void {
  const leafTrees = intsOf(ensemble, 'target_treeids')
  const leafNodes = intsOf(ensemble, 'target_nodeids')
  const targets = intsOf(ensemble, 'target_ids')
  const weights = numbersOf(ensemble, 'target_weights')
  const leaves = trees.reduce((sum, { left }) => sum + left.filter((child) => child === -1).length, 0)
  if (weights.length !== leaves) other('its leaves have not one value each')
  const given = trees.map(({ left }) => new Uint8Array(left.length))
  for (let at = 0; at < leaves; at++) {
    const tree = starts.get(leafTrees[at]!)!
    const node = leafNodes[at]!
    if (targets[at] !== 0 || given[tree]![node] === 1) other('its leaves have not one value each')
    given[tree]![node] = 1
    trees[tree]!.threshold[node] = weights[at]!
  }
}

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The least float32 above this one. */
function next(value: number): number {
  if (value === Number.POSITIVE_INFINITY) other('it compares with infinity')
  if (value === 0) return 2 ** -149
  float[0] = value
  bits[0]! += value > 0 ? 1 : -1
  return float[0]
}
