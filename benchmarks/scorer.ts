import type { Benchmark } from './benchmark.ts'
import type { Figure } from './figures.ts'
import { drawOddRows, drawRows, growForests, SHAPES, type Shape, WIDTH } from './forests.ts'
import { closeAll, differing, type EngineName, type Engines, openAll } from './scoring-engines.ts'
import { QUICK_ROUNDS, ROUNDS, race } from './scoring-race.ts'
import { formatTable, median, ratio, short, withSpread } from './table.ts'
import type { CallTime } from './thread-time.ts'

const GRID = { shapes: Object.keys(SHAPES) as Shape[], trees: [10, 100, 500, 1000], rows: [1, 10, 100, 1000] }
const QUICK = { shapes: ['depth 3', 'lossguide 255'] as Shape[], trees: [10], rows: [1, 20] }
/** Each call takes the next rows of so many. */
const POOL = 10_000
const CHECKED = 2000

/** One place in the grid: nanoseconds of each engine, round by round. */
interface Cell {
  readonly shape: Shape
  readonly trees: number
  readonly rows: number
  readonly times: Readonly<Record<EngineName, readonly CallTime[]>>
}

/** The kernel beside ONNX Runtime and XGBoost, in process, on one thread. */
export const scorerBenchmark: Benchmark = {
  name: 'scorer',
  summary: 'time a row and tree of the kernel, beside onnxruntime-node and XGBoost in place',
  comparesWithPython: false,
  async run({ say, figure, quick }) {
    const { shapes, trees, rows } = quick ? QUICK : GRID
    const pool = drawRows(quick ? 200 : POOL, 3)
    const cells: Cell[] = []
    let wrong = 0
    let checked = 0
    for (const shape of shapes) {
      for (const [count, grown] of growForests(shape, trees)) {
        const engines = await openAll(grown)
        checked += quick ? 100 : CHECKED
        wrong += await countWrong(engines, drawOddRows(quick ? 100 : CHECKED, 4, grown.forest))
        for (const size of rows) {
          const times = await race(engines, pool, size, { quick })
          cells.push({ shape, trees: count, rows: size, times })
        }
        await closeAll(engines)
      }
    }
    say(
      `${WIDTH} features; ns of thread-CPU time a row and tree, median of ${quick ? QUICK_ROUNDS : ROUNDS} ± half the`,
    )
    say('distance between the quartiles; wall time in the last column; other rows on each call\n')
    say(formatTable(HEADER, cells.map(describeCell)))
    say(
      `\nscores that differ from XGBoost’s: ${wrong} of ${checked}, with missing values, infinities and thresholds`,
    )
    if (!quick) for (const one of figuresOf(cells)) figure(one)
    figure({ what: 'scores that differ from XGBoost’s', unit: `of ${checked}`, value: wrong, atMost: 0 })
    return wrong === 0
  },
}

async function countWrong({ kernel, xgboost }: Engines, rows: Float32Array) {
  const count = rows.length / WIDTH
  return differing(await kernel.score(rows, count), await xgboost.score(rows, count))
}

const HEADER = [
  'trees',
  'number',
  'rows',
  'kernel',
  'onnxruntime',
  'XGBoost',
  'onnxruntime / kernel',
  'XGBoost / kernel',
  'kernel, wall',
]

const cpuOf = (times: readonly CallTime[]): number[] => times.map(({ cpu }) => cpu)

/** How many times as long as the kernel a peer takes. */
const over = ({ times }: Cell, peer: EngineName): number => ratio(cpuOf(times[peer]), cpuOf(times.kernel))

function describeCell(cell: Cell): string[] {
  const { shape, trees, rows, times } = cell
  const each = (list: readonly CallTime[]) => withSpread(cpuOf(list).map((time) => time / rows / trees))
  return [
    shape,
    String(trees),
    String(rows),
    each(times.kernel),
    each(times.onnxruntime),
    each(times.xgboost),
    short(over(cell, 'onnxruntime')),
    short(over(cell, 'xgboost')),
    short(median(times.kernel.map(({ wall }) => wall)) / rows / trees),
  ]
}

function figuresOf(cells: readonly Cell[]): Figure[] {
  const at = (trees: number, rows: number) =>
    cells.find((cell) => cell.shape === 'depth 6' && cell.trees === trees && cell.rows === rows)!
  const times = (trees: number, rows: number, peer: EngineName, atLeast: number): Figure => ({
    what: `depth 6, ${trees} trees, ${rows} row${rows === 1 ? '' : 's'}: ${peer} / kernel`,
    unit: 'x',
    value: over(at(trees, rows), peer),
    atLeast,
  })
  const slowest = cells.reduce((least, cell) =>
    over(cell, 'onnxruntime') < over(least, 'onnxruntime') ? cell : least,
  )
  const each = (trees: number): Figure => ({
    what: `depth 6, ${trees} trees, 1000 rows: the kernel a row and tree`,
    unit: 'ns',
    value: median(cpuOf(at(trees, 1000).times.kernel)) / 1000 / trees,
    atMost: 2.4,
  })
  return [
    times(100, 100, 'onnxruntime', 7),
    times(100, 100, 'xgboost', 5),
    times(500, 100, 'onnxruntime', 7),
    times(500, 100, 'xgboost', 4),
    times(100, 1000, 'onnxruntime', 9),
    times(500, 1000, 'onnxruntime', 9),
    times(500, 1, 'onnxruntime', 5),
    each(100),
    each(500),
    {
      what: `least of the grid (${slowest.shape}, ${slowest.trees} trees, ${slowest.rows} rows): onnxruntime / kernel`,
      unit: 'x',
      value: over(slowest, 'onnxruntime'),
      atLeast: 1,
    },
  ]
}
