import type { ReportData } from './report-data.ts'

const METRIC_NAMES: Readonly<Record<string, string>> = {
  pre: 'Precision',
  precision: 'Precision',
  auc: 'AUC',
  aucpr: 'AUC-PR',
}

/** A metric's name as people write it: NDCG@10. */
export function metricName(name: string): string {
  const [base = '', ...cutoff] = name.split('@')
  const acronym = /^(ndcg|map|mrr|err|rmse|rmsle|mae|mape|mphe)$/.test(base) ? base.toUpperCase() : base
  return [METRIC_NAMES[base] ?? acronym, ...cutoff].join('@')
}

const BASELINE_NAMES: Readonly<Record<string, readonly [label: string, phrase: string]>> = {
  random: ['Random order', 'a random order'],
  input_order: ['Order of the file', 'the order of the file'],
  best_single_feature: ['Best single feature', 'the best single feature'],
  incumbent: ['Incumbent model', 'the incumbent model'],
}

/** What a baseline is, as a label. The name of the best feature is text from the data: callers escape it. */
export function baselineLabel(name: string, { bestFeature }: ReportData): string {
  const label = BASELINE_NAMES[name]?.[0] ?? name
  if (name !== 'best_single_feature' || !bestFeature) return label
  return `${label}: ${bestFeature.feature}${bestFeature.order === 'ascending' ? ', low first' : ''}`
}

/** What a baseline is, inside a sentence. */
export const baselinePhrase = (name: string): string => BASELINE_NAMES[name]?.[1] ?? name
