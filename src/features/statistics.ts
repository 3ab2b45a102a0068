import type { Categories, Learnt, Rates, WordStatistics } from './fitted.ts'
import type { PlannedFeature } from './plan.ts'
import type { FeatureOf } from './spec.ts'

/** How many training rows have each value. */
type Counts = readonly (readonly [value: string, rows: number])[]

/** Sums of labels by kind, in all and by fold of the queries: `[kind, rows, sum, rows and sum of each fold…]`. */
export type LabelSums = readonly (readonly [kind: string, ...numbers: number[]])[]

/** What one host has seen of a feature: plain data that can be added up over hosts. */
export interface Seen {
  readonly counts?: Counts
  readonly words?: { readonly texts: number; readonly length: number; readonly counts: Counts }
  /** Level by level; the first level is all rows, with an empty kind. */
  readonly labels?: readonly LabelSums[]
  readonly dimension?: number
}

/** Most words that a model keeps; the rest occur in too few texts to matter. */
const MOST_WORDS = 200_000
/** Most values that a model remembers as others; rarer ones count as never seen. */
const MOST_OTHERS = 100_000

/** What all hosts together have seen. */
export function addSeen(parts: readonly (readonly Seen[])[]): Seen[] {
  if (parts.length === 1) return [...parts[0]!]
  return parts[0]!.map((_, feature) => {
    const all = parts.map((part) => part[feature]!)
    const { counts, words, labels } = all[0]!
    const dimension = all.find((one) => one.dimension !== undefined)?.dimension
    return {
      ...(counts && { counts: addUp(all.map((one) => one.counts!)) as unknown as Counts }),
      ...(words && {
        words: {
          texts: total(all.map((one) => one.words!.texts)),
          length: total(all.map((one) => one.words!.length)),
          counts: addUp(all.map((one) => one.words!.counts)) as unknown as Counts,
        },
      }),
      ...(labels && {
        labels: labels.map((_, level) => addUp(all.map((one) => one.labels![level]!)) as LabelSums),
      }),
      ...(dimension !== undefined && { dimension }),
    }
  })
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0)

function addUp(lists: readonly (readonly (readonly [string, ...number[]])[])[]): [string, ...number[]][] {
  const sums = new Map<string, number[]>()
  for (const [key, ...numbers] of lists.flat()) {
    const sum = sums.get(key)
    if (!sum) sums.set(key, numbers)
    else for (const [at, number] of numbers.entries()) sum[at]! += number
  }
  return [...sums].map(([key, numbers]) => [key, ...numbers])
}

/** Fits a feature to what was seen. */
export function learnFrom({ spec }: PlannedFeature, seen: Seen): Learnt {
  switch (spec.kind) {
    case 'categorical':
      return { categories: keepCategories(spec, seen.counts!) }
    case 'text':
      return seen.words ? { words: keepWords(seen.words) } : {}
    case 'prior':
      return { rates: ratesOf(spec, seen.labels!, (numbers) => [numbers[0]!, numbers[1]!]) }
    case 'embedding':
      return seen.dimension === undefined ? {} : { dimension: seen.dimension }
    default:
      return {}
  }
}

/** Most rows first, equal ones in the order of their text, so that the order of rows and hosts does not matter. */
function byRows([a, rowsOfA]: Counts[number], [b, rowsOfB]: Counts[number]): number {
  return rowsOfB - rowsOfA || (a < b ? -1 : 1)
}

function keepCategories(spec: FeatureOf<'categorical'>, counts: Counts): Categories {
  const ordered = counts.toSorted(byRows)
  const kept = ordered.filter(([, rows]) => rows >= spec.min_rows).slice(0, spec.max)
  const others = spec.other ? ordered.slice(kept.length, kept.length + MOST_OTHERS) : []
  return { values: kept.map(([value]) => value), others: others.map(([value]) => value) }
}

function keepWords({ texts, length, counts }: NonNullable<Seen['words']>): WordStatistics {
  const kept = counts
    .filter(([, many]) => many > 1)
    .sort(byRows)
    .slice(0, MOST_WORDS)
  return {
    texts,
    averageLength: texts === 0 ? 0 : length / texts,
    words: kept.map(([word]) => word),
    counts: kept.map(([, many]) => many),
  }
}

/**
 * Smoothed means, level by level: `(sum + smoothing · coarser) / (rows + smoothing)`, where `coarser` is the mean at
 * the level before, and at first the mean of all rows.
 * @param rowsAndSum picks the numbers to use: of all rows, or of some folds
 */
export function ratesOf(
  { smoothing }: FeatureOf<'prior'>,
  labels: readonly LabelSums[],
  rowsAndSum: (numbers: readonly number[]) => readonly [rows: number, sum: number],
): Rates {
  const [, ...all] = labels[0]?.[0] ?? ['', 0, 0]
  const [rows, sum] = rowsAndSum(all as number[])
  const mean = rows === 0 ? 0 : sum / rows
  let coarser = new Map<string, number>()
  const levels = labels.slice(1).map((level) => {
    const rates = new Map<string, number>()
    for (const [kind, ...numbers] of level) {
      const [rowsOfKind, sumOfKind] = rowsAndSum(numbers)
      const before = coarser.get(parentOf(kind)) ?? mean
      rates.set(kind, (sumOfKind + smoothing * before) / (rowsOfKind + smoothing))
    }
    coarser = rates
    return { kinds: [...rates.keys()], rates: [...rates.values()] }
  })
  return { mean, levels }
}

/** Separates the categories of a kind: `category\0brand`. */
export const KIND_SEPARATOR = '\0'

const parentOf = (kind: string): string => kind.slice(0, Math.max(0, kind.lastIndexOf(KIND_SEPARATOR)))
