import { show } from '../../errors.ts'
import { evalMetrics, isOfQueries, unsuitedMetric } from '../eval-metrics.ts'
import { isRanking, objectiveOf } from '../objective.ts'
import { describeHyperparameter, type HyperparameterName, type Hyperparameters } from './schema.ts'

/** What is wrong with the combination of values, in a sentence; undefined if they agree. */
type Rule = (values: Hyperparameters) => string | false | undefined

/** Whether a value differs from what XGBoost does anyway. */
const isChanged = (values: Hyperparameters, name: HyperparameterName): boolean =>
  values[name] !== undefined && String(values[name]) !== describeHyperparameter(name).passedOn

/** XGBoost would silently ignore these names without the one that they belong to. */
const useless =
  (names: readonly HyperparameterName[], has: (values: Hyperparameters) => boolean, wanted: string): Rule =>
  (values) => {
    const name = names.find((one) => isChanged(values, one))
    return name !== undefined && !has(values) && `${name} has no effect without ${wanted}`
  }

/** What the exact method refuses or ignores. */
const notExact: Rule = (values) => {
  if (values.tree_method !== 'exact') return false
  const name = (
    [
      'max_leaves',
      'max_bin',
      'max_cached_hist_node',
      'colsample_bynode',
      'sampling_method',
      'grow_policy',
    ] as const
  ).find((one) => isChanged(values, one))
  if (name) return `tree_method exact does not take ${name}: use hist`
  if (values.max_depth === 0) return 'max_depth is 0, and tree_method exact needs a limit: use hist'
  return values.enable_categorical && 'tree_method exact takes no categories: use hist'
}

const updaters: Rule = ({ updater, tree_method: method, process_type, refresh_leaf }) => {
  if (updater && method) return 'updater and tree_method both say how trees are grown: leave one out'
  const steps = updater ?? []
  const growers = steps.filter((step) => step.startsWith('grow_'))
  if (process_type === 'update') {
    if (steps.length === 0 || growers.length > 0) {
      return 'process_type update changes trees: it needs an updater of refresh, prune or both, and no other'
    }
  } else if (updater && (growers.length !== 1 || steps[0] !== growers[0])) {
    return `updater ${steps.join(',')} must begin with the one step that grows trees, unless process_type is update`
  }
  return (
    refresh_leaf === false &&
    !steps.includes('refresh') &&
    'refresh_leaf has no effect without updater refresh'
  )
}

const monotone: Rule = ({ monotone_constraints, tree_method: method, updater }) => {
  if (!monotone_constraints) return false
  if (method === 'approx') return 'monotone_constraints need tree_method hist or exact, not approx'
  const step = updater?.find((one) => one === 'refresh' || one === 'grow_histmaker')
  return step && `monotone_constraints do not go with updater ${step}`
}

const gradientBased: Rule = ({ sampling_method, tree_method: method = 'hist', updater }) =>
  sampling_method === 'gradient_based' &&
  (method === 'approx' || updater?.includes('grow_quantile_histmaker') === false) &&
  'sampling_method gradient_based needs tree_method hist'

const hasDropout = ({ rate_drop = 0, one_drop }: Hyperparameters): boolean =>
  rate_drop > 0 || one_drop === true

const dropout: Rule = (values) =>
  hasDropout(values) &&
  values.early_stopping_rounds !== undefined &&
  values.kfold === undefined &&
  'early_stopping_rounds does not go with dropout (rate_drop, one_drop): later rounds change the weights of ' +
    'earlier trees, so the best round cannot be cut out; kfold finds the number of rounds instead'

const baseScore: Rule = (values) => {
  const { base_score: base, objective } = values
  if (base === undefined) return false
  const { link } = objectiveOf(values)
  if (link === 'logistic')
    return (base <= 0 || base >= 1) && `base_score is ${base}: ${objective} needs one between 0 and 1`
  return link === 'log' && base === 0 && `base_score is 0: ${objective} needs one above 0`
}

const quantiles: Rule = ({ objective, quantile_alpha, expectile_alpha }) => {
  if (objective === 'reg:quantileerror' && quantile_alpha === undefined) {
    return 'the objective reg:quantileerror needs the quantile to learn: set quantile_alpha, such as 0.5'
  }
  return (
    objective === 'reg:expectileerror' &&
    expectile_alpha === undefined &&
    'the objective reg:expectileerror needs the expectile to learn: set expectile_alpha, such as 0.5'
  )
}

const weights: Rule = (values) => {
  const metric = evalMetrics(values).find(isOfQueries)
  return (
    values.weight !== undefined &&
    metric !== undefined &&
    !isRanking(values.objective) &&
    `eval_metric ${metric} weighs queries and the objective ${values.objective} weighs rows: with a weight column, use one or the other`
  )
}

/** A column has one role. */
const roles: Rule = ({ features = [], ...values }) => {
  const taken = new Map<string, string>()
  for (const role of ['label', 'group', 'weight', 'item', 'position'] as const) {
    const column = values[role]
    if (column === undefined) continue
    const other = taken.get(column)
    if (other) return `${other} and ${role} are both the column ${show(column)}`
    taken.set(column, role)
  }
  const feature = features.find((name) => taken.has(name))
  return (
    feature !== undefined && `features names the column ${show(feature)}, which is the ${taken.get(feature)}`
  )
}

const objectiveIs =
  (...names: readonly string[]) =>
  ({ objective }: Hyperparameters): boolean =>
    names.includes(objective)

const RULES: readonly Rule[] = [
  roles,
  unsuitedMetric,
  weights,
  (values) =>
    values.kfold !== undefined &&
    values.validation_fraction !== undefined &&
    'kfold and validation_fraction both hold queries out to find the best round: leave one out',
  notExact,
  updaters,
  monotone,
  gradientBased,
  dropout,
  useless(['sample_type', 'normalize_type', 'skip_drop'], hasDropout, 'dropout (rate_drop or one_drop)'),
  baseScore,
  quantiles,
  useless(
    [
      'lambdarank_pair_method',
      'lambdarank_num_pair_per_sample',
      'lambdarank_normalization',
      'lambdarank_score_normalization',
      'lambdarank_unbiased',
      'lambdarank_bias_norm',
    ],
    ({ objective }) => isRanking(objective),
    'an objective rank:*',
  ),
  useless(['lambdarank_bias_norm'], (values) => values.lambdarank_unbiased === true, 'lambdarank_unbiased'),
  useless(
    ['ndcg_exp_gain'],
    (values) =>
      objectiveIs('rank:ndcg', 'rank:pairwise')(values) ||
      evalMetrics(values).some((metric) => metric.startsWith('ndcg')),
    'the objective rank:ndcg or a metric ndcg',
  ),
  useless(
    ['scale_pos_weight'],
    objectiveIs('binary:logistic', 'binary:logitraw', 'reg:logistic', 'reg:squarederror', 'reg:gamma'),
    'the objective binary:logistic, binary:logitraw or reg:logistic',
  ),
  useless(['tweedie_variance_power'], objectiveIs('reg:tweedie'), 'the objective reg:tweedie'),
  useless(
    ['huber_slope'],
    (values) => values.objective === 'reg:pseudohubererror' || evalMetrics(values).includes('mphe'),
    'the objective reg:pseudohubererror',
  ),
  useless(['quantile_alpha'], objectiveIs('reg:quantileerror'), 'the objective reg:quantileerror'),
  useless(['expectile_alpha'], objectiveIs('reg:expectileerror'), 'the objective reg:expectileerror'),
  useless(
    ['max_cat_to_onehot', 'max_cat_threshold'],
    (values) => values.enable_categorical === true,
    'enable_categorical',
  ),
]

/** The first contradiction between the values, in a sentence. */
export function contradiction(values: Hyperparameters): string | undefined {
  for (const rule of RULES) {
    const sentence = rule(values)
    if (sentence) return sentence
  }
  return undefined
}

/** Facts about a job apart from its hyperparameters. */
export interface JobFacts {
  /** It has a channel to validate on. */
  readonly validation: boolean
  /** It continues from a model. */
  readonly continues?: boolean
  /** It keeps checkpoints, and may resume from one. */
  readonly checkpoints?: boolean
  /** Machines that train. @default 1 */
  readonly hosts?: number
}

/** The first contradiction between the values and the job they are for, in a sentence. */
export function jobContradiction(values: Hyperparameters, job: JobFacts): string | undefined {
  const {
    validation_fraction: fraction,
    kfold,
    early_stopping_rounds: patience,
    tree_method: method,
  } = values
  const distributed = (job.hosts ?? 1) > 1
  const rules: readonly (readonly [boolean, string])[] = [
    [
      fraction !== undefined && job.validation,
      `validation_fraction is ${fraction} and there is a validation channel: leave one out`,
    ],
    [
      kfold !== undefined && job.validation,
      `kfold is ${kfold} and there is a validation channel, and both decide how many rounds are kept: leave one out, or name the channel test`,
    ],
    [
      patience !== undefined && !job.validation && fraction === undefined && kfold === undefined,
      `early_stopping_rounds is ${patience} but there is no validation channel to watch, and neither validation_fraction nor kfold`,
    ],
    [
      values.process_type === 'update' && !job.continues,
      'process_type update changes the trees of an existing model: put one in the channel model, with model_channel continue',
    ],
    [
      values.process_type === 'update' && job.checkpoints === true,
      'process_type update cannot be resumed from a checkpoint: start the job without a checkpoint configuration',
    ],
    [
      values.lambdarank_unbiased === true && job.checkpoints === true,
      'lambdarank_unbiased cannot be resumed from a checkpoint: leave it out, or start the job without a checkpoint configuration',
    ],
    [
      values.lambdarank_unbiased === true && job.continues === true,
      'lambdarank_unbiased cannot go on from a model, which does not hold the estimates of position bias: leave it out, or set model_channel=incumbent',
    ],
    [
      kfold !== undefined && job.continues === true,
      'kfold trains models from nothing, and cannot tell how many rounds the model of the channel model should go on: leave it out, or set model_channel=incumbent',
    ],
    [
      kfold !== undefined && distributed,
      `kfold is ${kfold}: cross-validation runs on one machine, not on ${job.hosts}`,
    ],
    [
      values.lambdarank_unbiased === true && distributed,
      `lambdarank_unbiased runs on one machine, not on ${job.hosts}: XGBoost would estimate another position bias on each`,
    ],
    [
      method === 'exact' && distributed,
      `tree_method exact runs on one machine, not on ${job.hosts}: use hist`,
    ],
  ]
  return rules.find(([isBroken]) => isBroken)?.[1]
}
