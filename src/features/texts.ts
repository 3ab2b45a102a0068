import { canonicalCategory } from './cells.ts'

/** Bytes of an entry beside its characters. */
const OVERHEAD = 80

/** What stands for a missing category among the numbers of others. */
export const MISSING = -1

/** Different texts, numbered as they come. */
export class Texts {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []
  /** What they take of memory, about. */
  bytes = 0

  get size(): number {
    return this.#texts.length
  }

  /** The number of a text, which it has from now on. */
  add(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#texts.push(text) - 1
    this.#numbers.set(text, number)
    this.bytes += 2 * text.length + OVERHEAD
    return number
  }

  /** @returns undefined for a text that has none. */
  number(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  /** @returns undefined for what is no number of a text, such as a missing one's. */
  text(number: number): string | undefined {
    return this.#texts[number]
  }
}

/** Spellings that are remembered: categories come again and again. */
const MOST_REMEMBERED = 20_000
const MOST_LENGTH = 100

/** The numbers of categories, whatever their spelling: one look tells that of a spelling that came before. */
export class Spellings {
  readonly #known = new Map<string, number>()
  readonly #numberOf: (category: string) => number

  /** @param numberOf the number of a category in its one spelling */
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
 * Something made of a batch's texts and kept while batches have the same ones.
 * @param make is given texts that no more come to
 */
export function madeOf<T>(make: (texts: Texts) => T): (texts: Texts) => T {
  let made: { readonly texts: Texts; readonly result: T } | undefined
  return (texts) => {
    if (made?.texts !== texts) made = { texts, result: make(texts) }
    return made.result
  }
}
