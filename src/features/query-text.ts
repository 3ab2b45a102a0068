import { ASCII_TOKEN, LEAST_PLURAL, tokenize, withoutPlural } from './tokens.ts'

/** What is found in an item's text. */
export interface Match {
  /** How often each distinct word of the query occurs, in the query's order. */
  readonly counts: Uint32Array
  /** Words of the text. */
  length: number
  /** Words before the first word shared with the query; -1 if there is none. */
  first: number
  /** Whether the query's words occur one after the other. */
  phrase: boolean
}

const SLOTS_PER_WORD = 4
// As a signed number it stays a 32-bit integer in machine code.
const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193
const LETTER_S = 0x73

/** A query's text, prepared for searching the texts of its items. */
export class QueryText {
  /** Distinct words, in order. */
  readonly words: readonly string[]
  readonly #sequence: Int32Array
  readonly #index: ReadonlyMap<string, number>
  /** Open addressing over FNV-1a of the words: their index, -1 where a slot is free. */
  readonly #slots: Int32Array
  readonly #hashes: Int32Array
  readonly #match: Match
  /** The last words of the text, as indices of query words: as many as the query has. */
  readonly #recent: Int32Array
  /** How many of the query's words came one after the other, and where the next one would have to come. */
  #progress = 0
  #expected = -1
  readonly #plurals: boolean

  /** @param plurals whether words are compared without a last s. */
  constructor(text: string, plurals = false) {
    this.#plurals = plurals
    const tokens = this.#tokens(text)
    this.words = [...new Set(tokens)]
    this.#index = new Map(this.words.map((word, index) => [word, index]))
    this.#sequence = Int32Array.from(tokens, (token) => this.#index.get(token)!)
    this.#match = { counts: new Uint32Array(this.words.length), length: 0, first: -1, phrase: false }
    this.#recent = new Int32Array(Math.max(1, tokens.length))
    let size = 16
    while (size < SLOTS_PER_WORD * this.words.length) size *= 2
    this.#slots = new Int32Array(size).fill(-1)
    this.#hashes = Int32Array.from(this.words, fnv)
    for (const [index, hash] of this.#hashes.entries()) {
      let slot = hash & (size - 1)
      while (this.#slots[slot] !== -1) slot = (slot + 1) & (size - 1)
      this.#slots[slot] = index
    }
  }

  /** Looks for the words in a text. The result is valid until the next call. */
  match(text: string): Match {
    const match = this.#match
    this.#clear()
    if (this.#scan(text)) return match
    // The text is counted again from the start, including what was seen before its first non-ASCII character.
    this.#clear()
    for (const token of this.#tokens(text)) {
      const index = this.#index.get(token)
      if (index !== undefined) this.#add(index, match.length)
      match.length++
    }
    return match
  }

  #clear(): void {
    const match = this.#match
    // Most texts have no word of the query.
    if (match.first >= 0) match.counts.fill(0)
    match.length = 0
    match.first = -1
    match.phrase = false
    this.#progress = 0
    this.#expected = -1
  }

  #tokens(text: string): string[] {
    const tokens = tokenize(text)
    return this.#plurals ? tokens.map(withoutPlural) : tokens
  }

  /** Scans ASCII without making strings of words. @returns false if there is anything else. */
  #scan(text: string): boolean {
    const { length } = text
    const match = this.#match
    const slots = this.#slots
    const mask = slots.length - 1
    const plurals = this.#plurals
    // An imported binding is looked up at each use, a local one is not.
    const tokens = ASCII_TOKEN
    let hash = FNV_OFFSET
    let start = 0
    let seen = 0
    let words = 0
    for (let at = 0; at <= length; at++) {
      const character = at < length ? text.charCodeAt(at) : 0
      seen |= character
      const code = tokens[character & 0x7f]!
      if (code !== 0) {
        hash = Math.imul(hash ^ code, FNV_PRIME)
        continue
      }
      if (at > start) {
        if (seen > 0x7f) return false
        const isCut = plurals && at - start >= LEAST_PLURAL && isPlural(text, at)
        const whole = isCut ? hashOf(text, start, at - 1) : hash
        // Few words of a text are words of the query.
        if (slots[whole & mask] !== -1) {
          const index = this.#find(whole, text, start, isCut ? at - 1 : at)
          if (index >= 0) this.#add(index, words)
        }
        words++
        hash = FNV_OFFSET
      }
      start = at + 1
    }
    match.length = words
    return seen <= 0x7f
  }

  #find(hash: number, text: string, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]!
      if (index === -1) return -1
      if (this.#hashes[index] === hash && isWord(this.words[index]!, text, start, end)) return index
    }
  }

  /** Counts a word that the query has too. @param place how many words come before it */
  #add(index: number, place: number): void {
    const match = this.#match
    match.counts[index]!++
    if (match.first < 0) match.first = place
    if (!match.phrase) match.phrase = this.#endsQuery(index, place)
  }

  /** Whether the word at a place completes the query's words, one after the other. */
  #endsQuery(index: number, place: number): boolean {
    const recent = this.#recent
    // A word that the query lacks has come between.
    if (place !== this.#expected) this.#progress = 0
    this.#expected = place + 1
    const { length } = recent
    recent[place % length] = index
    this.#progress++
    if (this.#progress < length) return false
    for (let back = 0; back < length; back++) {
      if (recent[(place - back) % length] !== this.#sequence[length - 1 - back]) return false
    }
    return true
  }
}

/** Whether the word that ends before `end` has one s at its end. */
function isPlural(text: string, end: number): boolean {
  const code = (at: number) => ASCII_TOKEN[text.charCodeAt(at)]
  return code(end - 1) === LETTER_S && code(end - 2) !== LETTER_S
}

function fnv(word: string): number {
  let hash = FNV_OFFSET
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), FNV_PRIME)
  return hash
}

/** The same of a word of ASCII in a text. */
function hashOf(text: string, start: number, end: number): number {
  let hash = FNV_OFFSET
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ ASCII_TOKEN[text.charCodeAt(at)]!, FNV_PRIME)
  return hash
}

function isWord(word: string, text: string, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  for (let at = 0; at < word.length; at++) {
    if (word.charCodeAt(at) !== ASCII_TOKEN[text.charCodeAt(start + at)]) return false
  }
  return true
}
