import type { Tree } from './forest.ts'
import { intsOf, numbersOf } from './onnx-attributes.ts'
import type { OnnxNode } from './onnx-reader.ts'

/** `nodes_modes` of a TreeEnsemble that are read. */
const BRANCH_LT = 1
const BRANCH_MEMBER = 6

/**
 * Reads the trees of an opset-5 TreeEnsemble that compares by "less" and looks up sets, as this product's own export
 * does.
 * @param ensemble checked by `checkTrees`
 * @param other called with the reason if it is of another kind
 */
export function readTreeEnsemble(ensemble: OnnxNode, other: (reason: string) => never): Tree[] {
  const one = (name: string) => intsOf(ensemble, name)[0]
  if (one('n_targets') !== 1) other('it has several targets')
  if ((one('aggregate_function') ?? 1) !== 1) other('its leaves are not added up')
  if ((one('post_transform') ?? 0) !== 0) other('its sums are transformed')
  const features = intsOf(ensemble, 'nodes_featureids')
  const splits = numbersOf(ensemble, 'nodes_splits')
  const modes = numbersOf(ensemble, 'nodes_modes')
  const missingIsTrue = intsOf(ensemble, 'nodes_missing_value_tracks_true')
  const leaves = numbersOf(ensemble, 'leaf_weights')
  if (splits instanceof Float64Array || leaves instanceof Float64Array) other('its numbers are doubles')
  const links = {
    true: { ids: intsOf(ensemble, 'nodes_truenodeids'), areLeaves: intsOf(ensemble, 'nodes_trueleafs') },
    false: { ids: intsOf(ensemble, 'nodes_falsenodeids'), areLeaves: intsOf(ensemble, 'nodes_falseleafs') },
  }
  const sets = membersOf(numbersOf(ensemble, 'membership_values'), modes)

  const readTree = (root: number): Tree => {
    const left: number[] = []
    const right: number[] = []
    const feature: number[] = []
    const threshold: number[] = []
    const defaultLeft: number[] = []
    const categories = new Map<number, ReadonlySet<number>>()
    const add = (value: number) => {
      left.push(-1)
      right.push(-1)
      feature.push(0)
      defaultLeft.push(0)
      return threshold.push(value) - 1
    }
    const open: [at: number, node: number][] = [[root, add(0)]]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [at, node] = next
      const mode = modes[at]
      if (mode !== BRANCH_LT && mode !== BRANCH_MEMBER) other(`it has nodes of the mode ${mode}`)
      const isSet = mode === BRANCH_MEMBER
      const child = ({ ids, areLeaves }: (typeof links)['true']) => {
        if (areLeaves[at] !== 0) return add(leaves[ids[at]!]!)
        const place = add(0)
        open.push([ids[at]!, place])
        return place
      }
      feature[node] = features[at]!
      threshold[node] = isSet ? 0 : splits[at]!
      // Members go right, as XGBoost has it.
      left[node] = child(isSet ? links.false : links.true)
      right[node] = child(isSet ? links.true : links.false)
      defaultLeft[node] = (missingIsTrue[at] === 1) === isSet ? 0 : 1
      if (isSet) categories.set(node, sets.get(at)!)
    }
    return {
      left: Int32Array.from(left),
      right: Int32Array.from(right),
      feature: Int32Array.from(feature),
      threshold: Float32Array.from(threshold),
      defaultLeft: Uint8Array.from(defaultLeft),
      ...(categories.size > 0 && { categories }),
    }
  }
  return Array.from(intsOf(ensemble, 'tree_roots'), readTree)
}

/**
 * The members of the set at each node that looks one up: NaN ends each set. Members that are not codes of categories
 * are left out.
 */
function membersOf(values: ArrayLike<number>, modes: ArrayLike<number>): Map<number, ReadonlySet<number>> {
  const sets = new Map<number, ReadonlySet<number>>()
  let at = 0
  for (let node = 0; node < modes.length; node++) {
    if (modes[node] !== BRANCH_MEMBER) continue
    const set = new Set<number>()
    for (; at < values.length && !Number.isNaN(values[at]); at++) if (values[at]! >= 0) set.add(values[at]!)
    at++
    sets.set(node, set)
  }
  return sets
}
