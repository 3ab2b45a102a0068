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
  'reg:logistic': 'sigmoid',
  'binary:logistic': 'sigmoid',
  'binary:logitraw': 'identity',
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

const modelSchema = z.object({
  learner: z.object({
    feature_names: z.array(z.string()).optional(),
    learner_model_param: z.object({ base_score: z.string(), num_feature: z.coerce.number() }),
    objective: z.object({ name: z.string() }),
    gradient_booster: z.object({
      name: z.string(),
      model: z.object({ trees: z.array(treeSchema) }).optional(),
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
  const { name, model } = learner.gradient_booster
  if (name !== 'gbtree' || !model) {
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason: `its booster is ${name}, wanted gbtree` })
  }
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
    trees: model.trees.map((tree, index) => readTree(tree, index, width, file)),
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
  if (!Number.isFinite(base))
    throw new RankerError('MODEL_DAMAGED', { file, reason: `its base_score is ${text}` })
  switch (transform) {
    case 'identity':
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
