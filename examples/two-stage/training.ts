import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { train } from '../demo/ranker.ts'
import type { Split } from './market.ts'
import { queryOf, retrieve, type Shop } from './stages.ts'

/** Enough queries to set some aside: those choose the round. */
const MANY = { eta: '0.1', 'max-depth': '5', 'num-round': '200', 'early-stopping-rounds': '20' }
/** Too few: small steps, small trees on half of the columns, and the round of cross-validation. */
const FEW = {
  kfold: '5',
  eta: '0.05',
  'max-depth': '4',
  'min-child-weight': '5',
  subsample: '0.8',
  'colsample-bytree': '0.5',
  'num-round': '300',
  'early-stopping-rounds': '30',
}

/**
 * Trains a ranker on the judged candidates of stage 1, which are what it will have to rank. The files hold raw columns;
 * the market's feature spec says what the model sees of them, in training and in serving.
 * @returns where the model is, the round that was kept, and the file of validation queries
 */
export async function trainRanker(shop: Shop, split: Split, folder: string) {
  const write = async (name: string, queries: readonly number[]) => {
    const path = join(folder, name)
    writeFileSync(path, await judgedCsv(shop, queries))
    return path
  }
  mkdirSync(folder, { recursive: true })
  const hasMany = split.validation.length > 0
  const validation = hasMany ? await write('validation.csv', split.validation) : undefined
  await train(folder, {
    train: await write('train.csv', split.train),
    ...(validation !== undefined && { validation }),
    features: shop.market.features,
    item: 'id',
    ...(hasMany ? MANY : FEW),
  })
  const { best_iteration } = JSON.parse(readFileSync(join(folder, 'output/data/metrics.json'), 'utf8'))
  return { model: join(folder, 'model'), round: best_iteration as number, validation }
}

/** The candidates of queries with their grades, as CSV with a header. */
async function judgedCsv(shop: Shop, queries: readonly number[]): Promise<string> {
  const { market, places } = shop
  const columns = [...Object.keys(market.lots[0]!), 'retrieval_score']
  const known = Object.keys(queryOf(market.queries[0]!)).map((name) => `query.${name}`)
  const lines = [['label', 'qid', ...known, ...columns]]
  for (const query of queries) {
    const asked = market.queries[query]!
    const head = [asked.id, ...Object.values(queryOf(asked))].map((value) => String(value ?? ''))
    for (const candidate of await retrieve(shop, asked.text)) {
      const grade = market.grade(query, places.get(candidate.id)!)
      const cells = columns.map((column) => String(candidate[column] ?? ''))
      lines.push([String(grade), ...head, ...cells])
    }
  }
  return `${lines.map((cells) => cells.map(csvCell).join(',')).join('\n')}\n`
}

/** RFC 4180. */
const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
