import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XGBoost } from '../src/xgboost/library.ts'
import type { Benchmark, Context } from './benchmark.ts'
import { esciCase, esciFolder, generatedCases, type ParityCase } from './parity-cases.ts'
import { largestDifference, type Ours, scoreOurs, treesAlike } from './parity-ours.ts'
import { rankerTrain } from './ranker.ts'
import { formatTable } from './table.ts'

/** How far a score may be from Python's. */
const TOLERANCE = 1e-6
/** NDCG must be the same to four digits. */
const NDCG_TOLERANCE = 5e-5

/** What parity.py says of a case; `scores` and `model` are files that it wrote. */
interface PythonResult {
  readonly trees: number
  readonly ndcg: number | null
  readonly scores: string
  readonly model: string
}

interface Compared {
  readonly cells: readonly string[]
  /** What is not as it must be. */
  readonly wrong: readonly string[]
}

/** The same data and parameters in both: our model must be the one that Python trains, and score alike. */
export const parityBenchmark: Benchmark = {
  name: 'parity',
  summary: "scores of our model.ubj and model.onnx against those of Python's own training",
  comparesWithPython: true,
  async run(context) {
    const { say, python, folder } = context
    const cases = generatedCases(folder)
    const esci = esciFolder(process.env)
    const real = esciCase(esci)
    if (real) cases.push(real)
    else
      say(
        `esci-us-150: skipped, no train.csv and valid.csv in ${esci} (RANKER_ESCI_DIR names another folder)\n`,
      )

    const theirs = python ? await trainInPython(cases, context) : undefined
    const library = XGBoost.load(process.env)
    const results: Compared[] = []
    for (const [index, one] of cases.entries()) {
      const model = await trainOurs(one, index, context)
      results.push(compare(one, await scoreOurs(one, model, library), theirs?.[index]))
    }

    say(
      formatTable(
        HEADER,
        results.map(({ cells }) => cells),
      ),
    )
    if (!theirs) say('\nPython: skipped, there is none; model.onnx is compared with model.ubj instead')
    const wrong = results.flatMap((result) => result.wrong)
    say(wrong.length === 0 ? `\nevery score is within ${TOLERANCE.toExponential()}` : `\n${wrong.join('\n')}`)
    return wrong.length === 0
  },
}

const HEADER = [
  'case',
  'rows',
  'trees',
  'the same',
  'max|Δ| ubj',
  'max|Δ| onnx',
  'NDCG@10 Python',
  'NDCG@10 ours',
]

async function trainOurs(one: ParityCase, index: number, { folder, threads }: Context): Promise<string> {
  const output = join(folder, `parity-ours-${index}`)
  await rankerTrain({
    ...one.params,
    ...one.roles,
    train: one.train,
    test: one.test,
    ...(one.validation !== undefined && { validation: one.validation }),
    ...(one.earlyStopping !== undefined && { early_stopping_rounds: one.earlyStopping }),
    num_round: one.rounds,
    nthread: threads,
    output,
  })
  return output
}

/** One process for all cases: importing pandas takes longer than most of them. */
async function trainInPython(
  cases: readonly ParityCase[],
  { folder, threads, python }: Context,
): Promise<PythonResult[]> {
  const output = join(folder, 'parity-python')
  mkdirSync(output)
  const lines = await python!.run('parity.py', [JSON.stringify({ cases, threads, output })])
  return lines.map((line) => JSON.parse(line) as PythonResult)
}

function compare({ name }: ParityCase, ours: Ours, python: PythonResult | undefined): Compared {
  const wrong: string[] = []
  const near = (what: string, scores: Float32Array, wanted: Float32Array): string => {
    const { difference, row } = largestDifference(scores, wanted)
    // Written so that NaN is wrong too.
    if (!(difference <= TOLERANCE)) {
      wrong.push(`WRONG: ${name}: ${what} of row ${row} is ${scores[row]}, wanted ${wanted[row]}`)
    }
    return difference === 0 ? '0' : difference.toExponential(1)
  }
  const common = [name, String(ours.ubj.length), String(ours.forest.trees.length)]
  const ndcg = ours.ndcg?.toFixed(5) ?? '-'
  if (!python) {
    return { cells: [...common, '-', '-', near('model.onnx', ours.onnx, ours.ubj), '-', ndcg], wrong }
  }
  const scores = readFloats(python.scores)
  const alike = treesAlike(ours.forest, readFileSync(python.model))
  if (alike < python.trees || python.trees !== ours.forest.trees.length) {
    wrong.push(`WRONG: ${name}: ${alike} of Python's ${python.trees} trees are the same in model.ubj`)
  }
  if (ours.ndcg !== undefined && !(Math.abs(ours.ndcg - (python.ndcg ?? Number.NaN)) <= NDCG_TOLERANCE)) {
    wrong.push(`WRONG: ${name}: NDCG@10 is ${ours.ndcg}, in Python ${python.ndcg}`)
  }
  const cells = [
    ...common,
    String(alike),
    near('model.ubj', ours.ubj, scores),
    near('model.onnx', ours.onnx, scores),
    python.ndcg?.toFixed(5) ?? '-',
    ndcg,
  ]
  return { cells, wrong }
}

function readFloats(path: string): Float32Array {
  const bytes = readFileSync(path)
  return new Float32Array(Uint8Array.from(bytes).buffer)
}
