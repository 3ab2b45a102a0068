import { fileURLToPath } from 'node:url'
import type { Context } from './benchmark.ts'
import { runChild } from './child.ts'
import type { LoadJob, LoadResult } from './http-load.ts'
import { RANKER } from './http-peers.ts'
import type { PingJob, PingResult } from './http-pings.ts'
import { secondsOf } from './http-race.ts'
import { csvRequests } from './http-requests.ts'
import { FEATURES, LOAD, serveModel } from './http-server.ts'
import { formatTable, short } from './table.ts'

/** Rows of a request, and how many clients send them. */
const ROWS = [100, 1000]
const CLIENTS = 80
const BODIES = 20
const PINGS = fileURLToPath(new URL('./http-pings.ts', import.meta.url))

/** The platform gives a connection 250 ms, however busy the server is; a ping that takes longer is a step to its end. */
export async function sayPings(context: Context, model: string): Promise<void> {
  const server = await serveModel(RANKER, model)
  try {
    const seconds = secondsOf(context)
    const lines: string[][] = []
    for (const rows of ROWS) {
      const { file } = csvRequests(context, BODIES, rows, FEATURES)
      const load: LoadJob = { port: server.port, connections: CLIENTS, seconds: seconds + 1, requests: file }
      const ping: PingJob = { port: server.port, seconds }
      const [loaded, pinged] = await Promise.all([
        runChild(process.execPath, [LOAD, JSON.stringify(load)]),
        runChild(process.execPath, [PINGS, JSON.stringify(ping)]),
      ])
      const { requests, failure } = JSON.parse(loaded.at(-1)!) as LoadResult
      if (failure !== undefined) throw new Error(`under load of ${rows} rows a request: ${failure}`)
      const { pings, p50, worst, failures } = JSON.parse(pinged.at(-1)!) as PingResult
      const counts = [requests / (seconds + 1), pings, p50, worst].map(short)
      lines.push([`${CLIENTS} clients, ${rows} rows a request`, ...counts, String(failures)])
    }
    const header = ['/ping on new connections', 'requests/s', 'pings', 'p50 ms', 'worst ms', 'lost']
    context.say(`\n${formatTable(header, lines)}\n`)
  } finally {
    await server.child.stop()
  }
}
