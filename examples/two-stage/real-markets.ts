import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { CsvScanner } from '../../src/data/csv/scanner.ts'
import { createRandom } from '../catalogue/random.ts'
import { tokens } from '../catalogue/text.ts'
import {
  affordable,
  type Market,
  type MarketLot,
  type MarketQuery,
  type Split,
  splitInTurn,
} from './market.ts'

/** The catalogue in a folder, known by its files. @throws {Error} where it is none of the known ones. */
export function readMarket(folder: string, queries: number): Market {
  if (existsSync(join(folder, 'judgments.csv'))) return esciMarket(folder)
  if (existsSync(join(folder, 'products.csv.gz'))) return thelookMarket(folder, queries)
  throw new Error(`${folder} holds neither judgments.csv with products.jsonl.gz nor products.csv.gz`)
}

const FOLDS = 5

/** Worth of a grade to a buyer: made up, for no catalogue tells. */
const WORTH = [0, 0.1, 0.25, 0.5, 0.75]

/**
 * Amazon's Shopping Queries (Reddy et al. 2022, arXiv 2206.06588): products and queries that people judged, as exact (here
 * 4), substitute (2), complement (1) or irrelevant. What nobody judged counts as irrelevant. Costs are not
 * known, and of most products no price.
 */
function esciMarket(folder: string): Market {
  const lines = gunzipSync(readFileSync(join(folder, 'products.jsonl.gz')))
    .toString()
    .trim()
    .split('\n')
  const lots = lines.map((line): MarketLot => {
    const { product_id: id, title, category, price, brand, ...known } = JSON.parse(line)
    const { description, bullet_points, color, rating, rating_count } = known
    return {
      id,
      title,
      description,
      bullet_points,
      category: category.at(-1) ?? '',
      category_depth: category.length || null,
      brand,
      color,
      rating,
      rating_count,
      retail_price: price,
      cost: null,
    }
  })
  const places = new Map(lots.map(({ id }, place) => [id, place]))
  const judged = new Map<string, { query: MarketQuery; grades: Map<number, number> }>()
  for (const row of csvRows(readFileSync(join(folder, 'judgments.csv')))) {
    const text = row.query!
    const known = judged.get(text) ?? { query: { id: judged.size + 1, text }, grades: new Map() }
    known.grades.set(places.get(row.product_id!)!, [0, 1, 2, 4][Number(row.grade)]!)
    judged.set(text, known)
  }
  const all = [...judged.values()]
  const grade = (query: number, lot: number) => all[query]!.grades.get(lot) ?? 0
  return {
    name: `${lots.length.toLocaleString('en-US')} products of ESCI`,
    simulated:
      'Products, queries and grades are real; purchases are simulated; costs and most prices are not known.',
    lots,
    features: join(import.meta.dirname, 'esci.yaml'),
    queries: all.map(({ query }) => query),
    splits: foldsOf(all.length),
    hasMargins: false,
    grade,
    appeal: (query, lot) => WORTH[grade(query, lot)]!,
    countBest: (query) => [...all[query]!.grades.values()].filter((one) => one === 4).length,
  }
}

/** So few queries are all measured, each by a ranker that learnt from the four fifths that it is not among. */
function foldsOf(queries: number): Split[] {
  const all = Array.from({ length: queries }, (_, query) => query)
  return Array.from({ length: FOLDS }, (_, fold) => ({
    train: all.filter((query) => query % FOLDS !== fold),
    validation: [],
    test: all.filter((query) => query % FOLDS === fold),
  }))
}

/** Google's theLook: 29,120 products with prices and costs. Nobody asked for them: queries and grades are made up. */
function thelookMarket(folder: string, count: number): Market {
  const rows = csvRows(gunzipSync(readFileSync(join(folder, 'products.csv.gz'))))
  const lots = rows.map(
    ({ id, name, brand, category, department, retail_price, cost }): MarketLot => ({
      id: id!,
      title: name!,
      category: `${department} ${category}`,
      brand: brand || null,
      retail_price: Number(retail_price),
      cost: Number(cost),
    }),
  )
  const random = createRandom(1, 'thelook queries')
  const words = lots.map((lot) => new Set(tokens(`${lot.title} ${lot.category} ${lot.brand ?? ''}`)))
  const wanted: { text: string; words: string[]; budget: number }[] = []
  const texts = new Set<string>()
  while (wanted.length < 400 + count) {
    const lot = random.pick(lots)
    const named = tokens(lot.title)
      .filter(() => random.chance(0.4))
      .slice(0, 4)
    const text = [random.chance(0.5) ? lot.category : '', ...named].join(' ').trim().toLowerCase()
    if (texts.has(text) || named.length === 0) continue
    texts.add(text)
    wanted.push({ text, words: tokens(text), budget: lot.retail_price! * Math.exp(0.3 * random.normal()) })
  }
  const worth = (query: number, lot: number): number => {
    const want = wanted[query]!
    const met = want.words.filter((word) => words[lot]!.has(word)).length / want.words.length
    const price = Math.log(lots[lot]!.retail_price! / want.budget)
    return met ** 2 * (0.5 + 0.5 * Math.exp(-price * price))
  }
  const gradeOf = (value: number) => [0.2, 0.4, 0.6, 0.85].filter((bound) => value >= bound).length
  return {
    name: `${lots.length.toLocaleString('en-US')} products of theLook`,
    simulated:
      'Products, prices and costs are those of a fictitious shop; queries, grades and purchases are simulated.',
    lots,
    features: join(import.meta.dirname, 'thelook.yaml'),
    queries: wanted.map(({ text }, index) => ({ id: index + 1, text })),
    splits: splitInTurn(wanted.length, 320, 80),
    hasMargins: true,
    grade: (query, lot) => gradeOf(worth(query, lot)),
    appeal: (query, lot) => worth(query, lot) * affordable(lots[lot]!.retail_price!, wanted[query]!.budget),
    countBest: (query) => lots.filter((_, lot) => gradeOf(worth(query, lot)) === 4).length,
  }
}

/** The rows of a CSV with a header, by the names of its columns. */
function csvRows(csv: Uint8Array): Record<string, string>[] {
  const records: string[][] = []
  const scanner = new CsvScanner('products')
  const take = (record: { count: number; text(cell: number): string }) =>
    void records.push(Array.from({ length: record.count }, (_, cell) => record.text(cell)))
  scanner.push(csv, take)
  scanner.end(take)
  const [names = [], ...rows] = records
  return rows.map((cells) => Object.fromEntries(names.map((name, cell) => [name, cells[cell]!])))
}
