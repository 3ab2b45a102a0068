import type { Lot } from './catalogue.ts'
import { conditions, simulatedNow } from './catalogue.ts'
import type { Intent } from './intent.ts'
import { readIntent } from './intent.ts'
import type { Candidate } from './retrieval.ts'
import { bm25, jaccard, tokens, trigrams } from './text.ts'

/** The columns, in the order of the values in a row. */
export const featureNames = [
  'retrieval_score',
  'bm25_title',
  'bm25_description',
  'title_overlap',
  'title_coverage',
  'description_overlap',
  'all_coverage',
  'title_first_position',
  'trigram_jaccard',
  'category_hit',
  'brand_hit',
  'query_length',
  'retail_price',
  'cost',
  'margin',
  'price_percentile',
  'price_to_cap',
  'price_fit',
  'condition_grade',
  'seller_rating',
  'photos',
  'title_length',
  'description_length',
  'age_days',
] as const

/**
 * Computes the rows of one query, one for each candidate, from what a server has at hand: the query as typed
 * and the candidate list. What is unknown is NaN.
 */
export function featureRows(query: string, candidates: readonly Candidate[], now = simulatedNow): number[][] {
  const intent = readIntent(query)
  const { words } = intent
  const pieces = trigrams(words)
  const texts = candidates.map(({ lot }) => textOf(lot))
  const titleScores = bm25(
    words,
    texts.map((text) => text.title),
  )
  const descriptionScores = bm25(
    words,
    texts.map((text) => text.description),
  )
  const percentiles = percentilesOf(candidates.map(({ lot }) => lot.retail_price))

  return candidates.map(({ lot, retrieval_score }, row) => {
    const text = texts[row]!
    const inTitle = words.filter((word) => text.titleSet.has(word)).length
    const inDescription = words.filter((word) => text.descriptionSet.has(word)).length
    const inAny = words.filter((word) => text.titleSet.has(word) || text.descriptionSet.has(word)).length
    const first = text.title.findIndex((word) => words.includes(word))
    const price = lot.retail_price ?? NaN
    const values: Record<(typeof featureNames)[number], number> = {
      retrieval_score,
      bm25_title: titleScores[row]!,
      bm25_description: descriptionScores[row]!,
      title_overlap: inTitle,
      title_coverage: inTitle / words.length,
      description_overlap: inDescription,
      all_coverage: inAny / words.length,
      title_first_position: first < 0 ? NaN : first,
      trigram_jaccard: jaccard(pieces, text.pieces),
      category_hit: text.category.some((word) => words.includes(word)) ? 1 : 0,
      brand_hit: lot.brand === null ? NaN : text.brand.every((word) => words.includes(word)) ? 1 : 0,
      query_length: words.length,
      retail_price: price,
      cost: lot.cost,
      margin: (price - lot.cost) / price,
      price_percentile: percentiles[row]!,
      price_to_cap: price / (intent.cap ?? NaN),
      price_fit: priceFit(intent, price, percentiles[row]!),
      condition_grade: lot.condition === null ? NaN : conditions.length - conditions.indexOf(lot.condition),
      seller_rating: lot.seller_rating ?? NaN,
      photos: lot.photos,
      title_length: text.title.length,
      description_length: text.description.length,
      age_days: (now - Date.parse(lot.listed_at)) / 86_400_000,
    }
    // Six decimals print short and read back as the same number, so a file and a server agree to the bit.
    return featureNames.map((name) => Math.round(values[name] * 1e6) / 1e6)
  })
}

/** How a price suits what the query says: NaN where it says nothing. */
function priceFit(intent: Intent, price: number, percentile: number): number {
  if (intent.cap !== null) return Number.isNaN(price) ? NaN : price <= intent.cap ? 1 : intent.cap / price
  if (intent.wish === 'cheap') return 1 - percentile
  if (intent.wish === 'dear') return percentile
  return NaN
}

/** Share of the other candidates that cost less, ties counted by half. */
function percentilesOf(prices: readonly (number | null)[]): number[] {
  const known = prices.filter((price) => price !== null)
  return prices.map((price) => {
    if (price === null) return NaN
    if (known.length < 2) return 0.5
    let below = -0.5
    for (const other of known) below += other < price ? 1 : other === price ? 0.5 : 0
    return below / (known.length - 1)
  })
}

type LotText = {
  title: string[]
  titleSet: Set<string>
  description: string[]
  descriptionSet: Set<string>
  pieces: Set<string>
  category: string[]
  brand: string[]
}

// A lot is a candidate of many queries; its words stay the same as long as the object lives.
const texts = new WeakMap<Lot, LotText>()

function textOf(lot: Lot): LotText {
  const known = texts.get(lot)
  if (known) return known
  const title = tokens(lot.title)
  const description = tokens(lot.description)
  const text = {
    title,
    titleSet: new Set(title),
    description,
    descriptionSet: new Set(description),
    pieces: trigrams(title),
    category: tokens(lot.category),
    brand: tokens(lot.brand ?? ''),
  }
  texts.set(lot, text)
  return text
}
