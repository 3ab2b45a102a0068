import type { Benchmark } from './benchmark.ts'
import { runChild } from './child.ts'
import { type Contender, contenders } from './http-peers.ts'
import { csvRequests } from './http-requests.ts'
import { askOnce, FEATURES, serveModel, trainModel } from './http-server.ts'
import { cpuSeconds } from './proc.ts'
import { formatTable, median, ratio, short, withSpread } from './table.ts'

const TREES = 500
const ROWS = 100
const RUNS = 7

/** A start, in milliseconds. */
interface Start {
  readonly ready: number
  readonly answered: number
  readonly cpu: number
}

/** How long servers of a large model take from their start to ready, and to the first good answer. */
export const startBenchmark: Benchmark = {
  name: 'start',
  summary: `start to ready and to the first good answer with ${TREES} trees, beside other servers`,
  comparesWithPython: true,
  async run(context) {
    const { say, figure, python, quick } = context
    const model = await trainModel(context, TREES)
    const requests = csvRequests(context, 1, ROWS, FEATURES)
    const lanes = contenders(python).map((contender) => ({ contender, starts: [] as Start[] }))
    const empty: number[] = []
    const begin = async (contender: Contender): Promise<Start> => {
      const started = performance.now()
      const server = await serveModel(contender, model)
      try {
        await askOnce(server, requests)
        const answered = performance.now() - started
        return { ready: 1000 * server.readyAfter, answered, cpu: 1000 * cpuSeconds(server.child.pid) }
      } finally {
        await server.child.stop()
      }
    }
    // The first start after a change of the sources compiles them.
    for (const { contender } of lanes) await begin(contender)
    for (let run = 0; run < (quick ? 1 : RUNS); run++) {
      const before = performance.now()
      await runChild(process.execPath, ['--eval', ''])
      empty.push(performance.now() - before)
      for (const { contender, starts } of lanes) starts.push(await begin(contender))
    }
    say(
      `${TREES} trees, one worker; ms, median of ${empty.length} ± half the distance between the quartiles\n`,
    )
    const [ours] = lanes
    const answeredOf = (starts: readonly Start[]) => starts.map(({ answered }) => answered)
    say(
      formatTable(
        ['server', 'ready', 'first good answer', 'CPU until then', 'answer: ratio to ranker'],
        [
          ...lanes.map(({ contender, starts }) => [
            contender.name,
            withSpread(starts.map(({ ready }) => ready)),
            withSpread(answeredOf(starts)),
            withSpread(starts.map(({ cpu }) => cpu)),
            short(ratio(answeredOf(starts), answeredOf(ours!.starts))),
          ]),
          ['Node that does nothing', withSpread(empty), '', '', ''],
        ],
      ),
    )
    const value = median(ours!.starts.map(({ ready }) => ready))
    figure({ what: `start to ready, ${TREES} trees`, unit: 'ms', value, atMost: 300 })
    return true
  },
}
