import { closestMatch } from 'leven'
import { z } from 'zod'
import { RankerError } from '../errors.ts'

/** What the help and the docs say of a hyperparameter, beside its schema. */
interface Meta {
  /** What a value must be, as errors and help say it. */
  readonly wanted: string
  readonly description: string
  /** Other names of it, such as XGBoost's own aliases. */
  readonly aliases?: readonly string[]
  /** Left to XGBoost, which has the default that the help states. */
  readonly passedOn?: string
}

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/
const numeric = z.string().regex(NUMBER).transform(Number)

const whole = (min: number, wanted = `a whole number from ${min}`) => ({
  schema: numeric.pipe(z.int().min(min)),
  wanted,
})
const real = (wanted: string, within: (value: number) => boolean) => ({
  schema: numeric.pipe(z.number().refine(within)),
  wanted,
})
const share = real('a number above 0, up to 1', (value) => value > 0 && value <= 1)
const fromZero = real('a number from 0', (value) => value >= 0)
const oneOf = (...values: string[]) => ({ schema: z.enum(values), wanted: values.join(', ') })
const columnName = { schema: z.string().min(1), wanted: 'the name of a column' }

const describe = <S extends z.ZodType>(kind: { schema: S; wanted: string }, meta: Omit<Meta, 'wanted'>): S =>
  kind.schema.meta({ wanted: kind.wanted, ...meta }) as S

/** Left to XGBoost when not given; the default stated is the library's. */
const passedOn = <S extends z.ZodType>(
  kind: { schema: S; wanted: string },
  libraryDefault: string,
  description: string,
  aliases: readonly string[] = [],
) => describe(kind, { description, aliases, passedOn: libraryDefault }).optional()

const METRIC = /^(ndcg|map)(@\d+)?-?$|^pre(@\d+)?$|^(auc|aucpr|rmse|mae|logloss|error)$/
const evalMetric = {
  schema: z
    .string()
    .transform((text) => text.replaceAll(/[[\]"'\s]/g, '').split(','))
    .pipe(z.array(z.string().regex(METRIC)).min(1)),
  wanted:
    'metrics divided by commas, of ndcg, ndcg@k, map, map@k, pre@k, auc, aucpr, rmse, mae, logloss, error',
}

/**
 * The hyperparameters of `train`: the one truth that flags, help, messages and docs come from. Values arrive as
 * strings.
 */
export const hyperparameters = z.strictObject({
  num_round: describe(whole(1), {
    description: 'boosting rounds at most',
    aliases: ['n_estimators', 'num_boost_round'],
  }).default(100),
  objective: describe(
    oneOf('rank:ndcg', 'rank:pairwise', 'rank:map', 'reg:squarederror', 'binary:logistic'),
    {
      description: 'what is learnt; rank:* are LambdaMART over the rows of a query',
    },
  ).default('rank:ndcg'),
  eval_metric: describe(evalMetric, {
    description:
      'measured every round; the last one on validation decides early stopping. Default ndcg@10, for rank:map map@10',
  }).optional(),
  early_stopping_rounds: describe(whole(1), {
    description: 'stop after so many rounds without a better validation metric, and keep the best round',
  }).optional(),
  seed: describe(
    {
      schema: numeric.pipe(
        z
          .int()
          .min(0)
          .max(2 ** 31 - 1),
      ),
      wanted: 'a whole number from 0 to 2147483647',
    },
    { description: 'the same seed, data and machine give the same bytes', aliases: ['random_state'] },
  ).default(0),
  nthread: describe(whole(1), {
    description: 'threads of XGBoost; default: the cores there are',
    aliases: ['n_jobs'],
  }).optional(),

  label: describe(columnName, { description: 'column of the grade, from 0' }).default('label'),
  group: describe(columnName, { description: 'column that names the query of a row' }).default('qid'),
  weight: describe(columnName, { description: 'column of the weight, constant within a query' }).optional(),
  item: describe(columnName, { description: 'column that names the item; it is no feature' }).optional(),
  libsvm_index_base: describe(
    {
      schema: z.enum(['0', '1']).transform((base): 0 | 1 => (base === '1' ? 1 : 0)),
      wanted: '0 or 1',
    },
    { description: 'the index of the first column in libsvm files; kept for serving' },
  ).default(0),

  eta: passedOn(
    real('a number from 0 to 1', (value) => value >= 0 && value <= 1),
    '0.3',
    'learning rate: how much of each tree is added',
    ['learning_rate'],
  ),
  max_depth: passedOn(whole(0), '6', 'levels of a tree; 0 is no limit'),
  max_leaves: passedOn(whole(0), '0', 'leaves of a tree; 0 is no limit'),
  grow_policy: passedOn(oneOf('depthwise', 'lossguide'), 'depthwise', 'which node is split next'),
  min_child_weight: passedOn(fromZero, '1', 'least sum of hessians in a child'),
  gamma: passedOn(fromZero, '0', 'least loss reduction for a split', ['min_split_loss']),
  max_delta_step: passedOn(fromZero, '0', 'largest step of a leaf; 0 is no limit'),
  subsample: passedOn(share, '1', 'share of the rows that each tree sees'),
  colsample_bytree: passedOn(share, '1', 'share of the features that each tree sees'),
  colsample_bylevel: passedOn(share, '1', 'share of the features that each level sees'),
  colsample_bynode: passedOn(share, '1', 'share of the features that each split sees'),
  lambda: passedOn(fromZero, '1', 'L2 regularisation of leaf values', ['reg_lambda']),
  alpha: passedOn(fromZero, '0', 'L1 regularisation of leaf values', ['reg_alpha']),
  max_bin: passedOn(whole(2), '256', 'bins a feature is quantised into'),
})

export type Hyperparameters = z.infer<typeof hyperparameters>
type Name = keyof typeof hyperparameters.shape

/** Names in the order of the schema. */
export const hyperparameterNames = Object.keys(hyperparameters.shape) as Name[]

/** What help and docs say of a hyperparameter, and the default in words. */
export function describeHyperparameter(name: Name): Meta & { defaultText: string } {
  const field: z.ZodType = hyperparameters.shape[name]
  const inner =
    field instanceof z.ZodDefault || field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field
  const meta = inner.meta() as unknown as Meta
  const byDefault = field instanceof z.ZodDefault ? String(field.def.defaultValue) : (meta.passedOn ?? 'none')
  return { ...meta, defaultText: byDefault }
}

const byAlias = new Map(
  hyperparameterNames.flatMap((name) =>
    [name, ...(describeHyperparameter(name).aliases ?? [])].map((alias) => [alias, name]),
  ),
)

/** The name behind a name or alias, undefined for an unknown one. */
export const resolveHyperparameter = (name: string): Name | undefined => byAlias.get(name)

/** The known name nearest to an unknown one, where one is near. */
export function nearestHyperparameter(name: string): string | undefined {
  return closestMatch(name, [...byAlias.keys()], { maxDistance: Math.max(2, Math.floor(name.length / 3)) })
}

/**
 * Checks a job's hyperparameters. What the platform adds for itself (`sagemaker_*`, `_tuning_objective_metric`) is
 * dropped.
 * @throws {RankerError} UNKNOWN_HYPERPARAMETER, BAD_HYPERPARAMETER, CONTRADICTING_HYPERPARAMETERS.
 */
export function parseHyperparameters(raw: Readonly<Record<string, string>>): Hyperparameters {
  const values: Record<string, string> = {}
  const spelled = new Map<string, string>()
  for (const [given, value] of Object.entries(raw)) {
    if (given.startsWith('sagemaker_') || given === '_tuning_objective_metric') continue
    const name = resolveHyperparameter(given)
    if (!name) {
      throw new RankerError('UNKNOWN_HYPERPARAMETER', { name: given, nearest: nearestHyperparameter(given) })
    }
    const before = spelled.get(name)
    if (before !== undefined && values[name] !== value) {
      throw new RankerError('CONTRADICTING_HYPERPARAMETERS', {
        reason: `the hyperparameters ${before} and ${given} are the same thing with two values, ${values[name]} and ${value}`,
      })
    }
    values[name] = value
    spelled.set(name, given)
  }
  const result = hyperparameters.safeParse(values)
  if (result.success) return result.data
  const name = result.error.issues[0]!.path[0] as Name
  throw new RankerError('BAD_HYPERPARAMETER', {
    name: spelled.get(name)!,
    seen: values[name],
    wanted: describeHyperparameter(name).wanted,
  })
}

/** The parameters that XGBoost is given: those it knows, at the values that were set. */
export function xgboostParameters(
  values: Hyperparameters,
  evalMetrics: readonly string[],
  threads: number,
): Record<string, string | readonly string[]> {
  const passed = hyperparameterNames.filter((name) => describeHyperparameter(name).passedOn !== undefined)
  const set = passed.filter((name) => values[name] !== undefined).map((name) => [name, String(values[name])])
  return {
    objective: values.objective,
    ...Object.fromEntries(set),
    seed: String(values.seed),
    nthread: String(threads),
    eval_metric: evalMetrics,
  }
}
