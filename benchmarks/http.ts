import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Booster } from '../src/xgboost/booster.ts'
import { XGBoost } from '../src/xgboost/library.ts'
import type { Benchmark, Context } from './benchmark.ts'
import { startChild } from './child.ts'
import { requestBodies, writeJudgedCsv } from './data.ts'
import { type Measured, measure, type Server, startServer } from './http-server.ts'
import { largestDifference } from './parity-ours.ts'
import { peakMegabytes } from './proc.ts'
import { rankerServe, rankerTrain } from './ranker.ts'
import { formatTable, short } from './table.ts'

const ROWS = 100
const FEATURES = 136
const BODIES = 200
const TREES = 100
const CONNECTIONS = [1, 8]
const WARM_UP_SECONDS = 1
const TOLERANCE = 1e-6

const ECHO = fileURLToPath(new URL('./http-echo.ts', import.meta.url))

/** What a request for 100 rows costs over HTTP, beside a Fastify server that only sends the body back. */
export const httpBenchmark: Benchmark = {
  name: 'http',
  summary: 'requests a second and CPU of POST /invocations, beside a bare Fastify echo',
  comparesWithPython: false,
  async run(context) {
    const { say, folder, seconds } = context
    const model = await trainModel(context)
    const bodies = requestBodies(BODIES, ROWS, FEATURES)
    const file = join(folder, 'http-bodies.json')
    writeFileSync(file, JSON.stringify(bodies))

    const servers: Server[] = []
    try {
      servers.push(await startServer('ranker', (port) => rankerServe(model, port)))
      servers.push(await startServer('echo', (port) => startChild(process.execPath, [ECHO, String(port)])))
      const [ranker, echo] = servers as [Server, Server]
      const difference = await checkScores(ranker, bodies, join(model, 'model.ubj'))

      const rows: string[][] = []
      for (const server of servers) {
        await measure(server, { connections: CONNECTIONS.at(-1)!, seconds: WARM_UP_SECONDS, bodies: file })
      }
      for (const connections of CONNECTIONS) {
        // Side by side at the same number of connections, so that a busy minute of the machine falls on both.
        const ours = await measure(ranker, { connections, seconds, bodies: file })
        const floor = await measure(echo, { connections, seconds, bodies: file })
        rows.push(...describe(connections, ours, floor))
      }
      const size = (bodies.reduce((sum, body) => sum + body.length, 0) / BODIES / 1024).toFixed(0)
      const requests = `${ROWS} rows x ${FEATURES} features of CSV (${size} KiB, ${BODIES} bodies in turn)`
      say(`${requests}, ${TREES} trees of depth 6, one worker, ${seconds} s each\n`)
      say(formatTable(['server', 'connections', ...COLUMNS.map(([name]) => name)], rows))
      const memory = peakMegabytes(ranker.child.pid).toFixed(0)
      say(`\nranker: ready after ${short(ranker.readyAfter)} s, peak memory ${memory} MB`)
      say(`scores of ${ROWS} rows within ${difference} of XGBoost's own`)
      if (difference <= TOLERANCE) return true
      say(`WRONG: wanted within ${TOLERANCE}`)
      return false
    } finally {
      await Promise.all(servers.map((server) => server.child.stop()))
    }
  },
}

async function trainModel({ folder, threads }: Context): Promise<string> {
  const csv = join(folder, 'http.csv')
  writeJudgedCsv(csv, { seed: 21, rows: 5000, features: FEATURES, rowsPerQuery: ROWS })
  const output = join(folder, 'http')
  await rankerTrain({ train: csv, output, num_round: TREES, max_depth: 6, eta: 0.1, nthread: threads })
  return join(output, 'model')
}

/** A fast wrong answer is worth nothing: the first answer is held against XGBoost's C API. */
async function checkScores({ port }: Server, bodies: readonly string[], model: string): Promise<number> {
  const [body = ''] = bodies
  const answer = await fetch(`http://127.0.0.1:${port}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body,
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`ranker answers ${answer.status}: ${text}`)
  const booster = Booster.load(XGBoost.load(process.env), readFileSync(model))
  try {
    const values = Float32Array.from(body.trimEnd().split(/[,\n]/), Number)
    const wanted = booster.predict(values, ROWS, FEATURES)
    return largestDifference(Float32Array.from(text.trimEnd().split('\n'), Number), wanted).difference
  } finally {
    booster.close()
  }
}

/** The columns of the table after its first. */
const COLUMNS: readonly (readonly [string, (one: Measured) => number])[] = [
  ['requests/s', (one) => one.perSecond],
  ['CPU ms', (one) => one.cpu],
  ['p50 ms', (one) => one.p50],
  ['p99 ms', (one) => one.p99],
]

function describe(connections: number, ours: Measured, floor: Measured): string[][] {
  const row = (name: string, value: (of: (one: Measured) => number) => number) => [
    name,
    String(connections),
    ...COLUMNS.map(([, of]) => short(value(of))),
  ]
  return [
    row('ranker', (of) => of(ours)),
    row('echo', (of) => of(floor)),
    row('ranker / echo', (of) => of(ours) / of(floor)),
  ]
}
