import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hasOpenSearch, startOpenSearch } from '../scripts/opensearch-part.ts'
import { RankerClient } from '../src/client/index.ts'
import { quantile } from '../src/data/quantile.ts'
import { EmbeddedEngine, OpenSearchEngine, type SearchEngine } from '../src/retrieval/index.ts'
import type { Benchmark, Context } from './benchmark.ts'
import { runChild } from './child.ts'
import { writeJudgedCsv } from './data.ts'
import { startServer } from './http-server.ts'
import { cpuSeconds, residentTree } from './proc.ts'
import { rankerServe, rankerTrain } from './ranker.ts'
import { formatTable } from './table.ts'
import { vectorItems, vectorSource } from './two-stage-vectors.ts'

const DIMENSIONS = 128
const SEARCHES = 1000
const COLUMNS = 24
const CANDIDATES = 100
const PER_SECOND = 50
const WARM_UP = 200
/** What the figures are promised for. */
const PROMISED_ITEMS = 100_000
const INDEX = fileURLToPath(new URL('./two-stage-index.ts', import.meta.url))

/** What both stages cost, apart and together: 100,000 items to 100 to 10. */
export const twoStageBenchmark: Benchmark = {
  name: 'two-stage',
  summary: 'retrieval and ranking together: times, recall, memory and building',
  comparesWithPython: false,
  onlyByName: true,
  async run(context) {
    const { say, folder, items } = context
    const figure: Context['figure'] = items === PROMISED_ITEMS ? context.figure : () => {}
    const index = join(folder, 'index')
    const run = async (mode: string) => {
      const args = [INDEX, mode, index, items, DIMENSIONS, SEARCHES].map(String)
      return JSON.parse((await runChild(process.execPath, args, { timeout: 3600 })).at(-1)!)
    }
    const built = await run('build')
    const searched = await run('search')
    figure({ what: 'index build, embedded', value: built.seconds, atMost: 40, unit: 's' })
    figure({ what: 'resident memory while it builds', value: built.rss / 1e6, atMost: 400, unit: 'MB' })
    figure({ what: 'resident memory while it searches', value: searched.rss / 1e6, atMost: 400, unit: 'MB' })
    figure({ what: 'stage 1 embedded, p50', value: searched.plain.p50, atMost: 5, unit: 'ms' })
    figure({ what: 'stage 1 embedded, p99', value: searched.plain.p99, atMost: 20, unit: 'ms' })
    figure({ what: 'stage 1 embedded, recall@100', value: searched.recall, atLeast: 0.99, unit: '' })
    say(`stage 1, embedded: ${items.toLocaleString('en-US')} x ${DIMENSIONS}, the nearest 100\n`)
    say(
      formatTable(
        ['', 'value'],
        [
          [
            'build',
            `${built.seconds.toFixed(1)} s, ${built.cpuSeconds.toFixed(1)} CPU s, ${mb(built.rss)} at its end`,
          ],
          ['open', `${searched.openMs.toFixed(0)} ms`],
          ['search', `${ms(searched.plain)}, ${searched.plain.cpu.toFixed(2)} CPU ms`],
          [
            'search, a filter that leaves 5 %',
            `${ms(searched.filtered)}, ${searched.filtered.cpu.toFixed(2)} CPU ms`,
          ],
          ['recall@100 against exact', searched.recall.toFixed(4)],
          ['resident memory', mb(searched.rss)],
        ],
      ),
    )
    const model = await trainModel(context)
    const server = await startServer('ranker', (port) => rankerServe(model, port))
    const ranker = new RankerClient({
      endpoint: `http://127.0.0.1:${server.port}/invocations`,
      timeoutMs: 1000,
    })
    try {
      const engine = await EmbeddedEngine.open(index)
      say(`\nboth stages at ${PER_SECOND} searches a second, embedded\n`)
      const before = cpuSeconds(server.child.pid)
      const { isRight, ranking, all } = await measure(context, engine, ranker)
      figure({ what: 'stage 2 through HTTP, p50', value: ranking.p50, atMost: 2, unit: 'ms' })
      figure({ what: 'stage 2 through HTTP, p99', value: ranking.p99, atMost: 10, unit: 'ms' })
      figure({ what: 'whole request embedded, p99', value: all.p99, atMost: 30, unit: 'ms' })
      const cpu = (1000 * (cpuSeconds(server.child.pid) - before)) / (WARM_UP + requestsOf(context))
      say(
        `\nranker: ${cpu.toFixed(2)} CPU ms a request, ${mb(residentTree(server.child.pid))} (PSS of all its processes)`,
      )
      let isAllRight = isRight && searched.recall >= 0.99
      if (hasOpenSearch()) isAllRight = (await withOpenSearch({ ...context, figure }, ranker)) && isAllRight
      else say('\nOpenSearch: not here, skipped (node scripts/launch.mjs scripts/test-parts.ts fetches it)')
      return isAllRight
    } finally {
      await server.child.stop()
    }
  },
}

async function withOpenSearch(context: Context, ranker: RankerClient): Promise<boolean> {
  const { say, figure, items } = context
  const node = await startOpenSearch({ isBusy: true })
  try {
    const settings = { number_of_replicas: 0 }
    const engine = await OpenSearchEngine.open({ node: node.url, alias: 'bench', timeoutMs: 5000, settings })
    const { seconds } = await engine.index(vectorItems(items, DIMENSIONS))
    const next = vectorSource(DIMENSIONS, 3)
    const taken: number[] = []
    for (let search = 0; search < 2 * SEARCHES; search++) {
      const from = performance.now()
      await engine.search({ vector: next() })
      if (search >= SEARCHES) taken.push(performance.now() - from)
    }
    say(
      `\nstage 1, OpenSearch over loopback: built in ${seconds.toFixed(1)} s, search ${ms(quantiles(taken))}`,
    )
    figure({
      what: 'stage 1 OpenSearch over loopback, p50',
      value: quantiles(taken).p50,
      atMost: 20,
      unit: 'ms',
    })
    say(`\nboth stages at ${PER_SECOND} searches a second, OpenSearch\n`)
    const { isRight, all } = await measure(context, engine, ranker)
    figure({ what: 'whole request with OpenSearch, p99', value: all.p99, atMost: 60, unit: 'ms' })
    await engine.close()
    return isRight
  } finally {
    await node.stop()
  }
}

/** Sends searches at their times, whatever became of those before. @returns whether all were ranked, and how soon */
async function measure(context: Context, engine: SearchEngine, ranker: RankerClient) {
  const next = vectorSource(DIMENSIONS, 4)
  const random = vectorSource(COLUMNS, 5)
  const taken = { retrieval: [] as number[], ranking: [] as number[], all: [] as number[] }
  let [degraded, failed] = [0, 0]
  const one = async (counts: boolean) => {
    const started = performance.now()
    const hits = await engine.search({ vector: next(), k: CANDIDATES }).catch(() => undefined)
    if (hits === undefined) {
      failed++
      return
    }
    const found = performance.now()
    const candidates = hits.map(({ id }) => {
      const row = random()
      return {
        id,
        ...Object.fromEntries(Array.from(row, (value, column) => [`f${column}`, Number(value.toFixed(4))])),
      }
    })
    const described = performance.now()
    const answer = await ranker.rank({}, candidates, { limit: 10 })
    if (!counts) return
    if (answer.degraded && degraded++ === 0)
      context.say(`the first degraded answer: ${answer.reason?.message}`)
    taken.retrieval.push(found - started)
    taken.ranking.push(performance.now() - described)
    taken.all.push(performance.now() - started)
  }
  for (let warm = 0; warm < WARM_UP; warm++) await one(false)
  const count = requestsOf(context)
  const first = performance.now()
  const pending: Promise<void>[] = []
  for (let request = 0; request < count; request++) {
    await sleep(Math.max(0, first + (1000 * request) / PER_SECOND - performance.now()))
    pending.push(one(true))
  }
  await Promise.all(pending)
  const [ranking, all] = [quantiles(taken.ranking), quantiles(taken.all)]
  context.say(
    formatTable(
      ['stage', 'time'],
      [
        ['1 retrieval', ms(quantiles(taken.retrieval))],
        [`2 ranking of ${CANDIDATES} x ${COLUMNS} columns, through HTTP`, ms(ranking)],
        ['whole request', ms(all)],
      ],
    ),
  )
  if (degraded + failed > 0)
    context.say(`of ${count} answers ${degraded} were degraded, and ${failed} searches failed`)
  return { isRight: degraded + failed === 0, ranking, all }
}

const requestsOf = ({ seconds }: Context): number => PER_SECOND * Math.max(10, seconds)

async function trainModel({ folder, threads }: Context): Promise<string> {
  const csv = join(folder, 'two-stage.csv')
  writeJudgedCsv(csv, { seed: 22, rows: 5000, features: COLUMNS, rowsPerQuery: CANDIDATES })
  const output = join(folder, 'two-stage')
  await rankerTrain({ train: csv, output, num_round: 100, max_depth: 6, eta: 0.1, nthread: threads })
  return join(output, 'model')
}

function quantiles(taken: readonly number[]) {
  const sorted = Float64Array.from(taken).sort()
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

const ms = ({ p50, p99 }: { p50: number; p99: number }) =>
  `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
