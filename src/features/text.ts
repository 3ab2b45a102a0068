import { hashText } from '../data/hash.ts'
import type { RawBatch, RawColumn, RawValues } from './columns.ts'
import type { CompiledFeature } from './compute.ts'
import type { WordStatistics } from './fitted.ts'
import { type Match, QueryText } from './query-text.ts'
import type { FeatureOf } from './spec.ts'
import { tokenize, withoutPlural } from './tokens.ts'
import { QueryTrigrams } from './trigrams.ts'

/** Okapi BM25's usual constants (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"). */
const K1 = 1.2
const B = 0.75

type Measure = NonNullable<FeatureOf<'text'>['measures']>[number]

/** A query's text with the weights of its words. */
interface Prepared {
  readonly text: QueryText
  readonly weights: Float64Array
  readonly trigrams: QueryTrigrams | undefined
}

/** Measures the text of each item against its query's. */
export function compileText(
  spec: FeatureOf<'text'>,
  name: string,
  places: readonly number[],
  columns: readonly RawColumn[],
  words: WordStatistics | undefined,
): CompiledFeature {
  const measures = spec.measures ?? []
  const { buckets = 0, ngrams = 1 } = spec.hash ?? {}
  const names = [
    ...measures.map((measure) => `${name}.${measure}`),
    ...Array.from({ length: buckets }, (_, bucket) => `${name}.h${bucket}`),
  ]
  const idf = inverseFrequencies(words)
  const count = [spec.column].flat().length
  const textOf = joinedText(places.slice(0, count), columns)
  const otherOf = joinedText(places.slice(count), columns)

  const compute = (batch: RawBatch): Float32Array[] => {
    const results = names.map(() => new Float32Array(batch.rows).fill(Number.NaN))
    let prepared: Prepared | undefined
    let preparedOf: string | undefined
    for (let query = 0, row = 0; query < batch.sizes.length; query++) {
      for (let item = 0; item < batch.sizes[query]!; item++, row++) {
        const text = textOf(batch, query, row)
        if (text === undefined) continue
        const other = otherOf(batch, query, row)
        if (other !== undefined && other !== preparedOf) {
          prepared = prepare(other, spec, idf)
          preparedOf = other
        }
        const mine = other === undefined ? undefined : prepared
        measureRow(text, mine, measures, words, results, row)
        if (buckets > 0) hashRow(text, spec.plurals, buckets, ngrams, results, measures.length, row)
      }
    }
    return results
  }
  return { names, compute }
}

/** The text of a row: its texts in several columns joined; undefined if it has none. */
export function joinedText(
  places: readonly number[],
  columns: readonly RawColumn[],
): (batch: RawBatch, query: number, row: number) => string | undefined {
  const isOfQuery = places.map((place) => columns[place]!.source === 'query')
  const [first] = places
  if (first !== undefined && places.length === 1) {
    return (batch, query, row) =>
      (batch.columns[first] as Extract<RawValues, { type: 'text' }>).values[isOfQuery[0] ? query : row]
  }
  return (batch, query, row) => {
    let text: string | undefined
    for (let at = 0; at < places.length; at++) {
      const { values } = batch.columns[places[at]!] as Extract<RawValues, { type: 'text' }>
      const part = values[isOfQuery[at] ? query : row]
      if (part !== undefined) text = text === undefined ? part : `${text}\n${part}`
    }
    return text
  }
}

function prepare(
  text: string,
  { plurals, measures }: FeatureOf<'text'>,
  idf: (word: string) => number,
): Prepared {
  const query = new QueryText(text, plurals)
  return {
    text: query,
    weights: Float64Array.from(query.words, idf),
    trigrams: measures?.includes('trigrams') ? new QueryTrigrams(text) : undefined,
  }
}

/** A query without a single word says nothing: everything but the length is missing then. */
function measureRow(
  text: string,
  query: Prepared | undefined,
  measures: readonly Measure[],
  words: WordStatistics | undefined,
  results: readonly Float32Array[],
  row: number,
): void {
  const says = query !== undefined && query.text.words.length > 0
  let match: Match | undefined
  for (let at = 0; at < measures.length; at++) {
    const measure = measures[at]!
    if (measure === 'length') {
      results[at]![row] = match?.length ?? (query ?? NO_QUERY).text.match(text).length
      continue
    }
    if (!says) continue
    if (measure === 'trigrams') {
      results[at]![row] = query.trigrams!.jaccard(text)
      continue
    }
    match ??= query.text.match(text)
    results[at]![row] = ofMatch(measure, match, query, words)
  }
}

const NO_QUERY: Prepared = { text: new QueryText(''), weights: new Float64Array(0), trigrams: undefined }

function ofMatch(
  measure: Exclude<Measure, 'length' | 'trigrams'>,
  match: Match,
  { weights }: Prepared,
  words: WordStatistics | undefined,
): number {
  const { counts } = match
  switch (measure) {
    case 'phrase':
      return match.phrase ? 1 : 0
    case 'first':
      return match.first < 0 ? Number.NaN : match.first
    case 'bm25': {
      const norm = K1 * (1 - B + (B * match.length) / Math.max(1, words!.averageLength))
      let sum = 0
      for (let word = 0; word < counts.length; word++) {
        const count = counts[word]!
        if (count > 0) sum += (weights[word]! * count * (K1 + 1)) / (count + norm)
      }
      return sum
    }
    default: {
      let shared = 0
      for (let word = 0; word < counts.length; word++) if (counts[word]! > 0) shared++
      return measure === 'shared' ? shared : shared / counts.length
    }
  }
}

/** ln(1 + (N - n + 0.5) / (n + 0.5)), which is above 0 for every word (Lucene's form). */
function inverseFrequencies(words: WordStatistics | undefined): (word: string) => number {
  if (!words) return () => 0
  const counts = new Map(words.words.map((word, at) => [word, words.counts[at]!]))
  const texts = Math.max(1, words.texts)
  return (word) => {
    const count = counts.get(word) ?? 1
    return Math.log1p((texts - count + 0.5) / (count + 0.5))
  }
}

function hashRow(
  text: string,
  plurals: boolean,
  buckets: number,
  ngrams: number,
  results: readonly Float32Array[],
  first: number,
  row: number,
): void {
  const words = tokenize(text)
  const tokens = plurals ? words.map(withoutPlural) : words
  for (let bucket = 0; bucket < buckets; bucket++) results[first + bucket]![row] = 0
  for (let at = 0; at + ngrams <= tokens.length; at++) {
    const ngram = ngrams === 1 ? tokens[at]! : tokens.slice(at, at + ngrams).join(' ')
    results[first + (hashText(ngram) % buckets)]![row]!++
  }
}
