/** What a piece of a text counts: its hash, and how much of the text it is. */
export type Piece = (hash: number, weight: number) => void

const BIGRAM = 0.5
/** The letters of a word count together about as much as the word: enough to find what is misspelt. */
const LETTERS = 0.9

/**
 * Takes a text into pieces: its words, pairs of neighbours, and three letters at a time, whatever the language. Letters
 * lose their case and accents.
 */
export function eachPiece(text: string, piece: Piece): void {
  const words =
    text
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  let before: string | undefined
  for (const word of words) {
    piece(hashOf(word), 1)
    if (before !== undefined) piece(hashOf(`${before} ${word}`), BIGRAM)
    const padded = `^${word}$`
    const count = padded.length - 2
    if (count > 1) {
      for (let at = 0; at < count; at++)
        piece(hashOf(`#${padded.slice(at, at + 3)}`), LETTERS / Math.sqrt(count))
    }
    before = word
  }
}

/** A 32-bit hash: FNV-1a with the final mix of MurmurHash3, since FNV leaves the high bits of short words alike. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mix(hash)
}

/** The final mix of MurmurHash3. */
export function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
