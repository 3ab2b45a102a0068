import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type JudgedRow, simulate, splitByQuery } from '../examples/catalogue/judged.ts'
import { toJsonLines } from '../examples/demo/raw.ts'
import { contiguousRows } from '../src/data/dataset/row-store.ts'
import { hashText } from '../src/data/hash.ts'
import type { JsonObject } from '../src/data/json/json.ts'
import { seededRandom } from '../src/data/random.ts'
import type { Row } from '../src/data/row.ts'
import { tableName } from '../src/features/columns.ts'
import { learn, lookThrough, transformRows } from '../src/features/learn.ts'
import { FeaturePipeline } from '../src/features/pipeline.ts'
import { planFeatures } from '../src/features/plan.ts'
import { RawTable } from '../src/features/raw-table.ts'
import { transformItems } from '../src/features/request-items.ts'
import { checkSpec } from '../src/features/spec.ts'
import { Booster } from '../src/xgboost/booster.ts'
import { DMatrix } from '../src/xgboost/dmatrix.ts'
import { XGBoost } from '../src/xgboost/library.ts'
import type { Benchmark, Context } from './benchmark.ts'
import { joinEsci, KINDS, rawItem, rawQuery } from './features-data.ts'
import { esciFolder } from './parity-cases.ts'
import { rankerTrain, root } from './ranker.ts'
import { formatTable, short } from './table.ts'

const ITEMS = 100
const PER_QUERY = 25
const TREES = 100
/** Columns that a training has beside those of a request. */
const MORE_NUMBERS = ['m1', 'm2', 'm3', 'm4']
/** How far below ready-made features those of raw columns may rank. */
const NDCG_SLACK = 0.005

/** What a pipeline costs a request and a training, and how well raw columns rank. */
export const featuresBenchmark: Benchmark = {
  name: 'features',
  summary: 'what a feature pipeline costs a request and a training, and how raw columns rank',
  comparesWithPython: false,
  async run(context) {
    measureServing(context)
    measureTraining(context)
    await measureColdStart(context)
    return measureRanking(context)
  },
}

/** Raw rows with their queries, gathered as training does. */
function gather(features: readonly object[], rows: number, dimension: number) {
  const random = seededRandom(11)
  const spec = checkSpec({ features }, 'the benchmark')
  const plan = planFeatures(spec, 'the benchmark')
  const table = new RawTable(plan.columns, { isTraining: true, warn: () => {} })
  const names = plan.columns.map(tableName)
  const distinct = [...new Set(names)]
  // As many different items as a shop has, each in several queries.
  const items = Array.from({ length: Math.min(rows, 50_000) }, () => ({
    ...rawItem(random, dimension),
    ...Object.fromEntries(MORE_NUMBERS.map((name) => [name, Math.round(random() * 1e6) / 100])),
  }))
  table.begin('benchmark', distinct)
  let cells: unknown[] = []
  const row: Row = {
    line: 1,
    count: distinct.length,
    text: (cell) => (Array.isArray(cells[cell]) ? JSON.stringify(cells[cell]) : String(cells[cell] ?? '')),
    number: (cell) => (typeof cells[cell] === 'number' ? Math.fround(cells[cell]) : Number.NaN),
  }
  const labels = new Float32Array(rows)
  const sizes = new Uint32Array(Math.ceil(rows / PER_QUERY))
  let query: Record<string, unknown> = {}
  let spent = 0
  for (let at = 0; at < rows; at++) {
    const group = Math.floor(at / PER_QUERY)
    if (at % PER_QUERY === 0) query = rawQuery(random, dimension)
    const item = items[Math.floor(random() * items.length)]!
    cells = distinct.map((name) => (name.startsWith('query.') ? query[name.slice(6)] : item[name]))
    const started = performance.now()
    table.row(row, group)
    spent += performance.now() - started
    sizes[group]!++
    labels[at] = Math.floor(random() * 5)
  }
  const groups = { ids: Array.from(sizes, (_, at) => String(at)), sizes }
  return { spec, plan, raw: table.finish(undefined), judged: { rows, labels, groups }, gatherMs: spent }
}

function fit(features: readonly object[], rows: number, dimension: number) {
  const { spec, plan, raw, judged, gatherMs } = gather(features, rows, dimension)
  const started = performance.now()
  const learnt = learn(spec, plan, [lookThrough(plan, raw, judged, 'the benchmark')], 'the benchmark')
  const pipeline = new FeaturePipeline(learnt.fitted, 'the benchmark')
  return { pipeline, plan, raw, judged, seen: learnt.seen, gatherMs, learnMs: performance.now() - started }
}

/** Makes rows of 100 items, kind by kind, from parsed JSON; bodies take turns, for the same one again flatters. */
function measureServing({ say }: Context): void {
  const random = seededRandom(5)
  const requests = Array.from({ length: 100 }, () => ({
    query: rawQuery(random),
    items: Array.from({ length: ITEMS }, () => rawItem(random) as JsonObject),
  }))
  const all = Object.entries(KINDS)
  const measured = [...all, ['all of them', all.flatMap(([, features]) => features)] as const]
  const without = [
    'all but vectors and trigrams',
    all.filter(([kind]) => !/embed|trigram/.test(kind)).flatMap(([, one]) => one),
  ] as const
  const bodies = requests.map((request) => JSON.stringify(request))
  const parsing = cpuMs(
    (turn: number) => JSON.parse(bodies[turn % bodies.length]!),
    (turn) => turn,
  )
  const parse = (turn: number) => JSON.parse(bodies[turn % bodies.length]!) as (typeof requests)[number]
  const rows = [...measured, without].map(([kind, features]) => {
    const { pipeline } = fit(features, 5000, 64)
    // Strings that were never looked at, as those of a request are.
    const spent = cpuMs(({ query, items }) => transformItems(pipeline, items, query, { now: 0 }), parse)
    const { columns, width } = pipeline
    const ratio = (spent / parsing).toFixed(2)
    return [kind, String(features.length), String(columns.length), String(width), spent.toFixed(3), ratio]
  })
  say(`serving: ${ITEMS} items with 15 raw columns, from parsed JSON to rows\n`)
  const header = ['kind', 'features', 'columns read', 'values', 'CPU ms a request', 'of JSON.parse']
  say(formatTable(header, [...rows, ['JSON.parse of the body', '', '', '', parsing.toFixed(3), '1.00']]))
}

/**
 * CPU milliseconds of a turn: the least of many short stretches, which neighbours on the cores disturb least.
 * @param prepare makes what a turn works on, off the clock
 */
function cpuMs<T>(work: (given: T) => void, prepare: (turn: number) => T): number {
  const [stretches, times] = [60, 20]
  let turn = 0
  const stretch = () => {
    const given = Array.from({ length: times }, () => prepare(turn++))
    const before = process.cpuUsage()
    for (const one of given) work(one)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000 / times
  }
  return Math.min(...Array.from({ length: stretches }, stretch))
}

/** Gathers, learns and computes features beside the trees that XGBoost then makes of them. */
function measureTraining({ say, rows, threads }: Context): void {
  const features = [
    ...Object.entries(KINDS)
      .filter(([kind]) => kind !== 'embedding')
      .flatMap(([, list]) => list),
    { kind: 'text', name: 'all', column: ['title', 'subtitle', 'keywords'], measures: ['coverage', 'bm25'] },
    ...MORE_NUMBERS.map((column) => ({ kind: 'numeric', column })),
  ]
  const { pipeline, plan, raw, judged, seen, gatherMs, learnMs } = fit(features, rows, 0)
  const started = performance.now()
  const matrix = transformRows(pipeline, raw, judged, undefined, { plan, seen })
  const transformMs = performance.now() - started
  const library = XGBoost.load(process.env)
  const data = {
    ...judged,
    featureNames: pipeline.featureNames,
    matrix: contiguousRows(matrix.view(0, rows).slice(), pipeline.width),
  }
  const train = DMatrix.create(library, data, { threads, categorical: pipeline.categorical })
  const booster = Booster.create(library, { objective: 'rank:ndcg', nthread: String(threads) }, [train])
  const before = performance.now()
  for (let round = 0; round < TREES; round++) booster.update(round, train)
  const treesMs = performance.now() - before
  booster.close()
  train.close()
  const ours = gatherMs + learnMs + transformMs
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  say(
    `\ntraining: ${rows} rows, ${plan.columns.length} raw columns, ${pipeline.width} features (--rows sets how many)\n`,
  )
  say(
    formatTable(
      ['', 'gather', 'learn', 'compute', 'together', `XGBoost's ${TREES} trees`, 'ratio'],
      [
        [
          'seconds',
          seconds(gatherMs),
          seconds(learnMs),
          seconds(transformMs),
          seconds(ours),
          seconds(treesMs),
          short(ours / treesMs),
        ],
      ],
    ),
  )
}

const PARAMETERS: readonly Readonly<Record<string, number>>[] = [
  { eta: 0.1, max_depth: 4 },
  { eta: 0.1, max_depth: 6 },
  { eta: 0.05, max_depth: 4, subsample: 0.8, colsample_bytree: 0.8 },
]

/** Trains on the real set twice, once on features that were made beforehand, once by a spec on raw columns. */
async function measureRanking({ say, folder }: Context): Promise<boolean> {
  const data = esciFolder(process.env)
  const joined = joinEsci(data, folder)
  if (!joined) {
    say(`\nranking: skipped, no esci-us-150 in ${data} (RANKER_ESCI_DIR names another folder)`)
    return true
  }
  const ndcg = async (flags: Readonly<Record<string, string | number>>) => {
    const output = join(folder, 'esci-model')
    await rankerTrain({ ...flags, num_round: 100, output })
    const { validation } = JSON.parse(readFileSync(join(output, 'output/data/metrics.json'), 'utf8'))
    return validation['ndcg@10'] as number
  }
  const ready = { train: join(data, 'train.csv'), validation: join(data, 'valid.csv'), item: 'product_id' }
  const raw = {
    train: joined.train,
    validation: joined.valid,
    features: join(root, 'examples/features/esci.yaml'),
  }
  const names = readFileSync(ready.train, 'utf8').split('\n', 1)[0]!.trim().split(',').slice(4).join()
  const results: [string, number, number][] = []
  for (const parameters of PARAMETERS) {
    const text = Object.entries(parameters).map(([name, value]) => `${name} ${value}`)
    results.push([
      text.join(', '),
      await ndcg({ ...parameters, ...ready, features: names }),
      await ndcg({ ...parameters, ...raw }),
    ])
  }
  say('\nranking: NDCG@10 on the 20 validation queries of esci-us-150, 100 rounds\n')
  const rows = results.map(([text, a, b]) => [text, a.toFixed(4), b.toFixed(4), (b - a).toFixed(4)])
  say(formatTable(['parameters', '20 ready-made features', 'a spec on raw columns', 'difference'], rows))
  const worse = results.filter(([, a, b]) => b < a - NDCG_SLACK)
  if (worse.length > 0) say(`\nWRONG: the spec ranks worse by more than ${NDCG_SLACK}`)
  return worse.length === 0
}

/** Of so many brands one is hidden from training. */
const HIDDEN = 4

/** What a prior brings a lot whose brand training never saw: its category's rate. */
async function measureColdStart({ say, folder }: Context): Promise<void> {
  const simulation = simulate({ seed: 3, lots: 3000, queries: 400 })
  const parts = splitByQuery(simulation.rows)
  const brands = new Map(simulation.lots.map(({ id, brand }) => [id, brand]))
  const isHidden = ({ item }: JudgedRow) => {
    const brand = brands.get(item)
    return typeof brand === 'string' && hashText(brand) % HIDDEN === 0
  }
  const seen = (rows: readonly JudgedRow[]) => rows.filter((row) => !isHidden(row))
  const file = (name: string, rows: readonly JudgedRow[]) => {
    const path = join(folder, `cold-${name}.jsonl`)
    writeFileSync(path, toJsonLines(simulation, rows))
    return path
  }
  // Queries in which such lots are among the candidates.
  const met = new Set(parts.test.filter(isHidden).map(({ qid }) => qid))
  const test = parts.test.filter(({ qid }) => met.has(qid))
  const channels = {
    train: file('train', seen(parts.train)),
    validation: file('validation', seen(parts.validation)),
    test: file('test', test),
  }
  const spec = readFileSync(join(root, 'examples/features/catalogue.yaml'), 'utf8')
  const ndcg = async (name: string, text: string) => {
    const features = join(folder, `${name}.yaml`)
    const output = join(folder, 'cold-model')
    writeFileSync(features, text)
    await rankerTrain({ ...channels, features, output, eta: 0.1, num_round: 200, early_stopping_rounds: 20 })
    return JSON.parse(readFileSync(join(output, 'output/data/metrics.json'), 'utf8')).test[
      'ndcg@10'
    ] as number
  }
  const without = spec.replace(/^.*kind: prior.*\n/m, '')
  const results = [await ndcg('with', spec), await ndcg('without', without)].map((value) => value.toFixed(4))
  say(`\ncold start: one of ${HIDDEN} brands of the simulated catalogue is hidden from training\n`)
  const share = ((100 * test.filter(isHidden).length) / test.length).toFixed(0)
  say(
    formatTable(
      [
        `NDCG@10 on ${met.size} test queries, ${share} % of their lots of hidden brands`,
        'with prior',
        'without',
      ],
      [['the ranker', ...results]],
    ),
  )
}
