import { availableParallelism } from 'node:os'
import type { Context } from './benchmark.ts'
import { RANKER } from './http-peers.ts'
import { CONNECTIONS, cpuOf, type Lane, raceServers } from './http-race.ts'
import type { Requests } from './http-requests.ts'
import { type Measured, serveModel, trainModel, withServers } from './http-server.ts'
import { formatTable, ratio, short, withSpread } from './table.ts'

/** Of so many cores two are left when two workers are busy. */
const ROOMY = 4

/** Two workers beside one. */
export async function measureWorkers(context: Context, csv: Requests): Promise<void> {
  const { say, figure } = context
  const model = await trainModel(context)
  const starting = [1, 2].map((workers) => () => serveModel(RANKER, model, workers))
  await withServers(starting, async (servers) => {
    const [one, two] = (await raceServers(context, servers, csv, { connections: 2 * CONNECTIONS })) as [
      Lane,
      Lane,
    ]
    const perSecond = ({ runs }: Lane) => runs.map((run) => run.perSecond)
    // What the busiest worker takes a request, so long each would take alone on its core.
    const carried = ({ runs }: Lane) => runs.map((run: Measured) => 1000 / run.busiest)
    say('\nCSV, 100 trees, workers on the cores that the load generator shares\n')
    say(
      formatTable(
        [
          'workers',
          'requests/s',
          'CPU ms a request',
          'p99 ms',
          'requests a second of the busiest worker’s CPU',
        ],
        [one, two].map((lane, at) => [
          String(at + 1),
          withSpread(perSecond(lane)),
          withSpread(lane.runs.map(cpuOf)),
          withSpread(lane.runs.map(({ p99 }) => p99)),
          withSpread(carried(lane)),
        ]),
      ),
    )
    const raw = ratio(perSecond(two), perSecond(one))
    const subtracted = ratio(carried(two), carried(one))
    say(`two / one: ${short(raw)} of requests/s, ${short(subtracted)} with the load generator subtracted`)
    const roomy = availableParallelism() >= ROOMY
    figure({
      what: `two workers / one${roomy ? '' : ', the load generator subtracted'}`,
      unit: 'x',
      value: roomy ? raw : subtracted,
      atLeast: 1.8,
    })
  })
}
