import { ASCII_TOKEN, tokenize } from './tokens.ts'

/** Trigram characters of ASCII: a space, 26 letters and 10 digits. */
const LETTERS = 37
const TRIGRAMS = LETTERS ** 3
const letterOf = (code: number): number => (code === 0 ? 0 : code >= 0x61 ? code - 0x60 : code - 0x30 + 27)
const LETTER = ASCII_TOKEN.map(letterOf)
/** When the current item last had each trigram, so that each counts once. */
const seen = new Uint32Array(TRIGRAMS)
let round = 0

const isAscii = /^[\0-\x7f]*$/

/** The letter trigrams of a query's text, compared with those of its items' texts. */
export class QueryTrigrams {
  readonly #trigrams: ReadonlySet<string>
  readonly #ascii: Uint8Array

  constructor(text: string) {
    this.#trigrams = trigramsOf(tokenize(text))
    this.#ascii = asciiTrigrams(this.#trigrams)
  }

  /** Jaccard index of both texts' trigrams; 0 if both have none. */
  jaccard(text: string): number {
    const mine = this.#trigrams
    let shared = 0
    let theirs = 0
    if (isAscii.test(text)) [shared, theirs] = countTrigrams(text, this.#ascii)
    else {
      const trigrams = trigramsOf(tokenize(text))
      theirs = trigrams.size
      for (const trigram of trigrams) if (mine.has(trigram)) shared++
    }
    const union = mine.size + theirs - shared
    return union === 0 ? 0 : shared / union
  }
}

/** Trigrams of a text: its words, with a space before, between and after them. */
export function trigramsOf(tokens: readonly string[]): Set<string> {
  const text = ` ${tokens.join(' ')} `
  const trigrams = new Set<string>()
  for (let at = 0; at + 3 <= text.length; at++) trigrams.add(text.slice(at, at + 3))
  return trigrams
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

/** Distinct trigrams of an ASCII text: how many of them are wanted, and how many there are. */
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
