import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Context } from './benchmark.ts'
import { runChild } from './child.ts'
import { drawRows, type Grown, growForests } from './forests.ts'
import { drawGrowth, type Point } from './growth-plot.ts'
import { closeAll, type EngineName, openAll } from './scoring-engines.ts'
import { race } from './scoring-race.ts'
import { formatTable, median, short } from './table.ts'

const ROWS = [100, 300, 1000, 3000, 10_000]
const TREES = [100, 300, 1000, 2000]
const QUICK = { rows: [10, 20, 40], trees: [5, 10] }
/** Deep trees have the most nodes. */
const MEMORY_TREES = [60, 125, 250, 500, 1000]
/** How much faster than the work time may grow: the exponent of linear growth is 1. */
const MOST_EXPONENT = 1.05
const CHILD = fileURLToPath(new URL('./growth-memory.ts', import.meta.url))

/** Whether time grows with rows times trees, and memory with nodes. */
export const growthBenchmark: Benchmark = {
  name: 'growth',
  summary: 'time over rows x trees to 10,000 x 2,000 and memory over nodes, beside both peers',
  comparesWithPython: false,
  async run(context) {
    await measureTime(context)
    await measureMemory(context)
    return true
  },
}

async function measureTime({ say, figure, picture, quick }: Context): Promise<void> {
  const { rows, trees } = quick ? QUICK : { rows: ROWS, trees: TREES }
  const pool = drawRows(2 * Math.max(...rows), 5)
  const measured: { rows: number; trees: number; ms: Record<EngineName, number> }[] = []
  for (const [count, grown] of growForests('depth 6', trees)) {
    const engines = await openAll(grown)
    for (const size of rows) {
      const times = await race(engines, pool, size, { quick, rounds: 3 })
      const ms = (name: EngineName) => median(times[name].map(({ cpu }) => cpu)) / 1e6
      measured.push({
        rows: size,
        trees: count,
        ms: { kernel: ms('kernel'), onnxruntime: ms('onnxruntime'), xgboost: ms('xgboost') },
      })
    }
    await closeAll(engines)
  }
  say('thread-CPU ms a call, trees of depth 6\n')
  say(
    formatTable(
      ['rows x trees', ...NAMES, 'kernel, ns a row and tree'],
      measured.map(({ rows, trees, ms }) => [
        `${rows} x ${trees}`,
        ...NAMES.map((name) => short(ms[name])),
        short((1e6 * ms.kernel) / rows / trees),
      ]),
    ),
  )
  const [mostRows, mostTrees] = [Math.max(...rows), Math.max(...trees)]
  const overRows = measured.filter((one) => one.trees === mostTrees)
  const overTrees = measured.filter((one) => one.rows === mostRows)
  figure({
    what: `time over rows, ${mostTrees} trees: exponent`,
    ...exponent(overRows.map((one) => [one.rows, one.ms.kernel])),
  })
  figure({
    what: `time over trees, ${mostRows} rows: exponent`,
    ...exponent(overTrees.map((one) => [one.trees, one.ms.kernel])),
  })
  const points = measured.flatMap(({ rows, trees, ms }) =>
    NAMES.map((name): Point => ({ engine: name, x: rows * trees, y: ms[name] })),
  )
  picture('growth-time', drawGrowth(points, { x: 'rows × trees', y: 'thread-CPU ms a call' }))
}

const NAMES = ['kernel', 'onnxruntime', 'xgboost'] as const

async function measureMemory({ say, figure, picture, quick, folder }: Context): Promise<void> {
  const sizes = quick ? [10] : MEMORY_TREES
  const forests = [...growForests(quick ? 'depth 3' : 'depth 12', [1, ...sizes])]
  const save = ([count, { onnx, ubj }]: [number, Grown]) => {
    writeFileSync(join(folder, `growth-${count}.onnx`), onnx)
    writeFileSync(join(folder, `growth-${count}.ubj`), ubj)
  }
  for (const one of forests) save(one)
  const file = (count: number, name: EngineName) =>
    join(folder, `growth-${count}.${name === 'xgboost' ? 'ubj' : 'onnx'}`)
  const measured: { nodes: number; trees: number; bytes: Record<EngineName, number> }[] = []
  for (const [trees, { forest }] of forests.slice(1)) {
    const bytes = { kernel: 0, onnxruntime: 0, xgboost: 0 }
    for (const name of NAMES) {
      const args = ['--expose-gc', CHILD, name, file(1, name), file(trees, name)]
      bytes[name] = Number((await runChild(process.execPath, args)).at(-1))
    }
    measured.push({ nodes: forest.trees.reduce((sum, { left }) => sum + left.length, 0), trees, bytes })
  }
  say('\nmemory of a loaded model, trees of depth 12: by how much a process grows (PSS, MB)\n')
  say(
    formatTable(
      ['trees', 'nodes', ...NAMES, 'kernel, bytes a node'],
      measured.map(({ nodes, trees, bytes }) => [
        String(trees),
        String(nodes),
        ...NAMES.map((name) => short(bytes[name] / 1e6)),
        short(bytes.kernel / nodes),
      ]),
    ),
  )
  figure({
    what: 'memory over nodes: exponent',
    ...exponent(measured.map(({ nodes, bytes }) => [nodes, bytes.kernel])),
  })
  const points = measured.flatMap(({ nodes, bytes }) =>
    NAMES.map((name): Point => ({ engine: name, x: nodes, y: bytes[name] / 1e6 })),
  )
  picture('growth-memory', drawGrowth(points, { x: 'nodes', y: 'MB' }))
}

/** The slope of the line through the logarithms, by least squares. */
function exponent(points: readonly (readonly [x: number, y: number])[]) {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const)
  const mean = (at: 0 | 1) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const slope =
    logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0) /
    logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0)
  return { value: slope, atMost: MOST_EXPONENT, unit: '' }
}
