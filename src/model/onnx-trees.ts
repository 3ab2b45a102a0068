import type { BinaryWriter } from '@bufbuild/protobuf/wire'
import type { Tree } from './forest.ts'
import { attribute } from './onnx-fields.ts'

/** Writes the attributes of a TreeEnsembleRegressor: the nodes of all trees in one list each, leaves among them. */
export function treeEnsembleRegressor(node: BinaryWriter, trees: readonly Tree[]): void {
  const each = (pick: (tree: Tree, node: number, index: number) => number): number[] =>
    trees.flatMap((tree, index) => Array.from(tree.left, (_, node) => pick(tree, node, index)))
  const isLeaf = each((tree, node) => (tree.left[node] === -1 ? 1 : 0))
  const branch = (pick: (tree: Tree) => ArrayLike<number>) =>
    each((tree, node) => (tree.left[node] === -1 ? 0 : pick(tree)[node]!))
  const leaf = (values: readonly number[]) => values.filter((_, at) => isLeaf[at] === 1)
  const treeIds = each((_, __, index) => index)
  const nodeIds = each((_, node) => node)

  attribute.ints(node, 'nodes_treeids', treeIds)
  attribute.ints(node, 'nodes_nodeids', nodeIds)
  attribute.ints(
    node,
    'nodes_featureids',
    branch((tree) => tree.feature),
  )
  attribute.floats(
    node,
    'nodes_values',
    branch((tree) => tree.threshold),
  )
  attribute.ints(
    node,
    'nodes_truenodeids',
    branch((tree) => tree.left),
  )
  attribute.ints(
    node,
    'nodes_falsenodeids',
    branch((tree) => tree.right),
  )
  attribute.ints(
    node,
    'nodes_missing_value_tracks_true',
    branch((tree) => tree.defaultLeft),
  )
  attribute.strings(
    node,
    'nodes_modes',
    isLeaf.map((one) => (one === 1 ? 'LEAF' : 'BRANCH_LT')),
  )
  attribute.ints(node, 'target_treeids', leaf(treeIds))
  attribute.ints(node, 'target_nodeids', leaf(nodeIds))
  attribute.ints(
    node,
    'target_ids',
    leaf(treeIds).map(() => 0),
  )
  attribute.floats(node, 'target_weights', leaf(each((tree, node) => tree.threshold[node]!)))
  attribute.int(node, 'n_targets', 1)
  attribute.string(node, 'aggregate_function', 'SUM')
  attribute.string(node, 'post_transform', 'NONE')
}

/** `nodes_modes` of a TreeEnsemble. */
const BRANCH_LT = 1
const BRANCH_MEMBER = 6
/** The member of a set that would otherwise be empty: no category has such a code, and hardly any other value. */
const NO_CATEGORY = -(2 ** 24)

/**
 * Writes the attributes of a TreeEnsemble: the branches of all trees in one list, and all leaves in another. XGBoost
 * lists the categories that go right, so the true branch of such a split is the right one.
 */
export function treeEnsemble(node: BinaryWriter, trees: readonly Tree[]): void {
  const roots: number[] = []
  const features: number[] = []
  const splits: number[] = []
  const modes: number[] = []
  const members: number[] = []
  const missingIsTrue: number[] = []
  const leaves: number[] = []
  const whenTrue = { ids: [] as number[], areLeaves: [] as number[] }
  const whenFalse = { ids: [] as number[], areLeaves: [] as number[] }

  for (const tree of trees) {
    const branches = branchesOf(tree)
    const first = features.length
    const places = new Map(branches.map((branch, index) => [branch, first + index]))
    const link = (to: typeof whenTrue, child: number) => {
      const isLeaf = tree.left[child] === -1
      to.areLeaves.push(isLeaf ? 1 : 0)
      to.ids.push(isLeaf ? leaves.push(tree.threshold[child]!) - 1 : places.get(child)!)
    }
    roots.push(first)
    for (const branch of branches) {
      const categories = tree.categories?.get(branch)
      const isLeaf = tree.left[branch] === -1
      const [left, right] = isLeaf ? [branch, branch] : [tree.left[branch]!, tree.right[branch]!]
      features.push(tree.feature[branch]!)
      splits.push(categories || isLeaf ? 0 : tree.threshold[branch]!)
      modes.push(categories ? BRANCH_MEMBER : BRANCH_LT)
      if (categories) members.push(...(categories.size > 0 ? categories : [NO_CATEGORY]), Number.NaN)
      missingIsTrue.push(categories ? 1 - tree.defaultLeft[branch]! : tree.defaultLeft[branch]!)
      link(whenTrue, categories ? right : left)
      link(whenFalse, categories ? left : right)
    }
  }

  attribute.ints(node, 'tree_roots', roots)
  attribute.ints(node, 'nodes_featureids', features)
  attribute.tensor(node, 'nodes_splits', Float32Array.from(splits))
  attribute.tensor(node, 'nodes_modes', Uint8Array.from(modes))
  attribute.tensor(node, 'membership_values', Float32Array.from(members))
  attribute.ints(node, 'nodes_missing_value_tracks_true', missingIsTrue)
  attribute.ints(node, 'nodes_truenodeids', whenTrue.ids)
  attribute.ints(node, 'nodes_trueleafs', whenTrue.areLeaves)
  attribute.ints(node, 'nodes_falsenodeids', whenFalse.ids)
  attribute.ints(node, 'nodes_falseleafs', whenFalse.areLeaves)
  attribute.ints(
    node,
    'leaf_targetids',
    leaves.map(() => 0),
  )
  attribute.tensor(node, 'leaf_weights', Float32Array.from(leaves))
  attribute.int(node, 'n_targets', 1)
  attribute.int(node, 'aggregate_function', 1)
  attribute.int(node, 'post_transform', 0)
}

/**
 * A tree's branches, each before those below it. A tree with a single leaf becomes a branch that leads to it either
 * way.
 */
function branchesOf(tree: Tree): number[] {
  if (tree.left[0] === -1) return [0]
  const branches = [0]
  for (let index = 0; index < branches.length; index++) {
    const branch = branches[index]!
    for (const child of [tree.left[branch]!, tree.right[branch]!])
      if (tree.left[child] !== -1) branches.push(child)
  }
  return branches
}
