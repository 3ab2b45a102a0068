import type { Benchmark, Context } from './benchmark.ts'
import { type Contender, contenders, ONNXRUNTIME } from './http-peers.ts'
import { CONNECTIONS, secondsOf } from './http-race.ts'
import { csvRequests, type Requests } from './http-requests.ts'
import { FEATURES, measure, serveModel, trainModel } from './http-server.ts'
import { type Memory, processMemory, processTree } from './proc.ts'
import { formatTable, short } from './table.ts'

const TREES = 500
const BODIES = 200
const ROWS = 100

/** What servers have in memory after load, process by process. */
export const memoryBenchmark: Benchmark = {
  name: 'memory',
  summary: `memory of servers after load with ${TREES} trees: of a worker, and shared between two`,
  comparesWithPython: true,
  async run(context) {
    const { say, figure, python, quick } = context
    const model = await trainModel(context, TREES)
    const requests = csvRequests(context, quick ? 20 : BODIES, ROWS, FEATURES)
    const rows: string[][] = []
    for (const [at, contender] of contenders(python).entries()) {
      const one = await measureMemory(context, contender, model, requests, 1)
      // One process, whoever wants two starts two.
      const two =
        contender === ONNXRUNTIME ? undefined : await measureMemory(context, contender, model, requests, 2)
      rows.push(...describe(`${contender.name}, one worker`, one))
      if (two) rows.push(...describe(`${contender.name}, two workers`, two))
      if (two) rows.push(['  the second worker adds', megabytes(total(two) - total(one)), '', ''])
      if (at > 0) continue
      const value = Math.max(...workersOf(one).map(({ pss }) => pss)) / 1e6
      figure({ what: `memory of a worker, ${TREES} trees (PSS)`, unit: 'MB', value, atMost: 100 })
    }
    say(
      `after ${short(3 * secondsOf(context))} s of load; MB. PSS counts of a page that n processes have a n-th\n`,
    )
    say(formatTable(['', 'PSS', 'its own', 'shared'], rows))
    return true
  },
}

async function measureMemory(
  context: Context,
  contender: Contender,
  model: string,
  { file }: Requests,
  workers: number,
): Promise<Memory[]> {
  const server = await serveModel(contender, model, workers)
  try {
    const seconds = 3 * secondsOf(context)
    await measure(server, { connections: CONNECTIONS, seconds, requests: file })
    return processTree(server.child.pid).map(processMemory)
  } finally {
    await server.child.stop()
  }
}

/** The first process starts the others, where there are any. */
const workersOf = (all: readonly Memory[]): readonly Memory[] => (all.length > 1 ? all.slice(1) : all)

const total = (all: readonly Memory[]): number => all.reduce((sum, { pss }) => sum + pss, 0)

function describe(name: string, all: readonly Memory[]): string[][] {
  const cells = ({ pss, own, shared }: Memory) => [pss, own, shared].map(megabytes)
  if (all.length === 1) return [[name, ...cells(all[0]!)]]
  return [
    [name, megabytes(total(all)), '', ''],
    ...all.map((one, at) => [at === 0 ? '  first process' : `  process ${at + 1}`, ...cells(one)]),
  ]
}

const megabytes = (bytes: number): string => short(bytes / 1e6)
