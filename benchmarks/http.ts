import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Booster } from '../src/xgboost/booster.ts'
import { XGBoost } from '../src/xgboost/library.ts'
import type { Benchmark, Context } from './benchmark.ts'
import { KINDS } from './features-data.ts'
import { sayPings } from './http-busy.ts'
import { contenders, ECHO, ONNXRUNTIME, RANKER } from './http-peers.ts'
import { CONNECTIONS, cpuOf, describeLanes, type Lane, raceServers, secondsOf } from './http-race.ts'
import { csvRequests, judgedQueries, npyRequests, queryRequests, type Requests } from './http-requests.ts'
import { askOnce, FEATURES, serveModel, trainModel, withServers } from './http-server.ts'
import { measureWorkers } from './http-workers.ts'
import { largestDifference } from './parity-ours.ts'
import { rankerTrain } from './ranker.ts'
import { median, ratio } from './table.ts'

const ROWS = 100
const BODIES = 200
const TREES = [100, 500] as const
const TOLERANCE = 1e-6

/** What requests for 100 rows cost over HTTP, beside other servers of the same model. */
export const httpBenchmark: Benchmark = {
  name: 'http',
  summary:
    'CPU, requests a second and latencies of POST /invocations, beside other servers of the same model',
  comparesWithPython: true,
  async run(context) {
    const { say, python, quick } = context
    const csv = csvRequests(context, quick ? 20 : BODIES, ROWS, FEATURES)
    const npy = npyRequests(context, csv, FEATURES)
    const bytes = csv.bodies.reduce((sum, body) => sum + body.length, 0) / csv.bodies.length
    const size = `${(bytes / 1024).toFixed(0)} KiB of CSV`
    say(
      `${ROWS} rows x ${FEATURES} features (${size}), ${csv.bodies.length} bodies in turn; trees of depth 6; one`,
    )
    say(
      `worker, ${CONNECTIONS} connections; medians of ${context.runs} times ${secondsOf(context)} s ± half the distance`,
    )
    say('between the quartiles')
    if (python) say(`Python: ${python.versions}`)
    else say('Python: skipped, there is none')
    let difference = 0
    for (const trees of TREES) difference = Math.max(difference, await measureCsv(context, trees, csv))
    await measureOther(context, npy, 'npy', await trainModel(context), 0.1)
    const queries = queryRequests(context, quick ? 20 : BODIES, ROWS)
    const what = `queries of ${ROWS} items with 15 raw columns, JSON`
    await measureOther(context, queries, what, await trainQueries(context), 0.4)
    await measureWorkers(context, csv)
    await sayPings(context, await trainModel(context))
    say(`scores of ${ROWS} rows of all servers are within ${difference} of XGBoost’s own`)
    if (difference <= TOLERANCE) return true
    say(`WRONG: wanted within ${TOLERANCE}`)
    return false
  },
}

/** @returns the largest difference of any server's scores from XGBoost's */
async function measureCsv(context: Context, trees: 100 | 500, csv: Requests): Promise<number> {
  const { say, figure, python } = context
  const model = await trainModel(context, trees)
  const all = [...contenders(python), ECHO]
  return withServers(
    all.map((one) => () => serveModel(one, model)),
    async (servers) => {
      const wanted = predict(join(model, 'model.ubj'), csv)
      let difference = 0
      for (const server of servers) {
        if (server.name === ECHO.name) continue
        const scores = Float32Array.from((await askOnce(server, csv)).trimEnd().split('\n'), Number)
        difference = Math.max(difference, largestDifference(scores, wanted).difference)
      }
      const lanes = await raceServers(context, servers, csv)
      say(`\nCSV, ${trees} trees\n`)
      say(describeLanes(lanes))
      const cpu = (name: string) => lanes.find(({ server }) => server.name === name)?.runs.map(cpuOf)
      const ours = cpu(RANKER.name)!
      const what = `CSV, ${trees} trees: CPU a request`
      figure({ what, unit: 'ms', value: median(ours), atMost: trees === 100 ? 0.17 : 0.29 })
      if (trees === 500) return difference
      const share = 100 * ratio(ours, cpu(ONNXRUNTIME.name)!)
      figure({ what: `${what}, of Fastify with onnxruntime-node`, unit: '%', value: share, atMost: 45 })
      const aws = cpu('the AWS way')
      if (aws)
        figure({ what: `${what}, the AWS way / ranker`, unit: 'x', value: ratio(aws, ours), atLeast: 25 })
      await measureHalf(context, lanes, csv)
      return difference
    },
  )
}

/** XGBoost's scores of the first body. */
function predict(model: string, { bodies }: Requests): Float32Array {
  const booster = Booster.load(XGBoost.load(process.env), readFileSync(model))
  try {
    const values = Float32Array.from(Buffer.from(bodies[0]!).toString().trimEnd().split(/[,\n]/), Number)
    return booster.predict(values, values.length / FEATURES, FEATURES)
  } finally {
    booster.close()
  }
}

/** Latencies where each server gets half of the requests that it can answer. */
async function measureHalf(context: Context, lanes: readonly Lane[], csv: Requests): Promise<void> {
  const most = new Map(
    lanes.map(({ server, runs }) => [server.name, median(runs.map(({ perSecond }) => perSecond))]),
  )
  const servers = lanes.map(({ server }) => server).filter(({ name }) => name !== ECHO.name)
  const half = await raceServers(context, servers, csv, {
    connections: 2 * CONNECTIONS,
    rateOf: ({ name }) => most.get(name)! / 2,
  })
  context.say('\nCSV, 100 trees, each at half of its own most requests, which come evenly\n')
  context.say(describeLanes(half))
  const value = median(half[0]!.runs.map(({ p99 }) => p99))
  context.figure({ what: 'CSV, 100 trees: p99 at half load', unit: 'ms', value, atMost: 3 })
}

/** Requests of another form, beside their echo. */
async function measureOther(
  context: Context,
  requests: Requests,
  what: string,
  model: string,
  atMost: number,
): Promise<void> {
  const { say, figure } = context
  const starting = [RANKER, ECHO].map((one) => () => serveModel(one, model))
  await withServers(starting, async (servers) => {
    await askOnce(servers[0]!, requests)
    const lanes = await raceServers(context, servers, requests)
    const size = (requests.bodies[0]!.length / 1024).toFixed(0)
    say(`\n${what} (${size} KiB), 100 trees\n`)
    say(describeLanes(lanes))
    const value = median(lanes[0]!.runs.map(cpuOf))
    figure({ what: `${what}: CPU a request`, unit: 'ms', value, atMost })
  })
}

/** A model of raw columns, with every kind of feature but those of vectors and trigrams. */
async function trainQueries({ folder, threads, quick }: Context): Promise<string> {
  const [train, features] = [join(folder, 'queries.jsonl'), join(folder, 'queries.yaml')]
  const kinds = Object.entries(KINDS).filter(([kind]) => !/embed|trigram/.test(kind))
  writeFileSync(train, judgedQueries(quick ? 10 : 100, 50))
  // YAML is more than JSON.
  writeFileSync(features, JSON.stringify({ features: kinds.flatMap(([, list]) => list) }))
  const output = join(folder, 'queries')
  const rounds = quick ? 5 : 100
  await rankerTrain({ train, features, output, num_round: rounds, max_depth: 6, nthread: threads })
  return join(output, 'model')
}
