import type { LotTruth } from './catalogue.ts'
import { typicalPrice } from './catalogue.ts'
import { cheapWords, dearWords } from './intent.ts'
import type { Random } from './random.ts'
import { createRandom } from './random.ts'
import type { Brand, Category, Concept } from './words.ts'

/** A search as it was typed. */
export type Query = { id: number; text: string }

/** What the person had in mind. Only the simulated judge may read it. */
export type Want = {
  category: Category
  /** None for a broad search such as "watches under 200". */
  kind: Concept | null
  brand: Brand | null
  model: string | null
  colour: Concept | null
  material: Concept | null
  style: Concept | null
  accessory: string | null
  /** How the price is minded: a limit, as low as may be, the best, or about the budget. */
  mood: 'cap' | 'cheap' | 'dear' | 'usual'
  /** What the person is ready to pay. */
  budget: number
}

/** Queries, and what was meant by them. */
export type Queries = {
  queries: Query[]
  /** One for each query, in the same order. */
  wants: Want[]
}

/**
 * Makes queries that the lots could answer, each text once, so that no query of the test part was also
 * trained on. Throws where the lots give too few different queries.
 */
export function makeQueries(options: {
  seed: number
  queries: number
  truths: readonly LotTruth[]
}): Queries {
  const { seed, queries: count, truths } = options
  const random = createRandom(seed, 'queries')
  const texts = new Set<string>()
  const queries: Query[] = []
  const wants: Want[] = []
  for (let tries = 0; queries.length < count; tries++) {
    if (tries > 50 * count)
      throw new Error(`${truths.length} lots gave ${queries.length} of ${count} queries`)
    // A want starts at a lot that exists: people search for what such a shop could have.
    const want = wantOf(random, random.pick(truths))
    const text = typed(random, want)
    if (texts.has(text)) continue
    texts.add(text)
    queries.push({ id: queries.length + 1, text })
    wants.push(want)
  }
  return { queries, wants }
}

function wantOf(random: Random, lot: LotTruth): Want {
  // 0 is broad ("blue rug"), 1 knows exactly ("black leica m6 rangefinder").
  const narrow = random.next()
  const keep = <T>(value: T, probability: number): T | null => (random.chance(probability) ? value : null)
  const accessory = lot.accessory === null ? null : keep(lot.accessory, 0.5)
  const brand = keep(lot.brand, 0.1 + 0.6 * narrow)
  const kind = accessory === null ? keep(lot.kind, 0.55 + 0.55 * narrow) : lot.kind
  const { mood, budget } = priceMind(random, typicalPrice({ category: lot.category, kind, brand }))
  return {
    category: lot.category,
    kind,
    brand,
    model: brand && keep(lot.model, 0.2 + 0.5 * narrow),
    colour: keep(lot.colour, 0.1 + 0.3 * narrow),
    material: keep(lot.material, 0.1 + 0.3 * narrow),
    style: keep(lot.style, 0.2 + 0.3 * narrow),
    accessory,
    mood,
    budget: accessory === null ? budget : budget * 0.14,
  }
}

function priceMind(random: Random, typical: number): { mood: Want['mood']; budget: number } {
  const u = random.next()
  if (u < 0.22) return { mood: 'cap', budget: nice(typical * Math.exp(0.1 + 0.45 * random.normal())) }
  if (u < 0.37) return { mood: 'cheap', budget: typical * Math.exp(-0.45 + 0.15 * random.normal()) }
  if (u < 0.47) return { mood: 'dear', budget: typical * Math.exp(0.35 + 0.15 * random.normal()) }
  return { mood: 'usual', budget: typical * Math.exp(0.4 * random.normal()) }
}

function nice(price: number): number {
  const step = price < 50 ? 5 : price < 200 ? 25 : price < 1000 ? 50 : 500
  return Math.max(step, Math.round(price / step) * step)
}

function typed(random: Random, want: Want): string {
  const { category, kind, brand, model, colour, material, style, accessory, mood, budget } = want
  const thing = kind ? random.pick(kind.forms) : random.pick(category.forms)
  const before = [style, colour, material].flatMap((concept) => (concept ? [random.pick(concept.forms)] : []))
  const names = [brand?.name, model].flatMap((name) => (name ? [name] : []))
  const described = random.chance(0.75) ? [...before, ...names, thing] : [...names, thing, ...before]
  const parts = accessory === null ? described : [accessory, 'for', ...described]
  if (mood === 'cap') parts.push(`${random.pick(['under', 'below', 'less than', 'up to', 'max'])} ${budget}`)
  if (mood === 'cheap') parts.unshift(random.pick(cheapWords))
  if (mood === 'dear') parts.unshift(random.pick(dearWords))
  const text = parts.join(' ')
  const slipped = random.chance(0.12) ? slip(random, text) : text
  return random.chance(0.85) ? slipped.toLowerCase() : slipped
}

/** A slip of the fingers in one longer word: a letter left out, doubled, or swapped with the next. */
function slip(random: Random, text: string): string {
  const words = text.split(' ')
  const long = words.flatMap((word, at) => (/^[a-z]{5,}$/i.test(word) ? [at] : []))
  if (long.length === 0) return text
  const at = random.pick(long)
  const word = words[at]!
  const i = random.whole(1, word.length - 2)
  const ends = [word.slice(i + 1), word.slice(i), word.charAt(i + 1) + word.charAt(i) + word.slice(i + 2)]
  const [without, doubled, swapped] = ends as [string, string, string]
  words[at] = random.pick([
    word.slice(0, i) + without,
    word.slice(0, i + 1) + doubled,
    word.slice(0, i) + swapped,
  ])
  return words.join(' ')
}
