import { canonicalCategory } from './cells.ts'

/** Bytes that an entry takes besides its characters. */
const OVERHEAD = 80

/** Stands for a missing category among the numbers of categories. */
export const MISSING = -1

/** Distinct texts, numbered in order of appearance. */
export class Texts {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []
  /** About how many bytes of memory they take. */
  bytes = 0

  get size(): number {
    return this.#texts.length
  }

  /** The number of a text, given to it if it is new. */
  add(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#texts.push(text) - 1
    this.#numbers.set(text, number)
    this.bytes += 2 * text.length + OVERHEAD
    return number
  }

  /** @returns undefined for a text that has no number. */
  number(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  /** @returns undefined if no text has this number, such as for a missing one. */
  text(number: number): string | undefined {
    return this.#texts[number]
  }
}

/** Most spellings that are remembered: categories come again and again. */
const MOST_REMEMBERED = 20_000
const MOST_LENGTH = 100

/** The numbers of categories, whatever their spelling; a spelling seen before takes one lookup. */
export class Spellings {
  readonly #known = new Map<string, number>()
  readonly #numberOf: (category: string) => number

  /** @param numberOf the number of a category in its canonical spelling */
  constructor(numberOf: (category: string) => number) {
    this.#numberOf = numberOf
  }

  number(spelled: string): number {
    const known = this.#known.get(spelled)
    if (known !== undefined) return known
    const category = canonicalCategory(spelled)
    const number = category === undefined ? MISSING : this.#numberOf(category)
    if (spelled.length > MOST_LENGTH) return number
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear()
    this.#known.set(spelled, number)
    return number
  }
}

/**
 * Something made from a batch's texts, and kept while batches have the same ones. @param make is given texts that are
 * complete
 */
export function madeOf<T>(make: (texts: Texts) => T): (texts: Texts) => T {
  let made: { readonly texts: Texts; readonly result: T } | undefined
  return (texts) => {
    if (made?.texts !== texts) made = { texts, result: make(texts) }
    return made.result
  }
}
