import { categories } from './categories.ts'
import type { Random } from './random.ts'
import { createRandom } from './random.ts'
import { describe, titleOf } from './wording.ts'
import type { Brand, Category, Concept } from './words.ts'
import { colours } from './words.ts'

/** States of a used thing, best first. */
export const conditions = ['new', 'like new', 'good', 'fair', 'for parts'] as const

/** One of `conditions`. */
export type Condition = (typeof conditions)[number]

/** A lot as the shop shows it: all that a ranker may see. */
export type Lot = {
  id: string
  title: string
  description: string
  category: string
  brand: string | null
  condition: Condition | null
  retail_price: number | null
  cost: number
  listed_at: string
  seller: string
  /** 1 to 5; a new seller has none. */
  seller_rating: number | null
  photos: number
}

/** What the lot really is. Only the simulated judge may read it. */
export type LotTruth = {
  category: Category
  kind: Concept
  brand: Brand | null
  model: string | null
  colour: Concept
  material: Concept
  style: Concept | null
  /** Not the thing itself but a part for it, such as a strap. */
  accessory: string | null
  /** Price that a buyer expects to pay, known even where the shop has no price guide. */
  price: number
  /** How good the lot is at its price, as a standard normal. */
  quality: number
  condition: number
}

/** Lots, and what they really are. */
export type Catalogue = {
  lots: Lot[]
  /** One for each lot, in the same order; kept apart so that no feature can reach it through a lot. */
  truths: LotTruth[]
}

/** "Now" of the simulation: ages are counted back from it, and a clock would make each run different. */
export const simulatedNow = Date.parse('2026-11-01T00:00:00Z')

type Seller = { name: string; care: number; rating: number | null }

/** Makes a simulated catalogue. A longer catalogue of the same seed starts with the shorter one's lots. */
export function makeCatalogue(options: { seed: number; lots: number; now?: number }): Catalogue {
  const { seed, lots: count, now = simulatedNow } = options
  const random = createRandom(seed, 'lots')
  const sellers = makeSellers(createRandom(seed, 'sellers'))
  const titles = new Set<string>()
  const lots: Lot[] = []
  const truths: LotTruth[] = []
  for (let i = 0; i < count; i++) {
    const seller = random.favour(sellers)
    const truth = draw(random, seller)
    lots.push(show(random, truth, seller, { number: i + 1, now, titles }))
    truths.push(truth)
  }
  return { lots, truths }
}

function makeSellers(random: Random): Seller[] {
  return Array.from({ length: 400 }, (_, i) => {
    const care = random.normal()
    const rating = Math.min(5, Math.max(1, 4.3 + 0.35 * care + 0.2 * random.normal()))
    return {
      name: `seller-${String(i + 1).padStart(3, '0')}`,
      care,
      rating: random.chance(0.1) ? null : Math.round(rating * 10) / 10,
    }
  })
}

function draw(random: Random, seller: Seller): LotTruth {
  const category = random.favour(categories)
  const brand = random.chance(0.82) ? random.favour(category.brands) : null
  // A brand makes the kinds of its models, but one need not have that model.
  const known = brand && random.pick(brand.models)
  const kind = known?.kind ?? random.favour(category.kinds)
  const model = known && random.chance(0.7) ? known.name : null
  const material = random.favour(category.materials)
  const style = random.chance(0.6) ? random.pick(category.styles) : null
  const accessory = random.chance(0.1) ? random.pick(category.accessories) : null
  const condition = Math.min(4, Math.max(0, Math.round(1.6 + 1.1 * random.normal())))
  const quality = 0.5 * seller.care - 0.45 * (condition - 1.6) + 0.7 * random.normal()
  const price =
    typicalPrice({ category, kind, brand }) *
    material.price *
    (style?.price ?? 1) *
    (accessory === null ? 1 : 0.14) *
    [1.35, 1.15, 1, 0.75, 0.4][condition]! *
    Math.exp(category.spread * random.normal())
  return {
    category,
    kind,
    brand,
    model,
    colour: random.pick(colours),
    material,
    style,
    accessory,
    price: Math.max(4, price),
    quality,
    condition,
  }
}

/** What a plain example of the thing costs: what people have in mind when they call a price cheap. */
export function typicalPrice(of: { category: Category; kind: Concept | null; brand: Brand | null }): number {
  return of.category.price * (of.kind?.price ?? 1) * (of.brand?.price ?? 0.8)
}

/** Writes the listing: the truth shows through, but some of it is left out and some is said too kindly. */
function show(
  random: Random,
  truth: LotTruth,
  seller: Seller,
  options: { number: number; now: number; titles: Set<string> },
): Lot {
  const care = 0.6 * seller.care + 0.5 * truth.quality + 0.6 * random.normal()
  const title = titleOf(random, truth, options.titles)
  const said = random.chance(0.2) ? Math.max(0, truth.condition - 1) : truth.condition
  const condition = random.chance(0.05) ? null : conditions[said]!
  const retail = roundPrice(truth.price * Math.exp(0.08 * random.normal()))
  const wanted = truth.category.margin - 0.03 * truth.quality + 0.12 * random.normal()
  const margin = Math.min(0.69, Math.max(0.06, wanted))
  const days = Math.min(30, -4 * Math.log(1 - random.next()))
  return {
    id: `lot-${String(options.number).padStart(6, '0')}`,
    title,
    description: describe(random, truth, condition, care),
    category: truth.category.name,
    brand: truth.brand === null || random.chance(0.08) ? null : truth.brand.name,
    condition,
    retail_price: random.chance(0.05) ? null : retail,
    cost: Math.round(retail * (1 - margin) * 100) / 100,
    listed_at: new Date(options.now - Math.round(days * 86_400) * 1000).toISOString(),
    seller: seller.name,
    seller_rating: seller.rating,
    photos: Math.min(16, Math.max(0, Math.round(5 + 2.2 * care + random.normal()))),
  }
}

function roundPrice(price: number): number {
  if (price < 20) return Math.max(4, Math.round(price * 2) / 2)
  const step = price < 100 ? 1 : price < 1000 ? 5 : 50
  return Math.round(price / step) * step
}
