/** Letters with their marks, and digits. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu
/** Scripts without spaces between words: each of their characters is a token. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const PARTS = new RegExp(`${UNSPACED.source}\\p{M}*|[^${UNSPACED.source.slice(1)}+`, 'gu')

/**
 * The words of a text, in order: runs of letters and digits of any script, in lower case, compatibility forms made one
 * (NFKC). A character of a script that writes no spaces is a word of its own.
 */
export function tokenize(text: string): string[] {
  const words = text.normalize('NFKC').toLowerCase().match(WORD) ?? []
  return words.flatMap((word) => (UNSPACED.test(word) ? (word.match(PARTS) ?? []) : [word]))
}

/** Words of fewer letters keep a last s: bus, gas. */
export const LEAST_PLURAL = 4

/** A word without the s of an English plural; words of three letters, and those that end in ss, keep theirs. */
export function withoutPlural(word: string): string {
  return word.length >= LEAST_PLURAL && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word
}

/** For each ASCII code, the code of its token character in lower case, or 0 if it separates tokens. */
export const ASCII_TOKEN = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code).toLowerCase()
  return /[a-z0-9]/.test(character) ? character.charCodeAt(0) : 0
})
