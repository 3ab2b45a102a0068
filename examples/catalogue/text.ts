/** Lower-case words of letters and digits, a plural s dropped, so that "Watches" and "watch" differ least. */
export function tokens(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return words.map(stem)
}

function stem(word: string): string {
  if (word.length < 4 || !word.endsWith('s') || word.endsWith('ss')) return word
  return /(?:ch|sh|x|z|ss)es$/.test(word) ? word.slice(0, -2) : word.slice(0, -1)
}

/** Three-letter pieces of the words, each word padded: two spellings of a word share most of them. */
export function trigrams(words: readonly string[]): Set<string> {
  const pieces = new Set<string>()
  for (const word of words) {
    const padded = ` ${word} `
    for (let i = 0; i + 3 <= padded.length; i++) pieces.add(padded.slice(i, i + 3))
  }
  return pieces
}

/** Shared part of two sets: 0 apart, 1 the same. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0
  let shared = 0
  for (const piece of a) if (b.has(piece)) shared++
  return shared / (a.size + b.size - shared)
}

/**
 * BM25 of each document for the query's words (k1 1.2, b 0.75). Document frequencies and the mean length are
 * those of the documents passed, that is of one candidate list: a server has no other statistics at hand.
 */
export function bm25(words: readonly string[], documents: readonly (readonly string[])[]): number[] {
  const wanted = [...new Set(words)]
  const n = documents.length
  const counts = documents.map((document) => {
    const count = new Array<number>(wanted.length).fill(0)
    for (const word of document) {
      const at = wanted.indexOf(word)
      if (at >= 0) count[at]! += 1
    }
    return count
  })
  const weights = wanted.map((_, at) => {
    const having = counts.reduce((sum, count) => sum + (count[at]! > 0 ? 1 : 0), 0)
    return Math.log(1 + (n - having + 0.5) / (having + 0.5))
  })
  const meanLength = documents.reduce((sum, document) => sum + document.length, 0) / n || 1
  return documents.map((document, row) => {
    const norm = 1.2 * (0.25 + (0.75 * document.length) / meanLength)
    return wanted.reduce((sum, _, at) => {
      const count = counts[row]![at]!
      return sum + (weights[at]! * count * 2.2) / (count + norm)
    }, 0)
  })
}
