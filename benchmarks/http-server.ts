import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Context } from './benchmark.ts'
import { type Child, runChild } from './child.ts'
import { writeJudgedCsv } from './data.ts'
import type { LoadJob, LoadResult } from './http-load.ts'
import type { Contender } from './http-peers.ts'
import type { Requests } from './http-requests.ts'
import { ownCpuSeconds, processTree } from './proc.ts'
import { rankerTrain } from './ranker.ts'

/** Of the model that servers are measured with. */
export const FEATURES = 136
const TREES = 100
const ROWS_PER_QUERY = 100

export const LOAD = fileURLToPath(new URL('./http-load.ts', import.meta.url))
const READY_TIMEOUT = 120
const STEP = 5

/** A server under measurement, answering. */
export interface Server {
  readonly name: string
  readonly port: number
  readonly child: Child
  /** Seconds from its start to the first 200 of /ping. */
  readonly readyAfter: number
}

export interface Measured extends LoadResult {
  /** CPU milliseconds of the server a request. */
  readonly cpu: number
  readonly perSecond: number
  /** CPU milliseconds a request of the process that took the most. */
  readonly busiest: number
}

/** Starts a server on a free port of the loopback interface and waits until it answers. */
export async function startServer(name: string, start: (port: number) => Child): Promise<Server> {
  const port = await freePort()
  const started = performance.now()
  const child = start(port)
  const readyAfter = () => (performance.now() - started) / 1000
  const died = child.ended.then(() => {
    throw new Error(`${name} ended before it was ready`)
  })
  let reason = ''
  while (readyAfter() < READY_TIMEOUT) {
    try {
      const answer = await Promise.race([fetch(`http://127.0.0.1:${port}/ping`), died])
      if (answer.ok) return { name, port, child, readyAfter: readyAfter() }
      reason = await answer.text()
    } catch (error) {
      // A refused connection comes as "fetch failed": it does not listen yet.
      if (!(error instanceof TypeError)) throw error
    }
    await sleep(STEP)
  }
  await child.stop()
  throw new Error(`${name} was not ready within ${READY_TIMEOUT} s: ${reason}`)
}

/** Starts a contender with the model of a folder. */
export function serveModel(contender: Contender, model: string, workers = 1): Promise<Server> {
  return startServer(contender.name, (port) => contender.start(model, port, workers))
}

/** Servers that answer together, and end whatever happens. */
export async function withServers<T>(
  starting: readonly (() => Promise<Server>)[],
  work: (servers: Server[]) => Promise<T>,
): Promise<T> {
  const servers: Server[] = []
  try {
    for (const start of starting) servers.push(await start())
    return await work(servers)
  } finally {
    await Promise.all(servers.map((server) => server.child.stop()))
  }
}

/** Sends the first of the requests. @returns the answer's body @throws when it is no 200 */
export async function askOnce({ name, port }: Server, { contentType, bodies }: Requests): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/invocations`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: Buffer.from(bodies[0]!),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${name} answers ${answer.status}: ${text.slice(0, 300)}`)
  return text
}

/** Puts load on a server from a process of its own. @throws when a request fails. */
export async function measure(server: Server, job: Omit<LoadJob, 'port'>): Promise<Measured> {
  const before = cpuOfEach(server)
  const lines = await runChild(process.execPath, [LOAD, JSON.stringify({ ...job, port: server.port })])
  const taken = [...cpuOfEach(server)].map(([pid, seconds]) => seconds - (before.get(pid) ?? 0))
  const result = JSON.parse(lines.at(-1)!) as LoadResult
  if (result.failure !== undefined) {
    throw new Error(`${server.name} at ${job.connections} connections: ${result.failure}`)
  }
  const perRequest = (seconds: number) => (1000 * seconds) / result.requests
  return {
    ...result,
    cpu: perRequest(taken.reduce((sum, seconds) => sum + seconds, 0)),
    busiest: perRequest(Math.max(...taken)),
    perSecond: result.requests / result.seconds,
  }
}

function cpuOfEach({ child }: Server): Map<number, number> {
  return new Map(processTree(child.pid).map((pid) => [pid, ownCpuSeconds(pid)]))
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** Trains the model that servers are measured with, once for each number of trees. @returns its folder */
export async function trainModel({ folder, threads, quick }: Context, trees = TREES): Promise<string> {
  const csv = join(folder, 'http.csv')
  const output = join(folder, `http-${trees}`)
  const model = join(output, 'model')
  if (existsSync(model)) return model
  const rows = quick ? 500 : 5000
  writeJudgedCsv(csv, { seed: 21, rows, features: FEATURES, rowsPerQuery: ROWS_PER_QUERY })
  const rounds = quick ? 5 : trees
  await rankerTrain({ train: csv, output, num_round: rounds, max_depth: 6, eta: 0.1, nthread: threads })
  return model
}
