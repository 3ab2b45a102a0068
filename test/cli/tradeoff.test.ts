import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sweepMargin } from '../../src/cli/tradeoff-sweep.ts'
import { ranker } from '../helpers/command.ts'
import { modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

// Two queries, twelve rows each: what is relevant has a thin margin, so that one is paid for with the other.
const rows = Array.from({ length: 24 }, (_, row) => {
  const relevance = row % 12
  return {
    query: row < 12 ? 'a' : 'b',
    label: relevance >= 9 ? 1 : 0,
    score: relevance / 4,
    price: 100,
    cost: 20 + 6 * relevance,
  }
})
const judged = {
  sizes: Uint32Array.of(12, 12),
  labels: Float32Array.from(rows, ({ label }) => label),
  scores: Float32Array.from(rows, ({ score }) => score),
  prices: Float64Array.from(rows, ({ price }) => price),
  costs: Float64Array.from(rows, ({ cost }) => cost),
}

t.test('a sweep measures every weight and chooses by what may be lost', async (t) => {
  const options = { as: 'share', mostLoss: 0, probabilities: false } as const
  const { points, chosen, queries } = sweepMargin(judged, [0, 1, 9], options)
  t.equal(queries, 2)
  t.equal(points[0]!.ndcg.mean, 1, 'by score all relevant rows come first')
  // The ten best rows have costs of 32 to 86, their margins 0.68 to 0.14.
  t.ok(Math.abs(points[0]!.margin.mean - 0.41) < 1e-9, `${points[0]!.margin.mean}`)
  t.ok(Math.abs(points[2]!.margin.mean - 0.53) < 1e-9, 'by margin the ten cheapest')
  t.ok(points[2]!.ndcg.mean < 0.2)
  t.ok(Math.abs(points[2]!.marginGap.mean - 0.12) < 1e-9)
  t.equal(chosen.ndcg.mean, 1)
  t.equal(sweepMargin(judged, [0, 1, 9], { ...options, mostLoss: 1 }).chosen.weight, 9)
  const unknown = { ...judged, prices: judged.prices.map((price, row) => (row < 12 ? Number.NaN : price)) }
  const { points: known } = sweepMargin(unknown, [0], options)
  t.ok(Math.abs(known[0]!.margin.mean - 0.41) < 1e-9, 'a query without margins says nothing of them')
})

t.test('ranker tradeoff prints, draws and saves', async (t) => {
  const model = modelFolder(t)
  const lines = rows.map(
    ({ query, label, price, cost }, row) => `${label},${query},${label ? 9 : 11},4,${row},${price},${cost}`,
  )
  const csv = ['label,qid,price,cost,age,retail_price,paid', ...lines].join('\n')
  const cwd = t.testdir({ 'judged.csv': csv, 'empty.csv': 'label,qid,price,cost,age,retail_price,paid\n' })
  const flags = ['tradeoff', '--model-path', model, '--input', 'judged.csv', '--cost', 'paid']
  const asked = [...flags, '--weights', '0.5,20', '--max-loss', '1', '--output', 'page.html', '--save']
  const { code, stdout, stderr } = await ranker(asked, { cwd })
  t.equal(code, 0, stderr)
  t.match(stdout, /^ +0 +1\.0000 +0\.0000/m)
  t.match(stdout, /^ +20 +0\.\d{4} +-/m)
  t.match(stdout, /2 queries; weight 20 brings most margin for at most 100\.0 % of NDCG@10/)
  const page = readFileSync(join(cwd, 'page.html'), 'utf8')
  t.match(page, /<svg[\s\S]*NDCG@10 against margin@10|NDCG@10 against margin@10[\s\S]*<svg/)
  t.match(page, /At weight 20/)

  // The model serves with it, and is the same model otherwise.
  const { invoke, ping } = await startServer(t, model)
  t.equal((await ping()).statusCode, 200)
  const item = { price: 9, cost: 4, age: 1, retail_price: 100 }
  const items = [
    { ...item, id: 'thin', paid: 90 },
    { ...item, id: 'fat', paid: 10 },
  ]
  t.match((await invoke({ items })).json().ranking, [{ id: 'fat' }, { id: 'thin' }])

  const refused: [flags: string[], message: RegExp][] = [
    [['--weights', '1,x'], /--weights is "1,x": wanted numbers from 0/],
    [['--weights', '-1'], /--weights/],
    [['--max-loss', '2'], /--max-loss is "2": wanted a share from 0 to 1/],
    [['--as', 'gold'], /--as is "gold": wanted share or money/],
    [['--price', 'prize'], /judged\.csv has no price column "prize": its columns are "label"/],
    [['--group', 'query'], /no group column "query"/],
  ]
  for (const [more, message] of refused)
    t.match(await ranker([...flags, ...more], { cwd }), { code: 1, stderr: message }, more.join(' '))
  t.match(await ranker(['tradeoff', '--model-path', model], { cwd }), { code: 1, stderr: /needs --input/ })
  t.match(await ranker([...flags.slice(0, 3), '--input', 'empty.csv', '--cost', 'paid'], { cwd }), {
    code: 1,
    stderr: /no row/,
  })
  writeFileSync(join(cwd, 'bad.csv'), 'label,qid,price,cost,age,retail_price,paid\nx,a,1,1,1,1,1\n')
  t.match(await ranker([...flags.slice(0, 3), '--input', 'bad.csv', '--cost', 'paid'], { cwd }), {
    code: 1,
    stderr: /bad\.csv line 2, column "label" \(the label\) is "x": wanted a grade/,
  })
})
