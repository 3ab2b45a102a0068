import { createHash } from 'node:crypto'
import t from 'tap'
import type { Lot } from '../../examples/catalogue/catalogue.ts'
import { makeCatalogue } from '../../examples/catalogue/catalogue.ts'
import { featureNames, featureRows } from '../../examples/catalogue/features.ts'
import { readIntent } from '../../examples/catalogue/intent.ts'
import type { JudgedRow } from '../../examples/catalogue/judged.ts'
import { partOf, simulate, splitByQuery, toCsv } from '../../examples/catalogue/judged.ts'
import { createRetrieval } from '../../examples/catalogue/retrieval.ts'

const size = { lots: 1500, queries: 120 }
const simulated = simulate({ seed: 7, ...size })
const { lots, queries, rows } = simulated
const byId = new Map(lots.map((lot) => [lot.id, lot]))
const column = (name: (typeof featureNames)[number]) => featureNames.indexOf(name)
const known = (name: (typeof featureNames)[number], of: readonly JudgedRow[] = rows) =>
  of.map(({ features }) => features[column(name)]!).filter((value) => !Number.isNaN(value))
const digest = (simulation: typeof simulated) =>
  createHash('sha256').update(toCsv(simulation.rows)).update(JSON.stringify(simulation)).digest('hex')

t.test('one seed gives one catalogue, another seed another', async (t) => {
  const first = digest(simulated)
  t.equal(digest(simulate({ seed: 7, ...size })), first)
  t.not(digest(simulate({ seed: 8, ...size })), first)
  t.strictSame(makeCatalogue({ seed: 7, lots: 500 }).lots, lots.slice(0, 500), 'a longer catalogue only adds')
})

t.test('lots are unique and believable', async (t) => {
  t.equal(lots.length, size.lots)
  t.equal(new Set(lots.map((lot) => lot.id)).size, lots.length)
  t.equal(new Set(lots.map((lot) => lot.title)).size, lots.length)
  t.ok(lots.every(({ title }) => /^[A-Z0-9][^{}]*$/.test(title) && !/undefined|null| {2}/.test(title)))
  t.equal(new Set(lots.map((lot) => lot.category)).size, 16)
  const margins = lots.flatMap(({ retail_price: price, cost }) => (price === null ? [] : [1 - cost / price]))
  t.ok(Math.min(...margins) >= 0.05 && Math.max(...margins) <= 0.7)
  t.ok(Math.max(...margins) - Math.min(...margins) > 0.5, 'margins differ enough to be worth ranking by')
  for (const name of ['brand', 'condition', 'retail_price', 'seller_rating'] as const) {
    const missing = lots.filter((lot) => lot[name] === null).length / lots.length
    t.ok(missing > 0.02 && missing < 0.35, `${name} is missing now and then`)
  }
})

t.test('queries are typed once each, with and without talk of price', async (t) => {
  t.equal(new Set(queries.map((query) => query.text)).size, size.queries)
  t.strictSame(
    queries.map((query) => query.id),
    Array.from({ length: size.queries }, (_, i) => i + 1),
  )
  const intents = queries.map((query) => readIntent(query.text))
  t.ok(intents.every(({ words }) => words.length > 0 && words.length <= 16))
  for (const part of [intents.filter(({ cap }) => cap), intents.filter(({ wish }) => wish)]) {
    t.ok(part.length > 0.1 * size.queries && part.length < 0.5 * size.queries)
  }
  t.strictSame(readIntent('Cheap Seiko watches under £200'), {
    words: ['seiko', 'watch'],
    cap: 200,
    wish: 'cheap',
  })
})

t.test('candidate lists and grades have the promised shape', async (t) => {
  for (const [qid, list] of Map.groupBy(rows, (row) => row.qid)) {
    const items = new Set(list.map((row) => row.item))
    if (list.length < 40 || list.length > 120 || items.size !== list.length)
      t.fail(`query ${qid}: ${list.length}`)
  }
  const shares = [0, 1, 2, 3, 4].map(
    (grade) => rows.filter((row) => row.grade === grade).length / rows.length,
  )
  t.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9, 'no other grade')
  t.ok(shares[0]! > 0.25 && shares[0]! < 0.65, `grade 0: ${shares[0]}`)
  t.ok(
    shares.slice(1).every((share) => share > 0.04 && share < 0.3),
    shares.join(' '),
  )
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [good, bad] = [rows.filter((row) => row.grade >= 3), rows.filter((row) => row.grade === 0)]
  for (const name of ['retrieval_score', 'all_coverage', 'price_fit', 'photos'] as const) {
    t.ok(mean(known(name, good)) > mean(known(name, bad)), `${name} tells something`)
  }
})

t.test('features stay in their ranges', async (t) => {
  t.equal(new Set(featureNames).size, 24)
  t.ok(rows.every(({ features }) => features.length === featureNames.length))
  const ranges: [(typeof featureNames)[number], number, number][] = [
    ['retrieval_score', -1, 1],
    ['title_coverage', 0, 1],
    ['all_coverage', 0, 1],
    ['trigram_jaccard', 0, 1],
    ['margin', 0.05, 0.7],
    ['price_percentile', 0, 1],
    ['price_fit', 0, 1],
    ['condition_grade', 1, 5],
    ['seller_rating', 1, 5],
    ['photos', 0, 16],
    ['age_days', 0, 30],
  ]
  for (const [name, low, high] of ranges) {
    const values = known(name)
    t.ok(values.length > 0 && values.every((value) => value >= low && value <= high), name)
    t.ok(new Set(values).size > 3, `${name} varies`)
  }
  for (const name of ['price_to_cap', 'price_fit', 'brand_hit', 'retail_price'] as const) {
    t.ok(known(name).length < rows.length, `${name} is missing somewhere`)
  }
})

t.test('a server that has only the typed query and the listings computes the same rows', async (t) => {
  // Through JSON, as over HTTP: whatever hung on the objects beside the listing itself is gone.
  const listing = (id: string): Lot => JSON.parse(JSON.stringify(byId.get(id)))
  for (const query of queries.slice(0, 30)) {
    const judged = rows.filter((row) => row.qid === query.id)
    const candidates = createRetrieval(judged.map((row) => listing(row.item))).search(
      query.text,
      judged.length,
    )
    const served = featureRows(query.text, candidates)
    const expected = new Map(judged.map((row) => [row.item, row.features]))
    const same = candidates.every(({ lot }, row) =>
      served[row]!.every((x, i) => Object.is(x, expected.get(lot.id)![i])),
    )
    t.ok(same && candidates.length === judged.length, query.text)
  }
})

t.test('nothing hidden is among lots or features', async (t) => {
  const { truths } = makeCatalogue({ seed: 7, lots: size.lots })
  const shown =
    'id title description category brand condition retail_price cost listed_at seller seller_rating photos'
  t.ok(lots.every((lot) => Reflect.ownKeys(lot).join(' ') === shown))
  const place = new Map(lots.map((lot, i) => [lot.id, i]))
  for (const [i, name] of featureNames.entries()) {
    const pairs = rows.flatMap(({ item, features }) =>
      Number.isNaN(features[i]!) ? [] : [[features[i]!, truths[place.get(item)!]!.quality] as const],
    )
    const strength = Math.abs(correlation(pairs))
    t.ok(strength < 0.75, `${name} does not give quality away: ${strength.toFixed(2)}`)
    const grades = rows.flatMap((row) =>
      Number.isNaN(row.features[i]!) ? [] : [[row.features[i]!, row.grade] as const],
    )
    t.ok(Math.abs(correlation(grades)) < 0.75, `${name} does not give the grade away`)
  }
})

t.test('parts share no query, and together hold every row', async (t) => {
  const parts = splitByQuery(rows)
  const ids = Object.values(parts).map((part) => new Set(part.map((row) => row.qid)))
  t.strictSame(
    ids.map((set) => set.size),
    [90, 15, 15],
  )
  t.equal(new Set(ids.flatMap((set) => [...set])).size, size.queries)
  t.equal(parts.train.length + parts.validation.length + parts.test.length, rows.length)
  t.ok(parts.test.every((row) => partOf(row.qid) === 'test'))
})

t.test('CSV reads back to the bit', async (t) => {
  const csv = toCsv(rows)
  t.ok(csv.endsWith('\n') && !csv.includes('NaN') && !csv.includes('"'))
  const [header, ...lines] = csv.trimEnd().split('\n')
  t.equal(header, ['label', 'qid', 'item', ...featureNames].join(','))
  t.equal(lines.length, rows.length)
  const wrong = lines.filter((line, row) => {
    const [label, qid, item, ...cells] = line.split(',')
    const { grade, qid: id, item: lot, features } = rows[row]!
    const same = features.every((x, i) => Object.is(cells[i] === '' ? NaN : Number(cells[i]), x))
    return (
      !same ||
      cells.length !== features.length ||
      Number(label) !== grade ||
      Number(qid) !== id ||
      item !== lot
    )
  })
  t.strictSame(wrong, [])
})

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const n = pairs.length
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0]
  for (const [a, b] of pairs) {
    x += a
    y += b
    xx += a * a
    yy += b * b
    xy += a * b
  }
  return (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y))
}
