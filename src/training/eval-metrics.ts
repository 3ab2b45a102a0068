import type { RefusedValue } from './hyperparameters/kinds.ts'
import type { Hyperparameters } from './hyperparameters/schema.ts'
import { isRanking, type LabelKind, objectiveOf } from './objective.ts'

interface Family {
  readonly pattern: RegExp
  /** As help says it. */
  readonly words: string
  /** Whether more of it is better. */
  readonly maximise?: true
  /** Whether it measures the order of a query's rows. */
  readonly ofQueries?: true
  readonly labels?: LabelKind
  /** Why it does not suit the objective; undefined if it does. */
  readonly unsuited: (objective: string, link: string | undefined) => string | undefined
}

const anything = () => undefined
const forBinary = (objective: string): string | undefined =>
  isRanking(objective) || objective.startsWith('binary:') || objective === 'reg:logistic'
    ? undefined
    : 'it is of two classes or of ranked rows'
const forProbabilities = (objective: string, link: string | undefined): string | undefined =>
  link === 'logistic' || objective === 'binary:hinge' ? undefined : 'it is of probabilities'
const forValues = (objective: string): string | undefined =>
  isRanking(objective)
    ? 'it compares scores with labels, and a ranking only orders rows by their scores'
    : undefined
const forLogLink = (_: string, link: string | undefined): string | undefined =>
  link === 'log' ? undefined : 'it is of scores that are never negative'
const only =
  (wanted: string) =>
  (objective: string): string | undefined =>
    objective === wanted ? undefined : `it is the loss of ${wanted}`

/**
 * The metrics of XGBoost 3.4.1 that suit one score a row (src/metric/*.cc). A `-` at the end counts a query without a
 * relevant row as 0 instead of 1.
 */
const FAMILIES: readonly Family[] = [
  {
    pattern: /^ndcg(@[1-9]\d{0,8})?-?$/,
    words: 'ndcg, ndcg@k',
    maximise: true,
    ofQueries: true,
    labels: 'graded',
    unsuited: anything,
  },
  {
    pattern: /^map(@[1-9]\d{0,8})?-?$/,
    words: 'map, map@k (each also with a - at the end)',
    maximise: true,
    ofQueries: true,
    labels: 'binary',
    unsuited: anything,
  },
  {
    pattern: /^pre(@[1-9]\d{0,8})?$/,
    words: 'pre, pre@k',
    maximise: true,
    ofQueries: true,
    labels: 'binary',
    unsuited: anything,
  },
  { pattern: /^auc$/, words: 'auc', maximise: true, unsuited: forBinary },
  { pattern: /^aucpr$/, words: 'aucpr', maximise: true, labels: 'binary', unsuited: forBinary },
  { pattern: /^logloss$/, words: 'logloss', unsuited: forProbabilities },
  { pattern: /^error(@(0?\.\d{1,6}|[01]))?$/, words: 'error, error@threshold', unsuited: forProbabilities },
  { pattern: /^(rmse|mae|mape|mphe)$/, words: 'rmse, mae, mape, mphe', unsuited: forValues },
  { pattern: /^rmsle$/, words: 'rmsle', labels: 'aboveMinusOne', unsuited: forValues },
  { pattern: /^poisson-nloglik$/, words: 'poisson-nloglik', labels: 'fromZero', unsuited: forLogLink },
  {
    pattern: /^gamma-(nloglik|deviance)$/,
    words: 'gamma-nloglik, gamma-deviance',
    labels: 'aboveZero',
    unsuited: forLogLink,
  },
  {
    pattern: /^tweedie-nloglik@1(\.\d{1,5})?$/,
    words: 'tweedie-nloglik@power',
    labels: 'fromZero',
    unsuited: forLogLink,
  },
  { pattern: /^quantile$/, words: 'quantile', unsuited: only('reg:quantileerror') },
  { pattern: /^expectile$/, words: 'expectile', unsuited: only('reg:expectileerror') },
]

/** The name of any metric that is known. */
export const METRIC = new RegExp(FAMILIES.map(({ pattern }) => pattern.source).join('|'))
export const METRICS_IN_WORDS = `metrics divided by commas, each once, of ${FAMILIES.map(({ words }) => words).join(', ')}`

export const REFUSED_METRICS: readonly RefusedValue[] = [
  {
    values: 'merror, mlogloss',
    pattern: /\b(merror|mlogloss)\b/,
    reason: 'metrics of several classes need a multi:* objective, and a ranker gives one score a row',
  },
  {
    values: 'aft-nloglik, cox-nloglik, interval-regression-accuracy',
    pattern: /\b(aft-nloglik|cox-nloglik|interval-regression-accuracy)\b/,
    reason: 'metrics of survival:* objectives, which are not supported',
  },
]

const familyOf = (metric: string): Family => FAMILIES.find(({ pattern }) => pattern.test(metric))!

/** The metrics to evaluate: those given, else what the objective optimises. */
export function evalMetrics(values: Hyperparameters): readonly string[] {
  if (values.eval_metric) return values.eval_metric
  const { metric } = objectiveOf(values)
  return [metric === 'tweedie-nloglik' ? `${metric}@${values.tweedie_variance_power ?? 1.5}` : metric]
}

/**
 * Whether more of a metric is better, whatever its `@k` or `-`: of `ndcg@10` it is, which AWS's container gets wrong by
 * looking up the whole name.
 */
export const isMaximised = (metric: string): boolean => familyOf(metric).maximise === true

/** Whether a metric measures the order of the rows of a query, and so needs to know them. */
export const isOfQueries = (metric: string): boolean => familyOf(metric).ofQueries === true

/** The labels that the metrics of a job need, beside those of its objective. */
export function metricLabels(values: Hyperparameters): { metric: string; kind: LabelKind }[] {
  return evalMetrics(values).flatMap((metric) => {
    const { labels } = familyOf(metric)
    return labels ? [{ metric, kind: labels }] : []
  })
}

/** What is wrong with the metrics for the objective, in a sentence. */
export function unsuitedMetric(values: Hyperparameters): string | undefined {
  const { link } = objectiveOf(values)
  for (const metric of values.eval_metric ?? []) {
    const reason = familyOf(metric).unsuited(values.objective, link)
    if (reason) return `eval_metric ${metric} does not suit the objective ${values.objective}: ${reason}`
  }
  return undefined
}
