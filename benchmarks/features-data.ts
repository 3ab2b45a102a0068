import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const WORDS = Array.from({ length: 5000 }, (_, at) => `w${(at * 7919) % 5000}x`)

/** Raw columns of an item: 6 of numbers, 3 of words, 3 of text, 2 of dates, 1 of vectors. */
export function rawItem(random: () => number, dimension = 64): Record<string, unknown> {
  const number = (most: number) => Math.round(random() * most * 100) / 100
  const words = (count: number) =>
    Array.from({ length: count }, () => WORDS[Math.floor(random() ** 2 * WORDS.length)]).join(' ')
  const day = () => `2026-0${1 + Math.floor(random() * 9)}-${10 + Math.floor(random() * 18)}T08:00:00Z`
  const price = number(200)
  return {
    retail_price: price,
    cost: Math.round(price * (0.3 + 0.6 * random()) * 100) / 100,
    n1: random() < 0.1 ? null : number(10),
    n2: number(1000),
    n3: Math.floor(random() * 20),
    n4: random() < 0.3 ? null : number(1),
    brand: `brand ${Math.floor(random() ** 3 * 2000)}`,
    category: `category ${Math.floor(random() * 40)}`,
    condition: ['new', 'used', 'old'][Math.floor(random() * 3)],
    title: words(12),
    subtitle: words(6),
    keywords: words(5),
    listed: day(),
    updated: day(),
    ...(dimension > 0 && {
      vector: Array.from({ length: dimension }, () => Math.round((random() - 0.5) * 1e4) / 1e4),
    }),
  }
}

export function rawQuery(random: () => number, dimension = 64): Record<string, unknown> {
  const text = Array.from({ length: 3 }, () => WORDS[Math.floor(random() ** 2 * WORDS.length)]).join(' ')
  return {
    text,
    time: '2026-11-24T10:00:00Z',
    ...(dimension > 0 && { vector: Array.from({ length: dimension }, () => random() - 0.5) }),
  }
}

/** The features that are measured, kind by kind. */
export const KINDS: Readonly<Record<string, readonly object[]>> = {
  numeric: ['retail_price', 'cost', 'n1', 'n2', 'n3', 'n4'].map((column) => ({ kind: 'numeric', column })),
  derived: [{ kind: 'derived', name: 'margin', expr: '(retail_price - cost) / retail_price' }],
  categorical: ['brand', 'category', 'condition'].map((column) => ({ kind: 'categorical', column })),
  text: ['title', 'subtitle', 'keywords'].map((column) => ({
    kind: 'text',
    column,
    measures: ['coverage', 'bm25'],
  })),
  'text, trigrams': [{ kind: 'text', name: 'pieces', column: 'title', measures: ['trigrams'] }],
  date: ['listed', 'updated'].map((column) => ({ kind: 'date', column, at: 'query.time' })),
  group: [{ kind: 'group', of: 'retail_price', measures: ['rank', 'percentile', 'zscore', 'from_best'] }],
  embedding: [{ kind: 'embedding', column: 'vector', against: 'query.vector' }],
  prior: [{ kind: 'prior', name: 'rate', columns: ['category', 'brand'] }],
}

interface Product {
  readonly product_id: string
  readonly [column: string]: unknown
}

/**
 * Joins the products and judgments of esci-us-150 into raw queries, a line each.
 * @returns the files of its two parts, undefined where the data is not there
 */
export function joinEsci(data: string, folder: string): { train: string; valid: string } | undefined {
  const products = join(data, 'products.jsonl.gz')
  const judgments = join(data, 'judgments.csv')
  if (!existsSync(products) || !existsSync(judgments)) return undefined
  const byId = new Map<string, Product>()
  for (const line of gunzipSync(readFileSync(products)).toString().trimEnd().split('\n')) {
    const product = JSON.parse(line) as Product
    byId.set(product.product_id, product)
  }
  const cosines = new Map<string, number>()
  for (const part of ['train', 'valid']) {
    const [header, ...rows] = cells(readFileSync(join(data, `${part}.csv`), 'utf8'))
    const at = (name: string) => header!.indexOf(name)
    for (const row of rows)
      cosines.set(`${row[at('qid')]} ${row[at('product_id')]}`, Number(row[at('embedding_cosine')]))
  }
  const queries = new Map<string, { part: string; qid: string; query: object; items: object[] }>()
  for (const [part, qid, text, id, , grade] of cells(readFileSync(judgments, 'utf8')).slice(1)) {
    const query = queries.get(qid!) ?? { part: part!, qid: qid!, query: { text }, items: [] }
    queries.set(qid!, query)
    const { product_id, category, price, is_book, ...product } = byId.get(id!)!
    const depth = (category as string[]).length
    query.items.push({
      label: Number(grade),
      id,
      ...product,
      retail_price: price,
      category_depth: depth === 0 ? null : depth,
      embedding_cosine: cosines.get(`${qid} ${id}`) ?? null,
    })
  }
  const file = (part: string) => {
    const path = join(folder, `esci-${part}.jsonl`)
    const lines = [...queries.values()]
      .filter((one) => one.part === part)
      .map(({ part: _, ...one }) => JSON.stringify(one))
    writeFileSync(path, `${lines.join('\n')}\n`)
    return path
  }
  return { train: file('train'), valid: file('valid') }
}

/** The cells of a CSV whose quoted cells have no line breaks. */
function cells(text: string): string[][] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
      ),
    )
}
