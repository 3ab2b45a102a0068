import { hashText } from '../data/hash.ts'

/** Is given a piece of a text: its hash, and its weight in the text. */
export type Piece = (hash: number, weight: number) => void

const BIGRAM = 0.5
/** The letter trigrams of a word together weigh about as much as the word: enough to find what is misspelt. */
const LETTERS = 0.9

/**
 * Takes a text apart: its words, pairs of neighbouring words, and letter trigrams, in any language. Trigrams ignore
 * case and accents.
 */
export function eachPiece(text: string, piece: Piece): void {
  const words = wordsOf(text)
  let before: string | undefined
  for (const word of words) {
    piece(hashText(word), 1)
    if (before !== undefined) piece(hashText(`${before} ${word}`), BIGRAM)
    const padded = `^${word}$`
    const count = padded.length - 2
    if (count > 1) {
      for (let at = 0; at < count; at++)
        piece(hashText(`#${padded.slice(at, at + 3)}`), LETTERS / Math.sqrt(count))
    }
    before = word
  }
}

function wordsOf(text: string): readonly string[] {
  // Most texts, and several times as fast.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return (
    text
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}
