import { counted, difference, metric, percent } from './format.ts'
import { cut } from './html.ts'
import { baselinePhrase, metricName } from './names.ts'
import type { ReportData } from './report-data.ts'

const OVERFIT_GAP = 0.1
const MUCH_MISSING = 0.3
const FEW_QUERIES = 100
const PERFECT = 0.95
const SHIFTED = 0.25
/** With fewer rows, shifts are chance. */
const ROWS_TO_SHIFT = 1000
const MANY_EMPTY = 0.2
const FALLEN = 0.01

/**
 * What a reader should know before trusting the numbers, in plain sentences, gravest first. They hold names from the
 * data unescaped.
 */
export function findWarnings(data: ReportData): string[] {
  return [
    ...ofLabels(data),
    ...ofLeakage(data),
    ...ofHeldOut(data),
    ...ofComparisons(data),
    ...ofCurve(data),
    ...ofQueries(data),
    ...ofFeatures(data),
  ]
}

const judgedChannel = (data: ReportData) => data.channels.find(({ name }) => name === data.judged)

function* ofLabels({ channels }: ReportData): Generator<string> {
  for (const { name, profile } of channels) {
    const [only, ...others] = profile.labels ?? []
    if (only && others.length === 0) {
      yield `Every row of ${name} has the label ${only[0]}: there is nothing to tell apart.`
    }
  }
}

function* ofLeakage(data: ReportData): Generator<string> {
  const ndcg = (name: string) => data.comparison?.baselines.find((one) => one.name === name)?.mean ?? 0
  // If chance does as well, a high value means nothing.
  if (ndcg('random') > 0.9) return
  const best = ndcg('best_single_feature')
  if (best > PERFECT && data.bestFeature) {
    yield `The feature ${quoted(data.bestFeature.feature)} alone reaches NDCG@10 ${metric(best)}: check that it is known when a ranking is made, and is not made from the label.`
  }
  if (ndcg('input_order') > PERFECT) {
    yield `The rows of the file are nearly in order of their labels (NDCG@10 ${metric(ndcg('input_order'))}): rows with equal scores keep that order, which flatters every number here.`
  }
}

function* ofHeldOut(data: ReportData): Generator<string> {
  if (data.judged === 'train') {
    yield 'There is no validation or test channel: every number here is of the rows that the ranker learnt from, which flatters it.'
    return
  }
  const key = 'ndcg@10'
  const train = data.channels.find(({ name }) => name === 'train')?.metrics[key]
  const heldOut = judgedChannel(data)?.metrics[key]
  if (train !== undefined && heldOut !== undefined && train - heldOut > OVERFIT_GAP) {
    yield `NDCG@10 on train is ${metric(train - heldOut)} above ${data.judged}: the ranker has learnt peculiarities of its training data. More data, fewer or shallower trees, or early stopping help.`
  }
}

function* ofComparisons(data: ReportData): Generator<string> {
  for (const { name, mean, difference: gap } of data.comparison?.baselines ?? []) {
    // A file sorted by label has its own warning above.
    if (gap.low > 0 || (name === 'input_order' && mean > PERFECT)) continue
    const interval = `${difference(gap.mean)} NDCG@10, 95 % interval ${difference(gap.low)} to ${difference(gap.high)}`
    yield gap.high < 0
      ? `The ranker is worse than ${baselinePhrase(name)} (${interval}).`
      : `It is not certain that the ranker beats ${baselinePhrase(name)}: the interval includes 0 (${interval}).`
  }
}

function* ofCurve({ curve }: ReportData): Generator<string> {
  const { patience, kept, planned, rounds, metric: name, maximised } = curve
  const watched = curve.series.find((one) => one.name === 'validation')?.values
  if (patience !== undefined) {
    if (kept === planned - 1) {
      yield `Validation was still getting better in the last round: more rounds (num_round above ${planned}) may give a better ranker.`
    }
    return
  }
  if (!watched || watched.length === 0) return
  const best = maximised ? Math.max(...watched) : Math.min(...watched)
  const lost = Math.abs(watched.at(-1)! - best)
  if (lost > FALLEN * Math.max(Math.abs(best), 1e-9)) {
    yield `Validation was best at round ${rounds[watched.indexOf(best)]} and has lost ${metric(lost)} ${metricName(name)} since: early_stopping_rounds would keep the best round.`
  }
}

function* ofQueries(data: ReportData): Generator<string> {
  const queries = judgedChannel(data)?.profile.queries
  if (!queries) return
  if (queries.count < FEW_QUERIES) {
    yield `Only ${counted(queries.count, 'query', 'queries')} of ${data.judged} are judged: read the numbers as rough.`
  }
  if (queries.withoutRelevantRow > MANY_EMPTY * queries.count) {
    const without = judgedChannel(data)?.metrics['ndcg@10_without_empty_queries']
    yield `${percent(queries.withoutRelevantRow / queries.count)} of the queries of ${data.judged} have no relevant row and count as NDCG 1${without === undefined ? '' : `; without them NDCG@10 is ${metric(without)}`}.`
  }
  if (queries.ofOneRow > MANY_EMPTY * queries.count) {
    yield `${percent(queries.ofOneRow / queries.count)} of the queries of ${data.judged} have a single row: there is nothing to order in them, and they count as NDCG 1.`
  }
}

function* ofFeatures({ features, drift, channels }: ReportData): Generator<string> {
  const named = (chosen: readonly string[]) =>
    `${chosen.slice(0, 3).map(quoted).join(', ')}${chosen.length > 3 ? ` and ${chosen.length - 3} more` : ''}`
  const that = (chosen: readonly string[], one: string, many: string) => (chosen.length === 1 ? one : many)
  const names = (keep: (feature: (typeof features.features)[number], index: number) => boolean) =>
    features.features.filter(keep).map((feature) => feature.name)

  const missing = names((feature) => feature.missing > MUCH_MISSING)
  if (missing.length > 0) {
    yield `${counted(missing.length, 'feature')} ${that(missing, 'is', 'are')} missing in over 30 % of the rows: ${named(missing)}.`
  }
  const constant = names((feature) => feature.distinct === 1 && feature.missing === 0)
  if (constant.length > 0) {
    yield `${counted(constant.length, 'feature')} ${that(constant, 'has', 'have')} one and the same value in all rows looked at: ${named(constant)}.`
  }
  const other = channels.find(({ name }) => name === drift?.channel)
  if (!drift || !other || other.profile.rows < ROWS_TO_SHIFT) return
  const shifted = names((_, index) => drift.values[index]! > SHIFTED)
  if (shifted.length > 0) {
    yield `${counted(shifted.length, 'feature')} ${that(shifted, 'is', 'are')} distributed otherwise in ${drift.channel} than in train: ${named(shifted)}.`
  }
}

const quoted = (name: string): string => `“${cut(name, 40)}”`
