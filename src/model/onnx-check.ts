import { RankerError } from '../errors.ts'
import { intsOf, numbersOf, textsOf } from './onnx-attributes.ts'
import type { OnnxModel, OnnxNode } from './onnx-reader.ts'
import { Widths } from './onnx-widths.ts'

/** `nodes_modes` of a TreeEnsemble: membership of a set. */
const BRANCH_MEMBER = 6

const CHECKS: Readonly<Record<string, (node: OnnxNode, width: number) => void>> = {
  TreeEnsembleRegressor: (node, width) => checkNodes(node, width, 'target'),
  TreeEnsembleClassifier: (node, width) => checkNodes(node, width, 'class'),
  TreeEnsemble: checkBranches,
}

/** A fault in an ensemble. */
class Defect extends Error {}

function refuse(reason: string): never {
  throw new Defect(reason)
}

/**
 * Checks the tree ensembles of a model for faults that ONNX Runtime opens without an error: leaves that are not
 * finite, features past the width of the input (it reads whatever memory is there), cycles (it never ends).
 * @throws {RankerError} MODEL_DAMAGED, MODEL_UNSUPPORTED.
 */
export function checkTrees(model: OnnxModel, file: string): void {
  const widths = new Widths(model)
  for (const node of model.nodes) {
    const check = CHECKS[node.operator]
    if (!check) continue
    const width = widths.of(node.inputs[0])
    if (width === undefined) {
      const reason = `its ${node.operator} reads a tensor whose width the graph does not tell`
      throw new RankerError('MODEL_UNSUPPORTED', { file, reason })
    }
    try {
      check(node, width)
    } catch (cause) {
      const reason = cause instanceof Defect ? cause.message : `its ${node.operator} cannot be decoded`
      throw new RankerError('MODEL_DAMAGED', { file, reason }, { cause })
    }
  }
}

/** The features that a TreeEnsemble looks up in sets. In this product's own graphs these are codes of categories. */
export function setFeatures(model: OnnxModel): number[] {
  const features = new Set<number>()
  for (const node of model.nodes.filter(({ operator }) => operator === 'TreeEnsemble')) {
    const ids = intsOf(node, 'nodes_featureids')
    const modes = numbersOf(node, 'nodes_modes')
    for (let at = 0; at < ids.length; at++) if (modes[at] === BRANCH_MEMBER) features.add(ids[at]!)
  }
  return [...features].sort((a, b) => a - b)
}

/** The children of each node by their index in a list; -1 for no child. */
interface Links {
  readonly roots: readonly number[]
  readonly left: Int32Array
  readonly right: Int32Array
  readonly nameOf: (at: number) => string
}

/**
 * A TreeEnsembleRegressor or TreeEnsembleClassifier: nodes and leaves are identified by tree number and node number.
 */
function checkNodes(node: OnnxNode, width: number, kind: 'target' | 'class'): void {
  const trees = intsOf(node, 'nodes_treeids')
  const ids = intsOf(node, 'nodes_nodeids')
  const features = intsOf(node, 'nodes_featureids')
  const values = eitherOf(node, 'nodes_values')
  const { indices: modes, texts } = textsOf(node, 'nodes_modes')
  const whenTrue = intsOf(node, 'nodes_truenodeids')
  const whenFalse = intsOf(node, 'nodes_falsenodeids')
  checkLengths(node, [trees, ids, features, values, modes, whenTrue, whenFalse])

  const { roots, find } = indexNodes(trees, ids)
  const left = new Int32Array(trees.length).fill(-1)
  const right = new Int32Array(trees.length).fill(-1)
  const nameOf = (at: number) => `tree ${trees[at]} node ${ids[at]}`
  const leaf = texts.indexOf('LEAF')
  const isLeaf = (at: number) => modes[at] === leaf
  for (let at = 0; at < trees.length; at++) {
    if (isLeaf(at)) continue
    checkSplit(nameOf, at, features[at]!, values[at]!, width)
    left[at] = find(trees[at]!, whenTrue[at]!)
    right[at] = find(trees[at]!, whenFalse[at]!)
    if (left[at]! < 0 || right[at]! < 0) refuse(`${nameOf(at)} leads to a node that is not there`)
  }
  const lost = walk({ roots, left, right, nameOf }).indexOf(0)
  if (lost >= 0) refuse(`${nameOf(lost)} cannot be reached from the node that is listed first`)

  const leafTrees = intsOf(node, `${kind}_treeids`)
  const leafNodes = intsOf(node, `${kind}_nodeids`)
  const weights = eitherOf(node, `${kind}_weights`)
  if (leafTrees.length !== leafNodes.length || leafTrees.length !== weights.length) {
    refuse('the lists of its leaves differ in length')
  }
  for (let at = 0; at < leafTrees.length; at++) {
    const place = find(leafTrees[at]!, leafNodes[at]!)
    if (place < 0 || !isLeaf(place)) refuse(`tree ${leafTrees[at]} has no leaf ${leafNodes[at]}`)
  }
  checkFinite('leaf', weights)
  checkFinite('base value', eitherOf(node, 'base_values'))
}

/** The values of an attribute of floats, or of its twin for doubles. */
function eitherOf(node: OnnxNode, name: string): ArrayLike<number> {
  const floats = numbersOf(node, name)
  return floats.length > 0 ? floats : numbersOf(node, `${name}_as_tensor`)
}

interface NodeIndex {
  /** The index of each tree's root. The runtime takes the node that is listed first. */
  readonly roots: readonly number[]
  /** The index of a tree's node; -1 if it is not listed. */
  readonly find: (tree: number, id: number) => number
}

function indexNodes(trees: ArrayLike<number>, ids: ArrayLike<number>): NodeIndex {
  // Most exporters list one tree after the other and number nodes from 0: then no map of all nodes is needed.
  const firsts = new Map<number, number>()
  for (let at = 0; at < trees.length; at++) {
    if (at > 0 && trees[at] === trees[at - 1] && ids[at] === ids[at - 1]! + 1) continue
    if (ids[at] !== 0 || firsts.has(trees[at]!)) return mapNodes(trees, ids)
    firsts.set(trees[at]!, at)
  }
  const find = (tree: number, id: number) => {
    const at = (firsts.get(tree) ?? Number.NaN) + id
    return id >= 0 && trees[at] === tree ? at : -1
  }
  return { roots: [...firsts.values()], find }
}

function mapNodes(trees: ArrayLike<number>, ids: ArrayLike<number>): NodeIndex {
  const places = new Map<number, Map<number, number>>()
  for (let at = 0; at < trees.length; at++) {
    const inTree = places.get(trees[at]!) ?? new Map<number, number>()
    if (inTree.has(ids[at]!)) refuse(`tree ${trees[at]} has two nodes ${ids[at]}`)
    places.set(trees[at]!, inTree.set(ids[at]!, at))
  }
  return {
    roots: [...places.values()].map((inTree) => inTree.values().next().value!),
    find: (tree, id) => places.get(tree)?.get(id) ?? -1,
  }
}

/** A TreeEnsemble: branches and leaves are identified by their index in two lists. */
function checkBranches(node: OnnxNode, width: number): void {
  const features = intsOf(node, 'nodes_featureids')
  const splits = numbersOf(node, 'nodes_splits')
  const modes = numbersOf(node, 'nodes_modes')
  const leaves = numbersOf(node, 'leaf_weights')
  const roots = Array.from(intsOf(node, 'tree_roots'))
  checkLengths(node, [features, splits, modes])
  const nameOf = (at: number) => `node ${at}`
  const linksOf = (way: 'true' | 'false') => {
    const ids = intsOf(node, `nodes_${way}nodeids`)
    const leads = intsOf(node, `nodes_${way}leafs`)
    checkLengths(node, [features, ids, leads])
    return Int32Array.from(ids, (id, at) => {
      const isLeaf = leads[at] !== 0
      if (!(id >= 0 && id < (isLeaf ? leaves : features).length))
        refuse(`${nameOf(at)} leads to ${id}, which is not there`)
      return isLeaf ? -1 : id
    })
  }
  for (let at = 0; at < features.length; at++) {
    checkSplit(nameOf, at, features[at]!, modes[at] === BRANCH_MEMBER ? 0 : splits[at]!, width)
  }
  for (const root of roots)
    if (!(root >= 0 && root < features.length)) refuse(`its root ${root} is not there`)
  walk({ roots, left: linksOf('true'), right: linksOf('false'), nameOf })
  checkFinite('leaf', leaves)
  const sets = Array.from(numbersOf(node, 'membership_values')).filter(Number.isNaN).length
  const wanted = Array.from(modes).filter((mode) => mode === BRANCH_MEMBER).length
  if (sets !== wanted) refuse(`it has ${sets} sets of members for ${wanted} nodes`)
}

function checkLengths(node: OnnxNode, lists: readonly ArrayLike<unknown>[]): void {
  const missing = intsOf(node, 'nodes_missing_value_tracks_true')
  const all = missing.length > 0 ? [...lists, missing] : lists
  if (all.some((list) => list.length !== lists[0]!.length)) refuse('the lists of its nodes differ in length')
}

/**
 * Visits the trees below the roots and marks the nodes that it finds; a node found twice is in a cycle or in two
 * trees.
 */
function walk({ roots, left, right, nameOf }: Links): Uint8Array {
  const reached = new Uint8Array(left.length)
  const open = [...roots]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached[at] === 1) refuse(`${nameOf(at)} is reached twice`)
    reached[at] = 1
    if (left[at]! >= 0) open.push(left[at]!)
    if (right[at]! >= 0) open.push(right[at]!)
  }
  return reached
}

function checkSplit(
  nameOf: Links['nameOf'],
  at: number,
  feature: number,
  value: number,
  width: number,
): void {
  if (!(feature >= 0 && feature < width))
    refuse(`${nameOf(at)} reads feature ${feature}, and its input has ${width}`)
  if (Number.isNaN(value)) refuse(`${nameOf(at)} compares with NaN`)
}

function checkFinite(what: string, values: ArrayLike<number>): void {
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(values[at])) refuse(`${what} ${at} is ${values[at]}, wanted a finite number`)
  }
}
