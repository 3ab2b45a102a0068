import { tokens } from './text.ts'

/** What a program can read in a query: its content words, and what it says about price. */
export type Intent = {
  /** Words with the price talk taken out. */
  words: string[]
  /** The stated upper limit, as in "under 200". */
  cap: number | null
  wish: 'cheap' | 'dear' | null
}

const limit = /\b(?:under|below|less than|up to|max)\s*[£$€]?\s*(\d+)\b/i

/** Words by which people ask for a low price. */
export const cheapWords = ['cheap', 'bargain', 'budget', 'affordable']

/** Words by which people ask for the best there is. */
export const dearWords = ['luxury', 'investment', 'finest', 'premium']

/** Reads a query as typed. */
export function readIntent(query: string): Intent {
  const found = limit.exec(query)
  const words = tokens(query.replace(limit, ' '))
  const cheap = words.some((word) => cheapWords.includes(word))
  const dear = words.some((word) => dearWords.includes(word))
  return {
    words: words.filter((word) => !cheapWords.includes(word) && !dearWords.includes(word)),
    cap: found ? Number(found[1]) : null,
    wish: cheap ? 'cheap' : dear ? 'dear' : null,
  }
}
