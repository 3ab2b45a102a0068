import type { Candidates, Order } from './candidates.ts'

/**
 * The worth of items: the logarithm of their odds of being chosen, so that factors of the odds become terms of a sum.
 * The score of a LambdaMART ranker is that already, up to a constant for each query: it learns sigmoid(s₁ − s₂) as
 * the probability that one item ranks before another (Burges 2010, section 2), which makes exp(s) the odds of
 * Plackett and Luce. A classifier's score is a probability, so its logarithm is taken.
 */
export function worthOf({ scores }: Candidates, probabilities: boolean): Float64Array {
  return Float64Array.from(scores, (score) => (probabilities ? Math.log(Math.max(score, 1e-12)) : score))
}

/** The items by worth, best first; ties by score, then in input order, so that the same request has one answer. */
export function byWorth(items: Order, worth: Float64Array, { scores }: Candidates): number[] {
  return [...items].sort((a, b) => worth[b]! - worth[a]! || scores[b]! - scores[a]! || a - b)
}
