import { batchesOf, type Dataset } from '../data/dataset/dataset.ts'
import { type MemoryLimit, RowBuffer, type RowStore } from '../data/dataset/row-store.ts'
import { hashText } from '../data/hash.ts'
import { tableName } from './columns.ts'
import type { FittedFeatures } from './fitted.ts'
import type { FeaturePipeline } from './pipeline.ts'
import type { FeaturePlan, PlannedFeature } from './plan.ts'
import { eachKind, lookupOf, type OutOfFold, type PriorLookup } from './prior.ts'
import type { RawRows } from './raw-rows.ts'
import { type FeatureOf, type FeatureSpec, specError } from './spec.ts'
import { addSeen, learnFrom, ratesOf, type Seen } from './statistics.ts'
import { joinedText } from './text.ts'
import type { Texts } from './texts.ts'
import { tokenize, withoutPlural } from './tokens.ts'

/** Labels and queries of the rows, in the order of the raw rows. */
export type Judged = Pick<Dataset, 'labels' | 'groups' | 'rows'>

const BATCH_ROWS = 1 << 12

/**
 * What these rows tell about each feature. @param source where the spec came from. @throws {RankerError}
 * BAD_FEATURE_SPEC.
 */
export function lookThrough(plan: FeaturePlan, raw: RawRows, judged: Judged, source: string): Seen[] {
  return plan.features.map((feature, index): Seen => {
    const { spec, columns } = feature
    switch (spec.kind) {
      case 'categorical':
        return { counts: [...raw.countTexts(columns[0]!)] }
      case 'text':
        return spec.measures?.includes('bm25') ? { words: countWords(spec, columns, raw, judged) } : {}
      case 'prior':
        return { labels: sumLabels(feature, spec, raw, judged) }
      case 'embedding': {
        const dimensions = columns.map((place) => raw.dimensions[place]!)
        const [first, second] = dimensions.filter((dimension) => dimension > 0)
        if (second !== undefined && second !== first) {
          const fault = `compares vectors of ${first} values in ${tableName(raw.columns[columns[0]!]!)} with vectors of ${second} in ${tableName(raw.columns[columns[1]!]!)}: wanted the same length`
          throw specError(source, ['features', index], fault)
        }
        return first === undefined ? {} : { dimension: first }
      }
      default:
        return {}
    }
  })
}

/**
 * Fits the features to what all hosts have seen. @throws {RankerError} BAD_FEATURE_SPEC for a feature that has no
 * value in any row.
 */
export function learn(
  spec: FeatureSpec,
  plan: FeaturePlan,
  parts: readonly (readonly Seen[])[],
  source: string,
): { fitted: FittedFeatures; seen: readonly Seen[] } {
  const seen = addSeen(parts)
  const learnt = plan.features.map((feature, index) => {
    const { kind } = feature.spec
    const refuse = (what: string) => {
      const names = feature.columns.map((place) => tableName(plan.columns[place]!)).join(' or ')
      throw specError(source, ['features', index], `needs ${what} in ${names}, and training has none`)
    }
    if (kind === 'embedding' && seen[index]!.dimension === undefined) refuse('a vector')
    if (kind === 'categorical' && seen[index]!.counts!.length === 0) refuse('a value')
    return learnFrom(feature, seen[index]!)
  })
  return { fitted: { version: 1, spec, learnt }, seen }
}

/** Counts the words of each different text once. */
function countWords(
  spec: FeatureOf<'text'>,
  columns: readonly number[],
  raw: RawRows,
  judged: Judged,
): NonNullable<Seen['words']> {
  const counts = new Map<string, number>()
  let texts = 0
  let length = 0
  const add = (text: string) => {
    const words = tokenize(text)
    const tokens = spec.plurals ? words.map(withoutPlural) : words
    texts++
    length += tokens.length
    for (const word of new Set(tokens)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const places = columns.slice(0, [spec.column].flat().length)
  if (places.length === 1) for (const text of raw.countTexts(places[0]!).keys()) add(text)
  else eachDifferentText(places, raw, judged, add)
  return { texts, length, counts: [...counts] }
}

/** Joined texts of several columns, which are not stored: two with the same 32-bit hash count as the same. */
function eachDifferentText(
  places: readonly number[],
  raw: RawRows,
  judged: Judged,
  visit: (text: string) => void,
): void {
  const textOf = joinedText(places, raw.columns)
  const seen = new Set<number>()
  eachBatch(raw, judged, (batch) => {
    for (let query = 0, row = 0; query < batch.sizes.length; query++) {
      for (let item = 0; item < batch.sizes[query]!; item++, row++) {
        const text = textOf(batch, query, row)
        if (text === undefined) continue
        const hash = hashText(text)
        if (seen.has(hash)) continue
        seen.add(hash)
        visit(text)
      }
    }
  })
}

/** The id of a row's query, which decides its fold. */
const idOf = ({ groups }: Judged, query: number): string => groups?.ids[query] ?? String(query)

const foldOf = (judged: Judged, query: number, folds: number): number => hashText(idOf(judged, query)) % folds

function sumLabels(
  { columns }: PlannedFeature,
  { folds }: FeatureOf<'prior'>,
  raw: RawRows,
  judged: Judged,
): NonNullable<Seen['labels']> {
  const levels = Array.from({ length: columns.length + 1 }, () => new Map<string, number[]>())
  const add = (level: number, kind: string, fold: number, label: number) => {
    const sums = levels[level]!.get(kind) ?? new Array<number>(2 + 2 * folds).fill(0)
    levels[level]!.set(kind, sums)
    sums[0]!++
    sums[1]! += label
    sums[2 + 2 * fold]!++
    sums[3 + 2 * fold]! += label
  }
  eachBatch(raw, judged, (batch, { from, firstQuery }) => {
    for (let query = 0, row = 0; query < batch.sizes.length; query++) {
      const fold = foldOf(judged, firstQuery + query, folds)
      for (let item = 0; item < batch.sizes[query]!; item++, row++) {
        const label = judged.labels[from + row]!
        add(0, '', fold, label)
        eachKind(batch, columns, raw.columns, query, row, (kind, level) => {
          add(level + 1, kind, fold, label)
          return true
        })
      }
    }
  })
  return levels.map((level) => [...level].map(([kind, sums]) => [kind, ...sums] as const))
}

type OnBatch = (
  batch: ReturnType<RawRows['batch']>,
  place: { readonly from: number; readonly firstQuery: number },
) => void

/** Visits the rows in batches of whole queries; without queries, row by row. */
function eachBatch(raw: RawRows, judged: Judged, visit: OnBatch): void {
  for (const { from, to, firstQuery, lastQuery } of batchesOf(judged, BATCH_ROWS)) {
    const sizes = judged.groups?.sizes.subarray(firstQuery, lastQuery) ?? new Uint32Array(to - from).fill(1)
    visit(raw.batch(from, to, firstQuery, lastQuery, sizes), { from, firstQuery })
  }
}

/** What tells training rows from others: what all hosts have seen, and the plan that it is of. */
export interface TrainingRows {
  readonly plan: FeaturePlan
  readonly seen: readonly Seen[]
}

/** Computes the features of raw rows, batch by batch. @param training of the rows that are learnt from. */
export function transformRows(
  pipeline: FeaturePipeline,
  raw: RawRows,
  judged: Judged,
  memory: MemoryLimit | undefined,
  training?: TrainingRows,
): RowStore {
  const { width } = pipeline
  const rows = new RowBuffer(width, memory)
  const outOfFold = training && rowsOutOfFold(training, judged, raw.texts)
  let values = new Float32Array(0)
  try {
    eachBatch(raw, judged, (batch, { firstQuery }) => {
      if (values.length < batch.rows * width) values = new Float32Array(batch.rows * width)
      const run = outOfFold && {
        training: { outOfFold: (feature: number, query: number) => outOfFold(feature, firstQuery + query) },
      }
      pipeline.transform(batch, values, run)
      for (let row = 0; row < batch.rows; row++) {
        const { block, at } = rows.extend()
        block.set(values.subarray(row * width, (row + 1) * width), at)
      }
    })
    return rows.finish(
      Int32Array.from({ length: width }, (_, at) => at),
      undefined,
    )
  } catch (thrown) {
    rows.close()
    throw thrown
  }
}

/** The rates for the rows of each query, computed from the queries in the other folds. */
function rowsOutOfFold({ plan, seen }: TrainingRows, judged: Judged, texts: Texts): OutOfFold {
  const lookups = plan.features.map(({ spec }, feature): PriorLookup[] => {
    if (spec.kind !== 'prior') return []
    return Array.from({ length: spec.folds }, (_, fold) =>
      lookupOf(
        ratesOf(spec, seen[feature]!.labels!, (sums) => [
          sums[0]! - sums[2 + 2 * fold]!,
          sums[1]! - sums[3 + 2 * fold]!,
        ]),
        texts,
      ),
    )
  })
  return (feature, query) => {
    const folds = lookups[feature]!
    return folds[foldOf(judged, query, folds.length)]!
  }
}
