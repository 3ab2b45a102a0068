import * as z from 'zod'
import { RankerError } from '../errors.ts'
import type { Forest, Transform } from './forest.ts'
import { readUbjson } from './ubjson.ts'
import { numbers, readTree, treeSchema } from './xgboost-tree.ts'

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
  // With a single quantile or expectile; several would be several targets.
  'reg:quantileerror': 'identity',
  'reg:expectileerror': 'identity',
  'reg:logistic': 'sigmoid',
  'binary:logistic': 'sigmoid',
  'binary:logitraw': 'identity',
  'binary:hinge': 'step',
  'count:poisson': 'exp',
  'reg:gamma': 'exp',
  'reg:tweedie': 'exp',
  'survival:cox': 'exp',
  'survival:aft': 'exp',
}

const learnerSchema = z.object({
  version: z.array(z.number()).optional(),
  learner: z.object({
    feature_names: z.array(z.string()).optional(),
    learner_model_param: z.object({
      base_score: z.string(),
      num_feature: z.coerce.number().int().min(0),
      num_class: z.coerce.number().optional(),
      num_target: z.coerce.number().optional(),
    }),
    objective: z.object({ name: z.string() }),
    gradient_booster: z.looseObject({ name: z.string() }),
  }),
})

const boosterSchema = z.object({
  trees: z.array(treeSchema),
  tree_info: numbers.optional(),
  weight_drop: numbers.optional(),
})

/**
 * Reads a forest from XGBoost's own model file, JSON or UBJSON by content, as releases 1.0 to 3.4 write it
 * (schema: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html).
 * @throws {RankerError} MODEL_DAMAGED when the file does not hold together, MODEL_UNSUPPORTED when it holds something
 * other than one score a row from trees.
 */
export function readXGBoostModel(bytes: Uint8Array, file: string): Forest {
  const unsupported = (reason: string): never => {
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason })
  }
  const { version, learner } = check(learnerSchema, readDocument(bytes, file), file)
  const { base_score, num_feature: width, num_class = 0, num_target = 0 } = learner.learner_model_param
  const objective = learner.objective.name
  const transform = TRANSFORMS[objective]
  if (transform === undefined) return unsupported(`its objective is ${objective}, wanted one score a row`)
  const { trees, tree_info: outputs = [], weight_drop: weights } = readBooster(learner.gradient_booster, file)
  if (num_class > 1 || num_target > 1 || Array.from(outputs).some((output) => output !== 0)) {
    return unsupported('it gives several scores a row, wanted one')
  }
  const featureNames = learner.feature_names ?? []
  if (featureNames.length > 0 && featureNames.length !== width) {
    throw damaged(file, `it names ${featureNames.length} of its ${width} features`)
  }
  return {
    width,
    base: baseMargin(base_score, linkOf(objective, transform, version), file),
    transform,
    trees: trees.map((tree, index) => readTree(tree, { index, width, file, weight: weights?.[index] ?? 1 })),
    featureNames,
  }
}

/** The trees, and with dart the factor of each. Releases before 3.3 keep both of dart's in other places. */
function readBooster(
  booster: { [key: string]: unknown; name: string },
  file: string,
): z.infer<typeof boosterSchema> {
  const { name } = booster
  if (name !== 'gbtree' && name !== 'dart') {
    throw new RankerError('MODEL_UNSUPPORTED', {
      file,
      reason: `its booster is ${name}, wanted gbtree or dart`,
    })
  }
  const old = booster.gbtree as { model?: object } | undefined
  const model = check(
    boosterSchema,
    { weight_drop: booster.weight_drop, ...old?.model, ...(booster.model as object) },
    file,
  )
  // Since release 3.3 dart is a gbtree with weights.
  const weights = model.weight_drop
  if (weights ? weights.length !== model.trees.length : name === 'dart') {
    throw damaged(file, 'its weight_drop and trees differ in length')
  }
  return model
}

function check<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  throw damaged(file, `${issue.path.join('.')}: ${issue.message}`)
}

function damaged(file: string, reason: string, cause?: unknown): RankerError {
  return new RankerError('MODEL_DAMAGED', { file, reason }, { cause })
}

/** The transform whose inverse takes `base_score` to a margin. */
function linkOf(objective: string, transform: Transform, version: readonly number[] = []): Transform {
  // Found by experiment: 1.0, 1.1 and 1.2 take the logit here too, 1.3 and later do not.
  const [major = 0, minor = 0] = version
  return objective === 'binary:logitraw' && major === 1 && minor < 3 ? 'sigmoid' : transform
}

/** JSON starts `{"`, UBJSON `{` and a length marker. */
function readDocument(bytes: Uint8Array, file: string): unknown {
  const start = bytes.findIndex((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
  if (bytes[start] !== 0x7b) throw new RankerError('MODEL_UNSUPPORTED', { file, reason: whatElse(bytes) })
  const next = bytes.subarray(start + 1, start + 65).find((byte) => byte > 0x20)
  if (next !== 0x22) return readUbjson(bytes, file)
  const text = new TextDecoder().decode(bytes)
  try {
    return JSON.parse(text)
  } catch {
    return parseWithNaN(text, file)
  }
}

/** Before release 3 the threshold of a categorical split is NaN, which is not JSON. */
function parseWithNaN(text: string, file: string): unknown {
  const asNull = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (part) =>
    part[0] === '"' ? part : 'null',
  )
  try {
    return JSON.parse(asNull)
  } catch (cause) {
    throw damaged(file, 'its JSON does not parse', cause)
  }
}

/** What to do with a file that is neither JSON nor UBJSON. */
function whatElse(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty'
  // Pickle protocol 2 and later; earlier protocols predate XGBoost.
  if (bytes[0] === 0x80) {
    return 'it is a Python pickle, which can run any code when it is opened; in the Python that wrote it, unpickle it and call save_model("model.json")'
  }
  return 'it is neither JSON nor UBJSON of XGBoost; if it is the binary format that XGBoost wrote by default before release 2, load it with a release from 1.0 to 3.0 and call save_model("model.json")'
}

/** `base_score` is on the score's scale, in text: `5E-1` before release 3.1, `[5E-1]` since. */
function baseMargin(text: string, transform: Transform, file: string): number {
  const number = text.replace(/^\[(.*)\]$/, '$1').trim()
  const margin = unapply(transform, Math.fround(Number(number)))
  if (number === '' || !Number.isFinite(margin)) {
    throw damaged(file, `its base_score is ${text}`)
  }
  return margin
}

/** The probability nearest to 0 that XGBoost turns into a margin. */
const LEAST = Math.fround(1e-6)

function unapply(transform: Transform, score: number): number {
  switch (transform) {
    case 'identity':
    case 'step':
      return score
    case 'sigmoid': {
      // float32 at each step, like XGBoost's own ProbToMargin, which keeps away from 0 and 1: labels that are all
      // equal give such a base score.
      const probability = Math.min(Math.max(score, LEAST), Math.fround(1 - LEAST))
      return Math.fround(-Math.log(Math.fround(Math.fround(1 / probability) - 1)))
    }
    case 'exp':
      return Math.fround(Math.log(score))
  }
}

/** What a model file says about itself, apart from its trees. */
export interface XGBoostInfo {
  readonly objective: string
  readonly booster: string
  readonly width: number
  /** Empty when the file has none. */
  readonly featureNames: readonly string[]
}

/**
 * Reads what the same files say about the model, whatever its kind. @throws {RankerError} MODEL_DAMAGED,
 * MODEL_UNSUPPORTED.
 */
export function readXGBoostInfo(bytes: Uint8Array, file: string): XGBoostInfo {
  const { learner } = check(learnerSchema, readDocument(bytes, file), file)
  return {
    objective: learner.objective.name,
    booster: learner.gradient_booster.name,
    width: learner.learner_model_param.num_feature,
    featureNames: learner.feature_names ?? [],
  }
}
