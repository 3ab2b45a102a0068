import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Booster } from '../src/xgboost/booster.ts'
import { XGBoost } from '../src/xgboost/library.ts'
import type { Benchmark, Context } from './benchmark.ts'
import { runChild, startChild } from './child.ts'
import { requestBodies } from './data.ts'
import type { LoadJob, LoadResult } from './http-load.ts'
import type { PingJob, PingResult } from './http-pings.ts'
import {
  FEATURES,
  LOAD,
  type Measured,
  measure,
  type Server,
  startServer,
  TREES,
  trainModel,
} from './http-server.ts'
import { sayStart } from './http-start.ts'
import { largestDifference } from './parity-ours.ts'
import { rankerServe } from './ranker.ts'
import { formatTable, short } from './table.ts'

const ROWS = 100
const BODIES = 200
const CONNECTIONS = [1, 8]
const WARM_UP_SECONDS = 1
/** Rows of a request while pings are measured, and how many clients send them. */
const PING_ROWS = [100, 1000]
const PING_CONNECTIONS = 80
const PING_BODIES = 20
const TOLERANCE = 1e-6

const PINGS = fileURLToPath(new URL('./http-pings.ts', import.meta.url))
const ECHO = fileURLToPath(new URL('./http-echo.ts', import.meta.url))
const PEER = fileURLToPath(new URL('./http-onnxruntime.ts', import.meta.url))

/** What a request for 100 rows costs over HTTP, beside Fastify with onnxruntime-node and Fastify that echoes. */
export const httpBenchmark: Benchmark = {
  name: 'http',
  summary:
    'requests a second and CPU of POST /invocations, beside Fastify with onnxruntime-node and a bare echo',
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
      const onnx = join(model, 'model.onnx')
      servers.push(
        await startServer('fastify + ort', (port) =>
          startChild(process.execPath, [PEER, String(port), onnx]),
        ),
      )
      servers.push(await startServer('echo', (port) => startChild(process.execPath, [ECHO, String(port)])))
      const [ranker, peer, echo] = servers as [Server, Server, Server]
      const difference = await checkScores(ranker, bodies, join(model, 'model.ubj'))

      const rows: string[][] = []
      for (const server of servers) {
        await measure(server, { connections: CONNECTIONS.at(-1)!, seconds: WARM_UP_SECONDS, bodies: file })
      }
      for (const connections of CONNECTIONS) {
        // Side by side at the same number of connections, so that a busy minute of the machine falls on both.
        const ours = await measure(ranker, { connections, seconds, bodies: file })
        const theirs = await measure(peer, { connections, seconds, bodies: file })
        const floor = await measure(echo, { connections, seconds, bodies: file })
        rows.push(...describe(connections, ours, [peer.name, theirs], [echo.name, floor]))
      }
      const size = (bodies.reduce((sum, body) => sum + body.length, 0) / BODIES / 1024).toFixed(0)
      const requests = `${ROWS} rows x ${FEATURES} features of CSV (${size} KiB, ${BODIES} bodies in turn)`
      say(`${requests}, ${TREES} trees of depth 6, one worker, ${seconds} s each\n`)
      say(formatTable(['server', 'connections', ...COLUMNS.map(([name]) => name)], rows))
      await sayPings(context, ranker, bodies)
      await sayStart(context, { file, first: bodies[0]! })
      say(`scores of ${ROWS} rows within ${difference} of XGBoost's own`)
      if (difference <= TOLERANCE) return true
      say(`WRONG: wanted within ${TOLERANCE}`)
      return false
    } finally {
      await Promise.all(servers.map((server) => server.child.stop()))
    }
  },
}

/** The platform gives a connection 250 ms, however busy the server is; a ping that takes longer is a step to its end. */
async function sayPings({ say, folder, seconds }: Context, { port }: Server, bodies: readonly string[]) {
  const rows: string[][] = []
  for (const times of PING_ROWS.map((count) => count / ROWS)) {
    const file = join(folder, 'http-ping-bodies.json')
    const large = Array.from({ length: PING_BODIES }, (_, body) => bodies.slice(body, body + times).join(''))
    writeFileSync(file, JSON.stringify(large))
    const load: LoadJob = { port, connections: PING_CONNECTIONS, seconds: seconds + 1, bodies: file }
    const [loaded, pinged] = await Promise.all([
      runChild(process.execPath, [LOAD, JSON.stringify(load)]),
      runChild(process.execPath, [PINGS, JSON.stringify({ port, seconds } satisfies PingJob)]),
    ])
    const { requests, failure } = JSON.parse(loaded.at(-1)!) as LoadResult
    if (failure !== undefined) throw new Error(`under load of ${times * ROWS} rows a request: ${failure}`)
    const { pings, p50, worst, failures } = JSON.parse(pinged.at(-1)!) as PingResult
    rows.push([
      `${PING_CONNECTIONS} clients, ${times * ROWS} rows a request`,
      ...[requests / (seconds + 1), pings, p50, worst].map(short),
      String(failures),
    ])
  }
  say(
    `\n${formatTable(['/ping on new connections', 'requests/s', 'pings', 'p50 ms', 'worst ms', 'lost'], rows)}\n`,
  )
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

function describe(
  connections: number,
  ours: Measured,
  ...others: [name: string, one: Measured][]
): string[][] {
  const row = (name: string, value: (of: (one: Measured) => number) => number) => [
    name,
    String(connections),
    ...COLUMNS.map(([, of]) => short(value(of))),
  ]
  return [
    row('ranker', (of) => of(ours)),
    ...others.map(([name, one]) => row(name, (of) => of(one))),
    ...others.map(([name, one]) => row(`ranker / ${name}`, (of) => of(ours) / of(one))),
  ]
}
