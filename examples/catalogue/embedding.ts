import type { Lot } from './catalogue.ts'
import { categories } from './categories.ts'
import { createRandom } from './random.ts'
import { tokens, trigrams } from './text.ts'
import { colours } from './words.ts'

/** Length of a text vector. Short on purpose: chance likeness of short vectors is the noise of stage 1. */
export const dimensions = 48

/**
 * A toy text vector of length 1, standing in for a learned one. A word's vector mixes what it means (shared
 * by synonyms), where it is used (shared within a category), its spelling (shared with misspellings) and
 * the word itself.
 */
export function embed(text: string): Float32Array {
  const vector = new Float32Array(dimensions)
  addText(vector, text, 1)
  return unit(vector)
}

/** The vector under which a lot is found: mostly its title, a little of its category and description. */
export function embedLot(lot: Pick<Lot, 'title' | 'category' | 'description'>): Float32Array {
  const vector = new Float32Array(dimensions)
  addText(vector, lot.title, 1)
  addText(vector, lot.category, 0.6)
  addText(vector, lot.description, 0.15)
  return unit(vector)
}

const fillers = new Set(tokens('a an and as by for from in is it its no of on one only or since the to with'))
const words = new Map<string, Float32Array>()
let meanings: Map<string, string[]> | undefined

function addText(vector: Float32Array, text: string, weight: number): void {
  for (const word of tokens(text)) {
    if (!fillers.has(word)) add(vector, wordVector(word), weight)
  }
}

function wordVector(word: string): Float32Array {
  const known = words.get(word)
  if (known) return known
  meanings ??= readMeanings()
  const vector = direction(`word ${word}`)
  const senses = meanings.get(word) ?? []
  for (const sense of senses) add(vector, direction(sense), 1.6 / Math.sqrt(senses.length))
  const pieces = trigrams([word])
  for (const piece of pieces) add(vector, direction(`piece ${piece}`), 1 / Math.sqrt(pieces.size))
  unit(vector)
  // Numbers say little about what a thing is.
  if (/^\d+$/.test(word)) for (let i = 0; i < dimensions; i++) vector[i]! *= 0.4
  // A catalogue has endless references and years; keeping them all would hold memory for nothing.
  if (words.size < 20_000) words.set(word, vector)
  return vector
}

/** The senses of each word of the vocabulary: its concept, and the category where it is at home. */
function readMeanings(): Map<string, string[]> {
  const senses = new Map<string, Set<string>>()
  const note = (forms: readonly string[], ...ids: string[]) => {
    for (const word of forms.flatMap(tokens)) {
      const known = senses.get(word) ?? new Set<string>()
      for (const id of ids) known.add(id)
      senses.set(word, known)
    }
  }
  for (const colour of colours) note(colour.forms, colour.id, 'colour')
  for (const { name, forms, kinds, materials, styles, brands } of categories) {
    note(forms, `category:${name}`)
    for (const kind of kinds) note(kind.forms, kind.id, `category:${name}`)
    for (const concept of [...materials, ...styles]) note(concept.forms, concept.id)
    for (const brand of brands)
      note(
        [brand.name, ...brand.models.map((model) => model.name)],
        `brand:${brand.name}`,
        `category:${name}`,
      )
  }
  return new Map([...senses].map(([word, ids]) => [word, [...ids]]))
}

function direction(name: string): Float32Array {
  const random = createRandom(0, name)
  return unit(Float32Array.from({ length: dimensions }, random.normal))
}

function add(to: Float32Array, vector: Float32Array, weight: number): void {
  for (let i = 0; i < dimensions; i++) to[i]! += vector[i]! * weight
}

function unit(vector: Float32Array): Float32Array {
  let sum = 0
  for (const x of vector) sum += x * x
  const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0
  for (let i = 0; i < dimensions; i++) vector[i]! *= scale
  return vector
}
