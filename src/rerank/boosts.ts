import { show } from '../errors.ts'
import { attributesOf, type Candidates } from './candidates.ts'
import type { Raise } from './margin.ts'
import type { BoostRule } from './rules.ts'

/** Multiplies the odds of items that have a value: a house brand's by 2, a seller's in dispute by 0.5. */
export function raiseByBoosts(candidates: Candidates, rules: readonly BoostRule[]): Raise {
  const by = new Float64Array(candidates.items.length)
  const reasons: string[][] = candidates.items.map(() => [])
  for (const { column, equals, factor } of rules) {
    for (const [item, value] of attributesOf(candidates, 'boosts', column).entries()) {
      if (value !== equals) continue
      by[item]! += Math.log(factor)
      reasons[item]!.push(`${column} is ${show(equals)}, which counts ${factor} times`)
    }
  }
  return { by, because: (item) => reasons[item]!.join('; ') || undefined }
}
