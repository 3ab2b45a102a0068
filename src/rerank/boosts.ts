import { show } from '../errors.ts'
import { attributesOf, type Candidates } from './candidates.ts'
import type { Raise } from './margin.ts'
import type { BoostRule } from './rules.ts'

/** Multiplies the odds of items with a given value: 2 for a house brand, 0.5 for a seller in dispute. */
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
