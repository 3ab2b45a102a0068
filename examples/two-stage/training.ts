import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SearchEngine } from '../../src/retrieval/index.ts'
import { featureNames } from '../catalogue/features.ts'
import { createRandom } from '../catalogue/random.ts'
import { train } from '../demo/ranker.ts'
import type { Market } from './market.ts'
import { columnsOf, retrieve } from './stages.ts'

/** Of the candidates of a query so many are judged; the rest of the budget goes to lots from anywhere. */
const JUDGED = 50
const ANYWHERE = 5

/**
 * Trains a ranker on judged candidates of stage 1: what it will have to rank. A few lots from anywhere teach it what is
 * wrong with the rest.
 * @returns rounds that were run
 */
export async function trainRanker(
  market: Market,
  engine: SearchEngine,
  places: ReadonlyMap<string, number>,
  folder: string,
): Promise<number> {
  const random = createRandom(1, 'two stages')
  for (const part of ['train', 'validation'] as const) {
    const lines = [`label,qid,item,${featureNames.join(',')}`]
    for (const [query, { id, text, part: of }] of market.queries.entries()) {
      if (of !== part) continue
      const found = await retrieve(engine, places, text)
      // Every other one of the hundred: the whole depth that will be ranked.
      const judged = found.filter((_, rank) => rank % Math.ceil(found.length / JUDGED) === 0)
      for (let extra = 0; extra < ANYWHERE; extra++)
        judged.push({ lot: random.whole(0, market.lots.length - 1), score: 0 })
      const rows = columnsOf(market.lots, text, judged)
      for (const [row, { lot }] of judged.entries()) {
        const cells = rows[row]!.map((value) => (Number.isNaN(value) ? '' : value))
        lines.push(`${market.grade(query, lot)},${id},${market.lots[lot]!.id},${cells.join(',')}`)
      }
    }
    writeFileSync(join(folder, `${part}.csv`), `${lines.join('\n')}\n`)
  }
  const rounds = await train(folder, {
    train: join(folder, 'train.csv'),
    validation: join(folder, 'validation.csv'),
    item: 'item',
    eta: '0.1',
    'max-depth': '5',
    'num-round': '200',
    'early-stopping-rounds': '20',
  })
  return rounds.length
}
