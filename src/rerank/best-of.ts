/** Most that the distribution of the greatest may grow in one step of the integral. */
const MOST_GROWTH = 1 / 128
/** The smallest step, as a part of the whole, however steep it is. */
const FINEST = 1e-8
/** Standard deviations beyond which a normal variable is ignored. */
const REACH = 5
/** Stands for any smaller probability, since it still has a logarithm. */
const LEAST = 1e-300

/** A point of the integral: the logarithm of each variable's distribution, and the product of all. */
interface Point {
  readonly x: number
  readonly logarithms: Float64Array
  readonly product: number
}

/**
 * How likely each of several independent normal variables is to be the greatest. The greatest lies below x with
 * probability F = ∏ Φⱼ(x). The growth of F in a step is divided among the variables by the growth of each ln Φⱼ,
 * since d ln F = ∑ d ln Φⱼ. Steps are halved until F grows little: items that many have seen are sharp edges beside
 * those that nobody has seen.
 * @returns probabilities that add up to 1
 */
export function probabilitiesOfGreatest(
  means: ArrayLike<number>,
  deviations: ArrayLike<number>,
): Float64Array {
  let low = Number.NEGATIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let index = 0; index < means.length; index++) {
    low = Math.max(low, means[index]! - REACH * deviations[index]!)
    high = Math.max(high, means[index]! + REACH * deviations[index]!)
  }
  const shares = new Float64Array(means.length)
  const open = [...shares.keys()].filter((index) => means[index]! + REACH * deviations[index]! > low)
  const pointAt = (x: number): Point => {
    const logarithms = Float64Array.from(open, (index) =>
      Math.log(Math.max(normalCdf((x - means[index]!) / deviations[index]!), LEAST)),
    )
    return { x, logarithms, product: Math.exp(logarithms.reduce((sum, one) => sum + one, 0)) }
  }
  let left = pointAt(low)
  const rights = [pointAt(high)]
  while (rights.length > 0) {
    const right = rights.at(-1)!
    if (right.product - left.product > MOST_GROWTH && right.x - left.x > FINEST * (high - low)) {
      rights.push(pointAt((left.x + right.x) / 2))
      continue
    }
    const growths = right.logarithms.map((after, at) => Math.max(0, after - left.logarithms[at]!))
    const total = growths.reduce((sum, growth) => sum + growth, 0)
    const grown = Math.max(0, right.product - left.product)
    if (total > 0)
      for (const [at, growth] of growths.entries()) shares[open[at]!]! += (grown * growth) / total
    left = right
    rights.pop()
  }
  const sum = shares.reduce((all, share) => all + share, 0)
  return shares.map((share) => share / sum)
}

/** The standard normal distribution to seven digits: Abramowitz & Stegun 1964, 26.2.17. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const density = 0.3989422804014327 * Math.exp((-x * x) / 2)
  const tail =
    density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return x > 0 ? 1 - tail : tail
}
