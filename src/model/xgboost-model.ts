import { z } from 'zod'
import { RankerError } from '../errors.ts'
import type { Forest, Transform, Tree } from './forest.ts'
import { readUbjson } from './ubjson.ts'

/** Objectives that give one score a row, and what XGBoost's `predict()` does to their margin. */
const TRANSFORMS: Readonly<Record<string, Transform>> = {
  'rank:ndcg': 'identity',
  'rank:pairwise': 'identity',
  'rank:map': 'identity',
  'reg:squarederror': 'identity',
  'reg:linear': 'identity',
  'reg:absoluteerror': 'identity',
  'reg:pseudohubererror': 'identity',
  'reg:squaredlogerror': 'identity',
  // With a single quantile or expectile; with several, base_score and trees are of several targets.
  'reg:quantileerror': 'identity',
  'reg:expectileerror': 'identity',
  'reg:logistic': 'sigmoid',
  'binary:logistic': 'sigmoid',
  'binary:logitraw': 'identity',
  'binary:hinge': 'step',
  'count:poisson': 'exp',
  'reg:gamma': 'exp',
  'reg:tweedie': 'exp',
}

const numbers = z.custom<ArrayLike<number>>(
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
  'wanted an array of numbers',
)

const treeSchema = z.object({
  left_children: numbers,
  right_children: numbers,
  split_indices: numbers,
  split_conditions: numbers,
  default_left: numbers,
  split_type: numbers.optional(),
  sum_hessian: numbers.optional(),
})

const treesSchema = z.object({ trees: z.array(treeSchema), weight_drop: numbers.optional() })

const modelSchema = z.object({
  learner: z.object({
    feature_names: z.array(z.string()).optional(),
    learner_model_param: z.object({ base_score: z.string(), num_feature: z.coerce.number() }),
    objective: z.object({ name: z.string() }),
    gradient_booster: z.object({
      name: z.string(),
      model: treesSchema.optional(),
      // Releases before 3.3 keep the trees of dart one level down, and their weights beside them.
      gbtree: z.object({ model: treesSchema }).optional(),
      weight_drop: numbers.optional(),
    }),
  }),
})

/**
 * Reads a forest from XGBoost's own model file, JSON or UBJSON by content
 * (schema: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html).
 * @throws {RankerError} MODEL_DAMAGED when the file does not hold together, MODEL_UNSUPPORTED when it holds something
 * other than one score a row from trees with numeric splits.
 */
export function readXGBoostModel(bytes: Uint8Array, file: string): Forest {
  const result = modelSchema.safeParse(readDocument(bytes, file))
  if (!result.success) {
    const issue = result.error.issues[0]!
    throw new RankerError('MODEL_DAMAGED', { file, reason: `${issue.path.join('.')}: ${issue.message}` })
  }
  const { learner } = result.data
  const { name, gbtree, weight_drop: outerWeights } = learner.gradient_booster
  const model = name === 'dart' ? gbtree?.model : learner.gradient_booster.model
  if (!model || (name !== 'gbtree' && name !== 'dart')) {
    throw new RankerError('MODEL_UNSUPPORTED', {
      file,
      reason: `its booster is ${name}, wanted gbtree or dart`,
    })
  }
  const weights = model.weight_drop ?? outerWeights
  const objective = learner.objective.name
  const transform = TRANSFORMS[objective]
  if (transform === undefined) {
    throw new RankerError('MODEL_UNSUPPORTED', {
      file,
      reason: `its objective is ${objective}, wanted one score a row`,
    })
  }
  const width = learner.learner_model_param.num_feature
  return {
    width,
    base: baseMargin(learner.learner_model_param.base_score, transform, file),
    transform,
    trees: model.trees.map((tree, index) => weighted(readTree(tree, index, width, file), weights?.[index])),
    featureNames: learner.feature_names ?? [],
  }
}

/** JSON starts `{"`, UBJSON `{` and a length marker. */
function readDocument(bytes: Uint8Array, file: string): unknown {
  const start = bytes.findIndex((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
  if (bytes[start] !== 0x7b) {
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason: 'it is neither JSON nor UBJSON of XGBoost' })
  }
  const next = bytes.subarray(start + 1, start + 65).find((byte) => byte > 0x20)
  if (next !== 0x22) return readUbjson(bytes, file)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new RankerError('MODEL_DAMAGED', { file, reason: 'its JSON does not parse' }, { cause })
  }
}

/** The probability nearest to 0 that XGBoost makes a margin of. */
const LEAST = Math.fround(1e-6)

/** `base_score` is on the score's scale, in text: `0.5` before release 3, `[5E-1]` since. */
function baseMargin(text: string, transform: Transform, file: string): number {
  const base = Number(text.replace(/^\[(.*)\]$/, '$1'))
  if (text.includes(',')) {
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason: 'it gives several scores a row, wanted one' })
  }
  if (!Number.isFinite(base))
    throw new RankerError('MODEL_DAMAGED', { file, reason: `its base_score is ${text}` })
  switch (transform) {
    case 'identity':
    case 'step':
      return Math.fround(base)
    case 'sigmoid': {
      // float32 at each step, as XGBoost's own ProbToMargin, which keeps away from 0 and 1: labels that are all the
      // same give such a base score.
      const probability = Math.min(Math.max(Math.fround(base), LEAST), Math.fround(1 - LEAST))
      return Math.fround(-Math.log(Math.fround(Math.fround(1 / probability) - 1)))
    }
    case 'exp':
      return Math.fround(Math.log(base))
  }
}

/** A tree whose leaves count with the weight that dropout left it. */
function weighted(tree: Tree, weight = 1): Tree {
  if (weight === 1) return tree
  const factor = Math.fround(weight)
  return {
    ...tree,
    threshold: tree.threshold.map((value, node) => (tree.left[node] === -1 ? value * factor : value)),
  }
}

function readTree(tree: z.infer<typeof treeSchema>, index: number, width: number, file: string): Tree {
  const damaged = (reason: string): never => {
    throw new RankerError('MODEL_DAMAGED', { file, reason: `tree ${index}: ${reason}` })
  }
  const nodes = tree.left_children.length
  const arrays = [tree.right_children, tree.split_indices, tree.split_conditions, tree.default_left]
  if (nodes === 0 || arrays.some((array) => array.length !== nodes)) damaged('its arrays differ in length')
  if (tree.split_type && Array.from(tree.split_type).some((type) => type !== 0)) {
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason: `tree ${index} splits on categories` })
  }
  const left = Int32Array.from(tree.left_children)
  const right = Int32Array.from(tree.right_children)
  const feature = Int32Array.from(tree.split_indices)
  for (let node = 0; node < nodes; node++) {
    if (left[node] === -1) continue
    // XGBoost numbers children after their parent, which also rules out cycles.
    if (left[node]! <= node || right[node]! <= node || left[node]! >= nodes || right[node]! >= nodes) {
      damaged(`node ${node} has a child out of place`)
    }
    if (feature[node]! < 0 || feature[node]! >= width)
      damaged(`node ${node} splits on a feature past ${width}`)
  }
  return {
    left,
    right,
    feature,
    threshold: Float32Array.from(tree.split_conditions),
    defaultLeft: Uint8Array.from(Array.from(tree.default_left, Number)),
    ...(tree.sum_hessian && { cover: Float32Array.from(tree.sum_hessian) }),
  }
}

/** What a model file says of itself beside its trees. */
export interface XGBoostInfo {
  readonly objective: string
  readonly booster: string
  readonly width: number
  /** Empty when the file has none. */
  readonly featureNames: readonly string[]
}

const infoSchema = z.object({
  learner: z.object({
    feature_names: z.array(z.string()).optional(),
    learner_model_param: z.object({ num_feature: z.coerce.number() }),
    objective: z.object({ name: z.string() }),
    gradient_booster: z.object({ name: z.string() }),
  }),
})

/** Reads the same files for what is said of any model. @throws {RankerError} MODEL_DAMAGED, MODEL_UNSUPPORTED. */
export function readXGBoostInfo(bytes: Uint8Array, file: string): XGBoostInfo {
  const result = infoSchema.safeParse(readDocument(bytes, file))
  if (!result.success) {
    const issue = result.error.issues[0]!
    throw new RankerError('MODEL_DAMAGED', { file, reason: `${issue.path.join('.')}: ${issue.message}` })
  }
  const { learner } = result.data
  return {
    objective: learner.objective.name,
    booster: learner.gradient_booster.name,
    width: learner.learner_model_param.num_feature,
    featureNames: learner.feature_names ?? [],
  }
}
