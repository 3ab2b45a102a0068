// The system the ranker is for, end to end: an index over a catalogue, a ranker behind HTTP, business rules, the client
// that a product service calls, and what each of them is worth.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildOpenSearch, startOpenSearch } from '../../scripts/opensearch-part.ts'
import { RankerClient } from '../../src/client/index.ts'
import {
  EmbeddedEngine,
  OpenSearchEngine,
  type SearchEngine,
  TextEmbedding,
} from '../../src/retrieval/index.ts'
import { serve } from '../demo/ranker.ts'
import { say } from '../demo/report.ts'
import { type Market, simulatedMarket } from './market.ts'
import { HELP, readOptions } from './options.ts'
import { renderPage, type SideBySide } from './page.ts'
import { readMarket } from './real-markets.ts'
import { measure } from './results.ts'
import { type Worth, worthOfRanking } from './shoppers.ts'
import { answer, CANDIDATES, itemsOf, newTimings } from './stages.ts'
import { businessTable, stageTable } from './tables.ts'
import { trainRanker } from './training.ts'

const closing: (() => unknown)[] = []
const close = async () => {
  for (const one of closing.splice(0).reverse()) await one()
}
const options = await attempt(() => readOptions(process.argv.slice(2)))
if (options.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const folder = mkdtempSync(join(tmpdir(), 'two-stage-demo-'))
closing.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void close().finally(() => process.exit(1)))
}
try {
  await attempt(run)
} finally {
  await close()
}

/** A sentence says what the user can put right; a stack does not. */
async function attempt<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (thrown) {
    console.error(`two-stage: ${(thrown as Error).message}`)
    await close()
    process.exit(1)
  }
}

async function run(): Promise<void> {
  const market = options.catalogue
    ? readMarket(resolve(options.catalogue), options.queries)
    : simulatedMarket(options)
  const test = market.queries
    .keys()
    .filter((query) => market.queries[query]!.part === 'test')
    .toArray()
  say('catalogue', market.name, `${test.length} queries to measure`, market.simulated)

  const engine = await openEngine(market)
  closing.push(() => engine.close())
  const { items, seconds } = await engine.index(itemsOf(market))
  const where = options.openSearch ? 'in OpenSearch' : 'embedded'
  say('index', `${items.toLocaleString('en-US')} items ${where} in ${seconds.toFixed(1)} s`)
  const places = new Map(market.lots.map(({ id }, place) => [id, place]))

  const rounds = await trainRanker(market, engine, places, folder)
  say('train', `LambdaMART on judged candidates of stage 1, ${rounds} rounds`)
  const weight = market.hasMargins ? chooseWeight() : undefined

  const server = await serve(join(folder, 'model'))
  closing.push(() => server.stop())
  const ranker = new RankerClient({ endpoint: server.url, timeoutMs: 1000 })
  // The first requests compile code, here and there.
  for (const query of test.slice(0, 20))
    await answer(market, engine, ranker, places, query, undefined, newTimings())

  const timings = newTimings()
  const contenders = [
    { name: 'stage 1 alone', worths: [] as Worth[] },
    { name: 'ranker', worths: [] as Worth[] },
    ...(weight === undefined ? [] : [{ name: 'ranker + margin', worths: [] as Worth[] }]),
  ]
  const lists: SideBySide[] = []
  let [found, best, degraded] = [0, 0, 0]
  for (const query of test) {
    const rules = weight === undefined ? undefined : { rerank: { margin: { weight } } }
    const plain = await answer(market, engine, ranker, places, query, undefined, timings)
    const orders = [plain.found, plain.ranked.ranking.map(({ item }) => places.get(item.id)!)]
    if (rules) {
      const blended = await answer(market, engine, ranker, places, query, rules, newTimings())
      orders.push(blended.ranked.ranking.map(({ item }) => places.get(item.id)!))
    }
    for (const [index, order] of orders.entries())
      contenders[index]!.worths.push(worthOfRanking(market, query, order, plain.found))
    const all = market.countBest(query)
    if (all !== undefined && all > 0) {
      found += plain.found.filter((lot) => market.grade(query, lot) === 4).length / Math.min(all, CANDIDATES)
      best++
    }
    if (plain.ranked.degraded) degraded++
    if (lists.length < 4) lists.push({ query, orders: orders.map((order) => order.slice(0, 10)) })
  }
  const recall = found / best
  say('stages', ...stageTable(timings, market.lots.length).split('\n'))
  say(
    'recall',
    `stage 1 finds ${(100 * recall).toFixed(1)} % of the best lots that fit among ${CANDIDATES}, over ${best} queries that have any`,
    `${degraded} of ${test.length} answers were degraded to the order of stage 1`,
  )
  const results = measure(contenders)
  say('worth', ...businessTable(results, market.hasMargins).split('\n'))
  const output = resolve(options.output)
  mkdirSync(output, { recursive: true })
  const page = join(output, 'report.html')
  writeFileSync(page, renderPage({ market, results, timings, recall, lists, weight }))
  say('page', page)
}

async function openEngine(market: Market): Promise<SearchEngine> {
  if (options.openSearch === undefined) return EmbeddedEngine.open(join(folder, 'index'))
  let node = options.openSearch
  if (node === 'local') {
    const reason = await buildOpenSearch()
    if (reason !== undefined) throw new Error(`no node of OpenSearch can be started here: ${reason}`)
    const started = await startOpenSearch()
    closing.push(() => started.stop())
    node = started.url
  }
  const texts = Array.from(itemsOf(market), ({ text }) => text!)
  return OpenSearchEngine.open({
    node,
    alias: 'two-stage-demo',
    embedder: await TextEmbedding.fit(texts),
    timeoutMs: 5000,
    settings: { number_of_replicas: 0 },
  })
}

/** The weight of the margin that costs little relevance on the validation queries, by the command that users have. */
function chooseWeight(): number {
  const ranker = join(import.meta.dirname, '../../src/cli/main.ts')
  const flags = ['--model-path', join(folder, 'model'), '--input', join(folder, 'validation.csv')]
  const { status, stdout, stderr } = spawnSync(process.execPath, [ranker, 'tradeoff', ...flags], {
    encoding: 'utf8',
  })
  const weight = /weight (\S+) brings most margin/.exec(stdout)?.[1]
  if (status !== 0 || weight === undefined)
    throw new Error(`ranker tradeoff ended with ${status}:\n${stderr}`)
  say('margin', `ranker tradeoff chooses weight ${weight} on the validation queries`)
  return Number(weight)
}
