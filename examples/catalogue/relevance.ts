import type { LotTruth } from './catalogue.ts'
import type { Want } from './queries.ts'
import { createRandom } from './random.ts'

/** The constants of the hidden judge. README.md holds the formula. */
export const judgement = {
  /** How much each wish weighs beside the kind of thing, which weighs 1. */
  weights: { brand: 1, model: 0.7, material: 0.4, colour: 0.4, style: 0.3 },
  /** Another kind of thing in the right category, and a part where the whole was wanted (or the reverse). */
  otherKind: 0.45,
  notTheThing: 0.12,
  matchPower: 1.2,
  base: 0.2,
  price: 0.45,
  quality: 0.35,
  noise: 0.07,
  /** Worth at which the grade becomes 1, 2, 3 and 4. */
  thresholds: [0.11, 0.24, 0.38, 0.54],
} as const

/** Agreement of a lot with the wishes of a query, 0 to 1. */
export function matchOf(want: Want, lot: LotTruth): number {
  if (want.category !== lot.category) return 0
  const { weights } = judgement
  let asked = 1
  let met = 1
  const wish = (weight: number, wanted: unknown, has: unknown) => {
    if (wanted === null) return
    asked += weight
    if (wanted === has) met += weight
  }
  wish(weights.brand, want.brand, lot.brand)
  wish(weights.model, want.model, lot.model)
  wish(weights.material, want.material?.id ?? null, lot.material.id)
  wish(weights.colour, want.colour?.id ?? null, lot.colour.id)
  wish(weights.style, want.style?.id ?? null, lot.style?.id)
  const kind = want.kind === null || want.kind === lot.kind ? 1 : judgement.otherKind
  const thing = want.accessory === lot.accessory ? 1 : judgement.notTheThing
  return (kind * thing * met) / asked
}

/** How well a price suits, 0 to 1. `z` is how far the price lies above the budget, in logarithms. */
export function priceFitOf(want: Want, lot: LotTruth): number {
  const z = Math.log(lot.price / want.budget)
  switch (want.mood) {
    case 'cap':
      return logistic(-z / 0.05)
    case 'cheap':
      return logistic(-z / 0.2)
    case 'dear':
      return logistic(z / 0.2)
    case 'usual':
      return Math.exp(-(z * z) / (2 * 0.7 * 0.7))
  }
}

/** Worth of a lot to the person who asked, before noise. */
export function worthOf(want: Want, lot: LotTruth): number {
  const { matchPower, base, price, quality } = judgement
  const appeal = base + price * priceFitOf(want, lot) + quality * logistic(2 * lot.quality)
  return matchOf(want, lot) ** matchPower * appeal
}

/** The grade 0 to 4 that a worth earns. */
export function gradeOf(worth: number): number {
  return judgement.thresholds.filter((threshold) => worth >= threshold).length
}

/** A judge of a seed. The noise belongs to the pair: a judge asked twice gives one answer, in any order. */
export function createJudge(
  seed: number,
): (query: number, want: Want, lot: number, truth: LotTruth) => number {
  return (query, want, lot, truth) => {
    const worth = worthOf(want, truth)
    if (worth === 0) return 0
    const noise = createRandom(seed, `judge ${query} ${lot}`).normal()
    return gradeOf(worth + judgement.noise * noise)
  }
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
