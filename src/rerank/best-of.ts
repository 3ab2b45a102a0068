/** Steps of the integral: more change no probability by 0.002. */
const STEPS = 256
/** Standard deviations beyond which a normal variable is not looked for. */
const REACH = 5
/** Below it a probability is as good as none, and has a logarithm. */
const LEAST = 1e-300

/**
 * How likely each of several independent normal variables is to be the greatest. The greatest lies below x with
 * probability F = ∏ Φⱼ(x); what F grows by in a step is shared out as each ln Φⱼ grows in it, since d ln F = ∑ d ln Φⱼ.
 * @returns probabilities that add up to 1
 */
export function probabilitiesOfGreatest(
  means: ArrayLike<number>,
  deviations: ArrayLike<number>,
): Float64Array {
  const count = means.length
  let low = Number.NEGATIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let index = 0; index < count; index++) {
    low = Math.max(low, means[index]! - REACH * deviations[index]!)
    high = Math.max(high, means[index]! + REACH * deviations[index]!)
  }
  const shares = new Float64Array(count)
  const before = new Float64Array(count).fill(Math.log(LEAST))
  const growth = new Float64Array(count)
  let cumulative = 0
  for (let step = 0; step <= STEPS; step++) {
    const x = low + ((high - low) * step) / STEPS
    let logarithm = 0
    let total = 0
    for (let index = 0; index < count; index++) {
      const after = Math.log(Math.max(normalCdf((x - means[index]!) / deviations[index]!), LEAST))
      growth[index] = Math.max(0, after - before[index]!)
      total += growth[index]!
      before[index] = after
      logarithm += after
    }
    const grown = Math.exp(logarithm) - cumulative
    cumulative += grown
    if (total === 0) continue
    for (let index = 0; index < count; index++)
      shares[index]! += (Math.max(0, grown) * growth[index]!) / total
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
