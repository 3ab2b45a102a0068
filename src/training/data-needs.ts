import type { Dataset } from '../data/dataset/dataset.ts'
import { evalMetrics, isOfQueries, metricLabels } from './eval-metrics.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import { isRanking, type LabelKind, objectiveOf } from './objective.ts'

/** Grades above this overflow the exponential gain of XGBoost's NDCG. */
const MAX_GRADE = 31

/** For each kind of label, what is wanted of one that will not do. */
const LABELS: Readonly<Record<LabelKind, readonly [(label: number) => boolean, string]>> = {
  any: [() => true, 'a finite number'],
  binary: [(label) => label === 0 || label === 1, '0 or 1'],
  graded: [
    (label) => label >= 0 && label <= MAX_GRADE && Number.isInteger(label),
    `a whole grade from 0 to ${MAX_GRADE}`,
  ],
  share: [(label) => label >= 0 && label <= 1, 'a number from 0 to 1'],
  fromZero: [(label) => label >= 0, 'a number from 0'],
  aboveZero: [(label) => label > 0, 'a number above 0'],
  aboveMinusOne: [(label) => label > -1, 'a number above -1'],
}

/** Whether a label is of a kind; a grade may be any number from 0 where its gain is linear. */
export function isLabel(
  label: number,
  kind: LabelKind,
  { ndcg_exp_gain: exponential }: Hyperparameters,
): boolean {
  return LABELS[kind === 'graded' && exponential === false ? 'fromZero' : kind][0](label)
}

/** A check of a job's labels, by objective and metrics, that says what was wanted of one that will not do. */
export function labelCheck(values: Hyperparameters): (label: number) => string | undefined {
  const needs = [
    { by: values.objective, kind: objectiveOf(values).labels },
    ...metricLabels(values).map(({ metric, kind }) => ({ by: `the metric ${metric}`, kind })),
  ]
  return (label) => {
    const unmet = needs.find(({ kind }) => !isLabel(label, kind, values))
    if (!unmet) return undefined
    const { by, kind } = unmet
    if (kind === 'graded')
      return values.ndcg_exp_gain === false
        ? LABELS.fromZero[1]
        : `${LABELS.graded[1]} (with ndcg_exp_gain=false any number from 0)`
    return `${LABELS[kind][1]} for ${by}${kind === 'binary' && isRanking(values.objective) ? '; rank:ndcg takes grades' : ''}`
  }
}

/** Whether a job has to know the queries of its rows; where it does not, it uses a group column that is there. */
export function needsGroups(values: Hyperparameters): boolean {
  return (
    isRanking(values.objective) ||
    evalMetrics(values).some(isOfQueries) ||
    values.validation_fraction !== undefined ||
    values.kfold !== undefined
  )
}

/**
 * Whether training reads the feature values themselves again and again, as exact and approx splits and tree
 * refreshing do. Other methods need only the bin of each value, an eighth of the memory.
 */
export function needsRawValues({ tree_method: method, updater, process_type }: Hyperparameters): boolean {
  return (
    method === 'exact' ||
    method === 'approx' ||
    process_type === 'update' ||
    updater?.some((step) => step !== 'grow_quantile_histmaker' && step !== 'prune') === true
  )
}

/**
 * The data as XGBoost is to see it. An objective that scores rows one by one takes a weight a row, and its metrics
 * run over all rows. Queries then serve this product's own metrics only, unless one of XGBoost's asks for them.
 */
export function asTrained(data: Dataset, values: Hyperparameters): Dataset {
  if (!data.groups || isRanking(values.objective) || evalMetrics(values).some(isOfQueries)) return data
  const { groups, weights, ...rest } = data
  if (!weights) return rest
  const ofRows = new Float32Array(data.rows)
  let row = 0
  for (const [query, size] of groups.sizes.entries()) {
    ofRows.fill(weights[query]!, row, row + size)
    row += size
  }
  return { ...rest, weights: ofRows }
}
