import type { Lot } from '../catalogue/catalogue.ts'
import type { Contender } from './quality.ts'
import type { Ranking } from './ranker.ts'

const TITLE_WIDTH = 52
const BAR_WIDTH = 30

/** One step of the demo: its name, and what it has to say. */
export function say(step: string, ...lines: readonly string[]): void {
  console.log(`\n${step.padEnd(11)}${lines.join(`\n${' '.repeat(11)}`)}`)
}

/** The ranked lots as a shop would look at them. */
export function printRanking(
  ranking: Ranking['ranking'],
  lots: readonly Lot[],
  grades: ReadonlyMap<string, number>,
): void {
  const byId = new Map(lots.map((lot) => [lot.id, lot]))
  console.log(
    `\n${'rank'.padStart(4)}  ${'lot'.padEnd(TITLE_WIDTH)}${columns('price', 'cost', 'margin', 'score', 'grade')}`,
  )
  for (const { id, rank, score } of ranking) {
    const { title, retail_price: price, cost } = byId.get(id)!
    const margin = price === null ? '-' : `${(((price - cost) / price) * 100).toFixed(0)}%`
    const cells = columns(
      price?.toFixed(2) ?? '-',
      cost.toFixed(2),
      margin,
      score.toFixed(3),
      String(grades.get(id)),
    )
    console.log(`${String(rank).padStart(4)}  ${cut(title, TITLE_WIDTH).padEnd(TITLE_WIDTH)}${cells}`)
  }
  console.log('      (grade: what the simulated judge gave, 0 to 4; the ranker does not see it)')
}

function columns(price: string, cost: string, margin: string, score: string, grade: string): string {
  return price.padStart(10) + cost.padStart(10) + margin.padStart(8) + score.padStart(9) + grade.padStart(7)
}

/** NDCG@10 of each contender, as a number and a bar. */
export function printComparison(contenders: readonly Contender[]): void {
  console.log()
  for (const { name, ndcg } of contenders) {
    const bar = '█'.repeat(Math.round(ndcg * BAR_WIDTH)).padEnd(BAR_WIDTH, '·')
    console.log(`           ${name.padEnd(32)}${ndcg.toFixed(4)}  ${bar}`)
  }
}

function cut(text: string, width: number): string {
  return text.length < width ? text : `${text.slice(0, width - 2)}…`
}
