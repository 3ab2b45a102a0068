import { ASCII_TOKEN, isAsciiText, LEAST_PLURAL, tokenize, trigramsOf, withoutPlural } from './tokens.ts'

/** What the texts of items are looked through for. */
export interface Match {
  /** How often the text has each distinct word of the query, in the query's order. */
  readonly counts: Uint32Array
  /** Words of the text. */
  length: number
  /** Words before the first that the query has too; -1 where there is none. */
  first: number
  /** Whether the words of the query stand in the text as they are. */
  phrase: boolean
}

const SLOTS_PER_WORD = 4
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const LETTER_S = 0x73

/** Trigram characters of ASCII: a space, 26 letters and 10 digits. */
const LETTERS = 37
const TRIGRAMS = LETTERS ** 3
const letterOf = (code: number): number => (code === 0 ? 0 : code >= 0x61 ? code - 0x60 : code - 0x30 + 27)
const LETTER = ASCII_TOKEN.map(letterOf)
/** When an item last had each trigram, so that it counts once. */
const seen = new Uint32Array(TRIGRAMS)
let round = 0

/** A query's text, prepared to be looked for in the texts of its items. */
export class QueryText {
  /** Distinct words, in order. */
  readonly words: readonly string[]
  readonly #sequence: Int32Array
  readonly #index: ReadonlyMap<string, number>
  /** Open addressing over FNV-1a of the words: their index, -1 where a slot is free. */
  readonly #slots: Int32Array
  readonly #hashes: Int32Array
  readonly #match: Match
  /** The last words of the text that was looked through, as indices of the query's: as many as that has. */
  readonly #recent: Int32Array
  /** How many of them came one after the other, and the place where the next one would. */
  #progress = 0
  #expected = -1
  #trigrams: ReadonlySet<string> | undefined
  #asciiTrigrams: Uint8Array | undefined
  readonly #text: string
  readonly #plurals: boolean

  /** @param plurals whether words are compared without a last s. */
  constructor(text: string, plurals = false) {
    this.#text = text
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
    // What was seen before the first character that is not ASCII is counted anew.
    this.#clear()
    for (const token of this.#tokens(text)) {
      const index = this.#index.get(token)
      if (index === undefined) match.length++
      else this.#add(index)
    }
    return match
  }

  #clear(): void {
    const match = this.#match
    match.counts.fill(0)
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

  /** Goes through ASCII without making a string of any word. @returns false where there is something else. */
  #scan(text: string): boolean {
    const { length } = text
    const match = this.#match
    const slots = this.#slots
    const mask = slots.length - 1
    const least = this.#plurals ? LEAST_PLURAL : Number.POSITIVE_INFINITY
    let hash = FNV_OFFSET
    let before = FNV_OFFSET
    let start = -1
    for (let at = 0; at <= length; at++) {
      const character = at < length ? text.charCodeAt(at) : 0
      if (character > 127) return false
      const code = ASCII_TOKEN[character]!
      if (code !== 0) {
        if (start < 0) start = at
        before = hash
        hash = Math.imul(hash ^ code, FNV_PRIME)
        continue
      }
      if (start < 0) continue
      const isCut = at - start >= least && isPlural(text, at)
      const whole = isCut ? before : hash
      // Few words of a text are the query's.
      if (slots[whole & mask] !== -1) {
        const index = this.#find(whole, text, start, isCut ? at - 1 : at)
        if (index >= 0) this.#add(index)
        else match.length++
      } else match.length++
      start = -1
      hash = FNV_OFFSET
    }
    return true
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

  /** Takes a word that the query has too. */
  #add(index: number): void {
    const match = this.#match
    match.counts[index]!++
    if (match.first < 0) match.first = match.length
    if (!match.phrase) match.phrase = this.#endsQuery(index, match.length)
    match.length++
  }

  /** Whether the word at a place is the last of all the query's words one after the other. */
  #endsQuery(index: number, place: number): boolean {
    const recent = this.#recent
    // A word that the query has not has come between.
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

  /** Jaccard index of the trigrams of the query and of a text; 0 where both have none. */
  trigramJaccard(text: string): number {
    this.#trigrams ??= trigramsOf(tokenize(this.#text))
    const mine = this.#trigrams
    let shared = 0
    let theirs = 0
    if (isAsciiText(text)) {
      this.#asciiTrigrams ??= asciiTrigrams(mine)
      ;[shared, theirs] = countTrigrams(text, this.#asciiTrigrams)
    } else {
      const trigrams = trigramsOf(tokenize(text))
      theirs = trigrams.size
      for (const trigram of trigrams) if (mine.has(trigram)) shared++
    }
    const union = mine.size + theirs - shared
    return union === 0 ? 0 : shared / union
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

function isWord(word: string, text: string, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  for (let at = 0; at < word.length; at++) {
    if (word.charCodeAt(at) !== ASCII_TOKEN[text.charCodeAt(start + at)]) return false
  }
  return true
}

/** 1 for each trigram of ASCII that is in the set. */
function asciiTrigrams(trigrams: ReadonlySet<string>): Uint8Array {
  const has = new Uint8Array(TRIGRAMS)
  for (const trigram of trigrams) {
    if (!/^[a-z0-9 ]{3}$/.test(trigram)) continue
    let code = 0
    for (let at = 0; at < 3; at++) code = code * LETTERS + LETTER[trigram.charCodeAt(at)]!
    has[code] = 1
  }
  return has
}

/** Distinct trigrams of a text of ASCII: how many are wanted ones, and how many there are. */
function countTrigrams(text: string, wanted: Uint8Array): [shared: number, all: number] {
  round = (round + 1) >>> 0
  if (round === 0) {
    seen.fill(0)
    round = 1
  }
  let shared = 0
  let all = 0
  // The space before the first word.
  let code = 0
  let written = 1
  let before = 0
  const { length } = text
  for (let at = 0; at <= length; at++) {
    const letter = at < length ? LETTER[text.charCodeAt(at)]! : 0
    // One space between words, none twice.
    if (letter === 0 && before === 0) continue
    before = letter
    code = (code % (LETTERS * LETTERS)) * LETTERS + letter
    if (++written < 3 || seen[code] === round) continue
    seen[code] = round
    all++
    shared += wanted[code]!
  }
  return [shared, all]
}
