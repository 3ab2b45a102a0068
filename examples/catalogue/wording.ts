import type { Condition, LotTruth } from './catalogue.ts'
import type { Random } from './random.ts'

/**
 * Writes a title that no other lot has. Most attributes are left out now and then, and synonyms are used, so
 * a title tells only part of what the lot is.
 */
export function titleOf(random: Random, truth: LotTruth, taken: Set<string>): string {
  const start = opening(random, truth)
  for (let round = 0; ; round++) {
    // Late rounds always name a reference, so the loop ends however many lots are asked for.
    const end = round < 4 ? random.pick(truth.category.details) : 'reference {ref}'
    const detailed = round > 0 || random.chance(0.75)
    const title = detailed ? `${start}, ${fill(random, end)}` : start
    if (taken.has(title)) continue
    taken.add(title)
    return title
  }
}

function opening(random: Random, truth: LotTruth): string {
  const { kind, brand, model, colour, material, style, accessory } = truth
  const parts: string[] = []
  if (style && random.chance(0.75)) parts.push(random.favour(style.forms))
  if (brand && random.chance(0.88)) parts.push(brand.name)
  if (model && random.chance(0.9)) parts.push(model)
  if (random.chance(0.45)) parts.push(random.favour(colour.forms))
  if (random.chance(0.5)) parts.push(random.favour(material.forms))
  parts.push(random.favour(kind.forms))
  const whole = parts.join(' ')
  return capital(accessory === null ? whole : `${accessory} for ${whole}`)
}

const states: Record<Condition, readonly string[]> = {
  new: ['Unused, as it left the shop.', 'Brand new.'],
  'like new': ['Hardly a mark on it.', 'Looks as new.'],
  good: ['Light wear in keeping with its age.', 'Good used order.'],
  fair: ['Some scratches and wear, see the photos.', 'Honest wear, all there.'],
  'for parts': ['Sold for parts or repair.', 'Needs work.'],
}

const remarks = [
  'Bought from the first owner.',
  'The box is {20-60} by {10-40} cm.',
  'All photos show the actual lot.',
  'Comes from a smoke free home.',
  'The receipt of {2001-2025} is included.',
  'Every mark is shown in the photos.',
  'Checked and cleaned before listing.',
  'Packed with care and sent insured.',
  'Collection in person is welcome.',
  'The maker is marked underneath.',
]

/** Writes a description. A careful seller says more; much that the title left out is said here. */
export function describe(random: Random, truth: LotTruth, condition: Condition | null, care: number): string {
  const { kind, brand, colour, material, style, accessory, category } = truth
  const thing: string[] = []
  if (style && random.chance(0.5)) thing.push(random.pick(style.forms))
  if (random.chance(0.6)) thing.push(random.pick(colour.forms))
  if (random.chance(0.6)) thing.push(random.pick(material.forms))
  thing.push(random.pick(kind.forms))
  const maker = brand && random.chance(0.7) ? ` by ${brand.name}` : ''
  const sentences = [
    accessory === null
      ? `${capital(thing.join(' '))}${maker}.`
      : `${capital(accessory)}, made for the ${thing.join(' ')}${maker}.`,
  ]
  if (condition && random.chance(0.8)) sentences.push(random.pick(states[condition]))
  const more = Math.min(6, Math.max(0, Math.round(2.4 + 1.3 * care + 0.7 * random.normal())))
  const from = random.whole(0, remarks.length - 1)
  for (let i = 0; i < more; i++) sentences.push(fill(random, remarks[(from + 3 * i) % remarks.length]!))
  // Naming another maker is what sellers do to be found; to a matcher of words it looks like the real thing.
  if (random.chance(0.12)) sentences.push(`Would go well with ${random.pick(category.brands).name}.`)
  if (random.chance(0.08)) sentences.push(`Like a ${random.pick(category.kinds).forms[0]!}, only better.`)
  return sentences.join(' ')
}

function fill(random: Random, text: string): string {
  return text
    .replace(/\{(\d+)-(\d+)\}/g, (_, low, high) => String(random.whole(Number(low), Number(high))))
    .replace(/\{ref\}/g, () => `${random.pick(['A', 'B', 'K', 'M', 'R', 'T'])}${random.whole(1000, 99_999)}`)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
