import * as z from 'zod'
import { RankerError } from '../errors.ts'
import type { Tree } from './forest.ts'

/** An array of numbers: of JSON, or typed as UBJSON has it. */
export const numbers = z.custom<ArrayLike<number>>(
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
  'wanted an array of numbers',
)

/** A tree of XGBoost's model file: arrays over its nodes, and the categories of those that split on them. */
export const treeSchema = z.object({
  left_children: numbers,
  right_children: numbers,
  split_indices: numbers,
  split_conditions: numbers,
  default_left: numbers,
  split_type: numbers.optional(),
  sum_hessian: numbers.optional(),
  categories_nodes: numbers.optional(),
  categories_segments: numbers.optional(),
  categories_sizes: numbers.optional(),
  categories: numbers.optional(),
})

export type XGBoostTree = z.infer<typeof treeSchema>

/** Where a tree came from, for errors, and the factor of its leaves (dart). */
export interface TreeOrigin {
  readonly index: number
  readonly width: number
  readonly file: string
  readonly weight: number
}

/** XGBoost's `split_type` of a node that splits on categories. */
const CATEGORICAL = 1

/** @throws {RankerError} MODEL_DAMAGED unless the arrays are a tree over the model's features with finite leaves. */
export function readTree(tree: XGBoostTree, { index, width, file, weight }: TreeOrigin): Tree {
  const damaged = (reason: string): never => {
    throw new RankerError('MODEL_DAMAGED', { file, reason: `tree ${index}: ${reason}` })
  }
  const nodes = tree.left_children.length
  const { split_type: types, sum_hessian: hessians } = tree
  const arrays = [tree.right_children, tree.split_indices, tree.split_conditions, tree.default_left]
  if (nodes === 0 || [...arrays, types, hessians].some((array) => array && array.length !== nodes)) {
    damaged('its arrays differ in length')
  }
  const left = Int32Array.from(tree.left_children)
  const right = Int32Array.from(tree.right_children)
  const feature = Int32Array.from(tree.split_indices)
  const threshold = Float32Array.from(tree.split_conditions, (value) => value ?? Number.NaN)
  const categories = readCategories(tree, damaged)

  // No node may be reached twice.
  const reached = new Uint8Array(nodes)
  const open = [0]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    reached[node] = 1
    if (left[node] === -1) {
      threshold[node] = threshold[node]! * Math.fround(weight)
      if (!Number.isFinite(threshold[node]))
        damaged(`leaf ${node} is ${threshold[node]}, wanted a finite number`)
      continue
    }
    if (feature[node]! < 0 || feature[node]! >= width)
      damaged(`node ${node} splits on a feature past ${width}`)
    const splitsOnCategory = types?.[node] === CATEGORICAL
    if (splitsOnCategory !== (categories?.has(node) ?? false)) damaged(`node ${node} has no categories`)
    if (!splitsOnCategory && Number.isNaN(threshold[node])) damaged(`node ${node} has no threshold`)
    for (const child of [left[node]!, right[node]!]) {
      if (child < 0 || child >= nodes || reached[child] === 1)
        damaged(`node ${node} has a child out of place`)
      reached[child] = 1
      open.push(child)
    }
  }
  const defaultLeft = Uint8Array.from(tree.default_left, Number)
  const cover = hessians && Float32Array.from(hessians)
  const whole = {
    left,
    right,
    feature,
    threshold,
    defaultLeft,
    ...(categories && { categories }),
    ...(cover && { cover }),
  }
  return reached.includes(0) ? pruned(whole, reached) : whole
}

/** The tree without the nodes that pruning left in its arrays. */
function pruned(
  { left, right, feature, threshold, defaultLeft, categories, cover }: Tree,
  reached: Uint8Array,
): Tree {
  let kept = 0
  const places = Int32Array.from(reached, (isKept) => (isKept ? kept++ : -1))
  const isKept = (_: number, node: number) => reached[node] === 1
  const move = (child: number) => (child === -1 ? -1 : places[child]!)
  return {
    left: left.filter(isKept).map(move),
    right: right.filter(isKept).map(move),
    feature: feature.filter(isKept),
    threshold: threshold.filter(isKept),
    defaultLeft: defaultLeft.filter(isKept),
    ...(categories && {
      categories: new Map(Array.from(categories, ([node, codes]) => [places[node]!, codes])),
    }),
    ...(cover && { cover: cover.filter(isKept) }),
  }
}

/** The codes that go right at each node that lists some. */
function readCategories(
  { categories_nodes: nodes, categories_segments: starts, categories_sizes: sizes, categories }: XGBoostTree,
  damaged: (reason: string) => never,
): Map<number, Set<number>> | undefined {
  if (!nodes || nodes.length === 0) return undefined
  if (!starts || !sizes || !categories || starts.length !== nodes.length || sizes.length !== nodes.length) {
    return damaged('its categories differ in length')
  }
  const byNode = new Map<number, Set<number>>()
  for (let index = 0; index < nodes.length; index++) {
    const from = starts[index]!
    const to = from + sizes[index]!
    if (!(from >= 0 && to >= from && to <= categories.length)) damaged('its categories end early')
    byNode.set(nodes[index]!, new Set(Array.from({ length: to - from }, (_, at) => categories[from + at]!)))
  }
  return byNode
}
