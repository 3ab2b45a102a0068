import type { Context } from './benchmark.ts'
import type { Requests } from './http-requests.ts'
import { type Measured, measure, type Server } from './http-server.ts'
import { formatTable, ratio, short, withSpread } from './table.ts'

export const CONNECTIONS = 8
/** A server is warm when it has taken so much CPU time, however long that takes on a busy machine. */
const WARM_UP_CPU_MS = 1000
const MOST_WARM_UPS = 40

/** Runs of a server, the same number of each. */
export interface Lane {
  readonly server: Server
  readonly runs: readonly Measured[]
}

/** Seconds of a measurement. */
export const secondsOf = ({ seconds, quick }: Context): number => (quick ? 0.2 : seconds)

/**
 * Load on one server after the other, round by round, so that a busy minute of the machine falls on all.
 * @param more what their jobs have besides
 */
export async function raceServers(
  context: Context,
  servers: readonly Server[],
  { file: requests }: Requests,
  more: { readonly connections?: number; readonly rateOf?: (server: Server) => number } = {},
): Promise<Lane[]> {
  const { runs, quick } = context
  const { connections = CONNECTIONS, rateOf } = more
  const lanes = servers.map((server) => ({ server, runs: [] as Measured[] }))
  for (const server of servers) {
    let taken = 0
    for (let times = 0; times < (quick ? 1 : MOST_WARM_UPS) && taken < WARM_UP_CPU_MS; times++) {
      const run = await measure(server, { connections, seconds: quick ? 0.1 : 0.5, requests })
      taken += run.cpu * run.requests
    }
  }
  for (let round = 0; round < runs; round++) {
    for (const { server, runs } of lanes) {
      const rate = rateOf && { rate: rateOf(server) }
      runs.push(await measure(server, { connections, seconds: secondsOf(context), requests, ...rate }))
    }
  }
  return lanes
}

/** What servers took, a line each, and what the first took of each other's CPU. */
export function describeLanes(lanes: readonly Lane[]): string {
  const [first] = lanes as [Lane, ...Lane[]]
  const header = ['server', 'CPU ms a request', 'requests/s', 'p50 ms', 'p99 ms', 'CPU: ratio to ranker']
  const rows = lanes.map(({ server, runs }) => [
    server.name,
    ...COLUMNS.map((of) => withSpread(runs.map(of))),
    short(ratio(runs.map(cpuOf), first.runs.map(cpuOf))),
  ])
  return formatTable(header, rows)
}

export const cpuOf = ({ cpu }: Measured): number => cpu

const COLUMNS: readonly ((one: Measured) => number)[] = [
  cpuOf,
  ({ perSecond }) => perSecond,
  ({ p50 }) => p50,
  ({ p99 }) => p99,
]
