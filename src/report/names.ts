import type { ReportData } from './report-data.ts'

/** A metric's name as people write it: NDCG@10. */
export function metricName(name: string): string {
  const [base = '', ...cutoff] = name.split('@')
  const known: Readonly<Record<string, string>> = { pre: 'Precision', aucpr: 'AUC-PR', error: 'Error rate' }
  return [known[base] ?? base.toUpperCase(), ...cutoff].join('@')
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
