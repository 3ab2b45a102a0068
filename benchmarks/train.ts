import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Context } from './benchmark.ts'
import { writeJudgedCsv } from './data.ts'
import { rankerTrain } from './ranker.ts'
import { formatTable, median, short } from './table.ts'

const FEATURES = 136
const ROWS_PER_QUERY = 100
const PARAMETERS = {
  objective: 'rank:ndcg',
  eval_metric: 'ndcg@10',
  max_depth: 6,
  eta: 0.1,
  seed: 1,
} as const
const ROUNDS = 100

const PROBE = fileURLToPath(new URL('./train-probe.ts', import.meta.url))

/**
 * When a line tells that a phase has ended, in the order of the phases. The last phase ends with the process.
 */
const ENDS = [
  ['start', /^bench:started$/],
  ['read', /^bench:read$|^train: \d+ rows/],
  ['quantise and train', new RegExp(`^bench:trained$|^\\[${ROUNDS - 1}\\]\t`)],
] as const

type Run = Readonly<Record<string, number>>

/** Training from a CSV file to model files, ours beside Python's with pandas. */
export const trainBenchmark: Benchmark = {
  name: 'train',
  summary: 'seconds and peak memory of training, beside pandas and xgboost in Python',
  comparesWithPython: true,
  async run(context) {
    const { say, rows, runs, threads, folder, python } = context
    const csv = join(folder, 'train-speed.csv')
    writeJudgedCsv(csv, { seed: 11, rows, features: FEATURES, rowsPerQuery: ROWS_PER_QUERY })
    const ours: Run[] = []
    const theirs: Run[] = []
    // In turns, so that a busy minute of the machine falls on both.
    for (let run = 0; run < runs; run++) {
      ours.push(await measureOurs(csv, context))
      if (python) theirs.push(await measurePython(csv, context))
    }
    const trees = `${ROUNDS} trees of depth ${PARAMETERS.max_depth}`
    say(`${rows} rows x ${FEATURES} features, ${trees}, ${threads} threads, median of ${runs}\n`)
    say(describe(ours, theirs))
    if (!python) say('\nPython: skipped, there is none')
    return true
  },
}

async function measureOurs(csv: string, { folder, threads }: Context): Promise<Run> {
  const flags = {
    ...PARAMETERS,
    train: csv,
    output: join(folder, 'train-speed'),
    num_round: ROUNDS,
    nthread: threads,
  }
  return timed((onLine) => rankerTrain(flags, { preload: PROBE, onLine }))
}

async function measurePython(csv: string, { folder, threads, python }: Context): Promise<Run> {
  const output = join(folder, 'train-speed-python')
  mkdirSync(output, { recursive: true })
  const job = { train: csv, output, rounds: ROUNDS, params: { ...PARAMETERS, nthread: threads } }
  return timed((onLine) => python!.run('train.py', [JSON.stringify(job)], onLine))
}

/** Runs a process and takes down when its lines came, by the clock of this one. */
async function timed(work: (onLine: (line: string) => void) => Promise<unknown>): Promise<Run> {
  const seconds: Record<string, number> = {}
  const started = performance.now()
  let phaseStarted = started
  let peak = Number.NaN
  await work((line) => {
    const [, megabytes] = /^bench:peak (.+)$/.exec(line) ?? []
    if (megabytes !== undefined) peak = Number(megabytes)
    const phase = ENDS.find(([name, end]) => seconds[name] === undefined && end.test(line))?.[0]
    if (phase === undefined) return
    const now = performance.now()
    seconds[phase] = (now - phaseStarted) / 1000
    phaseStarted = now
  })
  const now = performance.now()
  return {
    ...seconds,
    'measure and write': (now - phaseStarted) / 1000,
    whole: (now - started) / 1000,
    'peak memory, MB': peak,
  }
}

function describe(ours: readonly Run[], theirs: readonly Run[]): string {
  const rows = Object.keys(ours[0]!).map((phase) => {
    const [our, their] = [ours, theirs].map((runs) =>
      runs.length === 0 ? Number.NaN : median(runs.map((run) => run[phase]!)),
    ) as [number, number]
    return [phase, short(our), short(their), short(our / their)]
  })
  return formatTable(['phase, seconds', 'ours', 'Python', 'ours / Python'], rows)
}
