// The system the ranker is for, end to end: an index over a catalogue, a ranker behind HTTP, business rules, the client
// that a product service calls, and what each of them is worth.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
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
import { compete, newContest } from './contest.ts'
import { type Market, simulatedMarket } from './market.ts'
import { HELP, readOptions } from './options.ts'
import { renderPage } from './page.ts'
import { readMarket } from './real-markets.ts'
import { measure } from './results.ts'
import { CANDIDATES, itemsOf, type Shop } from './stages.ts'
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
  const count = market.splits.reduce((sum, { test }) => sum + test.length, 0)
  const spec = relative(process.cwd(), market.features)
  say('catalogue', market.name, `${count} queries to measure; features: ${spec}`, market.simulated)

  const engine = await openEngine(market)
  closing.push(() => engine.close())
  const { items, seconds } = await engine.index(itemsOf(market))
  const where = options.openSearch ? 'in OpenSearch' : 'embedded'
  say('index', `${items.toLocaleString('en-US')} items ${where} in ${seconds.toFixed(1)} s`)
  const places = new Map(market.lots.map(({ id }, place) => [id, place]))
  const shop: Shop = { market, engine, places }

  const contest = newContest(market.hasMargins)
  let weight: number | undefined
  for (const [index, split] of market.splits.entries()) {
    const trained = await trainRanker(shop, split, join(folder, `ranker-${index + 1}`))
    say(
      'train',
      `LambdaMART on the raw candidates of ${split.train.length} queries, round ${trained.round} kept`,
    )
    if (market.hasMargins) weight = chooseWeight(trained.model, trained.validation!)
    const server = await serve(trained.model)
    closing.push(() => server.stop())
    const ranker = new RankerClient({ endpoint: server.url, timeoutMs: 1000 })
    await compete(contest, shop, ranker, split.test, weight)
    await server.stop()
  }
  const { timings, lists, recalls, degraded } = contest
  const recall = recalls.reduce((sum, one) => sum + one, 0) / recalls.length
  say('stages', ...stageTable(timings, market.lots.length).split('\n'))
  say(
    'recall',
    `stage 1 finds ${(100 * recall).toFixed(1)} % of the best lots that fit among ${CANDIDATES}, over ${recalls.length} queries that have any`,
    `${degraded} of ${count * (contest.contenders.length - 1)} answers were degraded to the order of stage 1`,
  )
  const results = measure(contest.contenders)
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
    const started = await startOpenSearch({ isBusy: true })
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
function chooseWeight(model: string, validation: string): number {
  const ranker = join(import.meta.dirname, '../../src/cli/main.ts')
  const flags = ['--model-path', model, '--input', validation]
  const { status, stdout, stderr } = spawnSync(process.execPath, [ranker, 'tradeoff', ...flags], {
    encoding: 'utf8',
  })
  const weight = /weight (\S+) brings most margin/.exec(stdout)?.[1]
  if (status !== 0 || weight === undefined)
    throw new Error(`ranker tradeoff ended with ${status}:\n${stderr}`)
  say('margin', `ranker tradeoff chooses weight ${weight} on the validation queries`)
  return Number(weight)
}
