/** How the sum over the trees becomes the score; `step` is 1 above 0, else 0. */
export type Transform = 'identity' | 'sigmoid' | 'exp' | 'step'

/**
 * A regression tree as arrays over its nodes; node 0 is the root. A leaf has `left[node] === -1` and its value, with
 * the learning rate in it, in `threshold[node]`.
 */
export interface Tree {
  readonly left: Int32Array
  readonly right: Int32Array
  readonly feature: Int32Array
  /** A row goes left when its value is less than this; at a leaf, the leaf's value. */
  readonly threshold: Float32Array
  /**
   * For nodes that split on a category, by node: the codes that go right. All other codes go left. Absent in a tree
   * without such nodes.
   */
  readonly categories?: ReadonlyMap<number, ReadonlySet<number>>
  /** 1 where a missing value goes left. */
  readonly defaultLeft: Uint8Array
  /** Sum of hessians that reached the node in training; absent in models that do not carry it. */
  readonly cover?: Float32Array
}

/** A gradient-boosted forest: what a model file holds, whatever its format. */
export interface Forest {
  /** Features a row has. */
  readonly width: number
  /** Where the sum starts, on the margin's scale. */
  readonly base: number
  readonly transform: Transform
  readonly trees: readonly Tree[]
  /** Empty when the file names none. */
  readonly featureNames: readonly string[]
}

/**
 * The plain predictor: XGBoost's `predict()` of one row, for tests and checks. Sums float32 in tree order from the base,
 * as XGBoost's CPU predictor does (`src/predictor/cpu_predictor.cc`).
 * @param row `width` values, NaN is missing.
 */
export function predictRow(forest: Forest, row: ArrayLike<number>): number {
  let sum = Math.fround(forest.base)
  for (const tree of forest.trees) sum = Math.fround(sum + leafValue(tree, row))
  return applyTransform(forest.transform, sum)
}

function leafValue(tree: Tree, row: ArrayLike<number>): number {
  let node = 0
  while (tree.left[node] !== -1) {
    node = goesLeft(tree, node, row[tree.feature[node]!]!) ? tree.left[node]! : tree.right[node]!
  }
  return tree.threshold[node]!
}

/** Whether a value goes left at an inner node. */
export function goesLeft(tree: Tree, node: number, value: number): boolean {
  if (Number.isNaN(value)) return tree.defaultLeft[node] === 1
  const right = tree.categories?.get(node)
  return right ? !right.has(value) : value < tree.threshold[node]!
}

export function applyTransform(transform: Transform, margin: number): number {
  switch (transform) {
    case 'identity':
      return margin
    case 'sigmoid':
      return Math.fround(1 / (1 + Math.exp(-margin)))
    case 'exp':
      return Math.fround(Math.exp(margin))
    case 'step':
      return margin > 0 ? 1 : 0
  }
}
