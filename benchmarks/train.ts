import { mkdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Context } from './benchmark.ts'
import { writeJudgedCsv } from './data.ts'
import { rankerTrain, type TrainFlags } from './ranker.ts'
import { formatTable, ratio, short, withSpread } from './table.ts'

const ROWS_PER_QUERY = 100
const PARAMETERS = {
  objective: 'rank:ndcg',
  eval_metric: 'ndcg@10',
  max_depth: 6,
  eta: 0.1,
  seed: 1,
} as const

const PROBE = fileURLToPath(new URL('./train-probe.mjs', import.meta.url))

/** A training job that both sides run. */
export interface TrainingCase {
  readonly rows: number
  readonly features: number
  readonly rounds: number
}

/** Seconds of each phase, and megabytes at the peak. */
export type Run = Readonly<Record<string, number>>

/** Training from a CSV file to model files, ours beside Python's with pandas. */
export const trainBenchmark: Benchmark = {
  name: 'train',
  summary: 'seconds and peak memory of training, beside pandas and xgboost in Python',
  comparesWithPython: true,
  async run(context) {
    const { say, runs, threads, python, quick } = context
    const rows = quick ? 500 : context.rows
    const training = { rows, features: 136, rounds: quick ? 5 : 100 }
    const csv = await prepareCase(context, training)
    const ours: Run[] = []
    const theirs: Run[] = []
    // In turns, so that a busy minute of the machine falls on both.
    for (let run = 0; run < runs; run++) {
      ours.push(await measureOurs(csv, training, context))
      if (python) theirs.push(await measurePython(csv, training, context))
    }
    const trees = `${training.rounds} trees of depth ${PARAMETERS.max_depth}`
    say(
      `${rows} rows x ${training.features} features, ${trees}, ${threads} threads, median of ${runs} ± half the distance between the quartiles\n`,
    )
    say(describeRuns({ ours, Python: theirs }))
    if (!python) say('\nPython: skipped, there is none')
    return true
  },
}

/** Writes the data of a case; returns the file. */
export async function prepareCase(context: Context, { rows, features }: TrainingCase): Promise<string> {
  const write = (count: number): string => {
    const csv = join(context.folder, `train-${count}.csv`)
    writeJudgedCsv(csv, { seed: 11, rows: count, features, rowsPerQuery: ROWS_PER_QUERY })
    return csv
  }
  // The first start after a change of the sources compiles them.
  await measureOurs(write(1000), { rows: 1000, features, rounds: 1 }, context)
  return write(rows)
}

/** Trains with the product, in a process of its own. */
export async function measureOurs(
  csv: string,
  { rounds }: TrainingCase,
  { folder, threads }: Context,
  more: TrainFlags = {},
): Promise<Run> {
  const output = join(folder, 'train-ours')
  const flags = { ...PARAMETERS, train: csv, output, num_round: rounds, nthread: threads, ...more }
  rmSync(output, { recursive: true, force: true })
  mkdirSync(join(output, 'model'), { recursive: true })
  return timed(rounds, (onLine) => {
    // The manifest is the last of the model's files.
    const watcher = watch(join(output, 'model'), (_, name) => {
      if (name === 'ranker.json') onLine('bench:written')
    })
    return rankerTrain(flags, { preload: PROBE, onLine }).finally(() => watcher.close())
  })
}

/** Trains with pandas and Python's XGBoost, in a process of its own. */
export async function measurePython(
  csv: string,
  { rounds }: TrainingCase,
  { folder, threads, python }: Context,
): Promise<Run> {
  const output = join(folder, 'train-python')
  mkdirSync(output, { recursive: true })
  const job = { train: csv, output, rounds, params: { ...PARAMETERS, nthread: threads } }
  return timed(rounds, (onLine) => python!.run('train.py', [JSON.stringify(job)], onLine))
}

/** Runs a process and takes down when its lines came, by the clock of this one. */
async function timed(
  rounds: number,
  work: (onLine: (line: string) => void) => Promise<unknown>,
): Promise<Run> {
  // When a line tells that a phase has ended, in the order of the phases. The last phase ends with the process.
  const ends = [
    ['start', /^bench:started$/],
    ['read', /^bench:read$|^train: \d+ rows/],
    ['quantise and train', new RegExp(`^bench:trained$|^\\[${rounds - 1}\\]\t`)],
    ['measure and write the model', /^bench:written$/],
  ] as const
  const seconds: Record<string, number> = {}
  const started = performance.now()
  let phaseStarted = started
  let peak = Number.NaN
  let cpu = Number.NaN
  await work((line) => {
    const [, what, value] = /^bench:(cpu|peak) (.+)$/.exec(line) ?? []
    if (what === 'cpu') cpu = Number(value)
    if (what === 'peak') peak = Number(value)
    const phase = ends.find(([name, end]) => seconds[name] === undefined && end.test(line))?.[0]
    if (phase === undefined) return
    const now = performance.now()
    seconds[phase] = (now - phaseStarted) / 1000
    phaseStarted = now
  })
  const now = performance.now()
  return {
    ...seconds,
    'report and end': (now - phaseStarted) / 1000,
    'until the model is written': (phaseStarted - started) / 1000,
    whole: (now - started) / 1000,
    'CPU, all of it': cpu,
    'peak memory, MB': peak,
  }
}

/** A table of the medians of each phase, one column a contender, and what ours is of the last one, run by run. */
export function describeRuns(contenders: Readonly<Record<string, readonly Run[]>>): string {
  const names = Object.keys(contenders)
  const runs = Object.values(contenders)
  const rows = Object.keys(runs[0]![0]!).map((phase) => {
    const values = runs.map((list) => list.map((run) => run[phase]!))
    return [phase, ...values.map(withSpread), short(ratio(values[0]!, values.at(-1)!))]
  })
  return formatTable(['phase, seconds', ...names, `${names[0]} / ${names.at(-1)}`], rows)
}
