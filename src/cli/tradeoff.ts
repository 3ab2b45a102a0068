import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'
import { openArtefact } from '../model/artefact.ts'
import { formatManifest, MANIFEST_FILE, parseManifest } from '../model/manifest.ts'
import { renderTradeoff, type Tradeoff } from '../report/tradeoff-page.ts'
import { rulesSchema } from '../rerank/rules.ts'
import { createLog } from '../serving/log.ts'
import { openPipeline } from '../serving/open-pipeline.ts'
import { PROBABILITIES } from '../serving/rerank-query.ts'
import { writeWhole } from '../storage/files.ts'
import type { Command, Io } from './command.ts'
import { readFlags } from './flags.ts'
import { readJudgedCsv } from './judged-csv.ts'
import { formatTable } from './table.ts'
import { type JudgedRows, sweepMargin } from './tradeoff-sweep.ts'

const FLAGS = {
  'model-path': true,
  input: true,
  output: true,
  weights: true,
  'max-loss': true,
  as: true,
  label: true,
  group: true,
  price: true,
  cost: true,
  save: false,
  help: false,
}

const WEIGHTS = [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2]

export const tradeoffCommand: Command = {
  name: 'tradeoff',
  summary: 'choose how much margin counts: NDCG@10 against margin@10',
  help: `Usage: ranker tradeoff --model-path PATH --input FILE [flags]

Ranks judged queries at several weights of the margin, as the server would, and shows what relevance each one costs and what
margin it brings to the first ten items, with 95 % intervals over the queries. The chosen weight is the one of most margin
among those that lose little relevance. Give it queries that the model was not trained on.

Flags
  --model-path PATH  model folder (default SAGEMAKER_BASE_DIR/model)
  --input FILE       CSV with a header: the model's columns, a label, a query, a price and a cost
  --weights LIST     weights to try, separated by commas (default ${WEIGHTS.join(',')})
  --max-loss SHARE   share of NDCG@10 that may be lost (default 0.01)
  --as WHAT          margin as a share of the price or in money: share (default) or money
  --output FILE      a page with the plot
  --save             write the chosen weight into the model's ranker.json, for requests without rules of their own
  --label, --group, --price, --cost COLUMN  columns (default label, qid, retail_price, cost)

Example
  ranker tradeoff --model-path ranker-output/model --input test.csv --output tradeoff.html
`,
  run,
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values: flags, switches } = readFlags('tradeoff', argv, FLAGS)
  if (flags.input === undefined) refuse('ranker tradeoff needs --input FILE')
  const weights = readWeights(flags.weights)
  const mostLoss = readShare(flags['max-loss'] ?? '0.01')
  const as = flags.as ?? 'share'
  if (as !== 'share' && as !== 'money') refuse(`--as is ${JSON.stringify(as)}: wanted share or money`)
  const modelPath = resolve(
    io.cwd,
    flags['model-path'] ?? join(io.env.SAGEMAKER_BASE_DIR || '/opt/ml', 'model'),
  )
  const manifestPath = join(modelPath, MANIFEST_FILE)
  if (switches.has('save') && !(await stat(manifestPath).catch(() => undefined))?.isFile())
    refuse(`--save writes into ${MANIFEST_FILE}, and the model has none`)
  const { manifest, name } = await openArtefact(modelPath)
  const names = {
    label: flags.label ?? 'label',
    group: flags.group ?? 'qid',
    price: flags.price ?? 'retail_price',
    cost: flags.cost ?? 'cost',
  }
  const path = flags.input
  const csv = await readFile(resolve(io.cwd, path)).catch((cause): never => {
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  })
  const judged = readJudgedCsv(csv, path, names)
  const scores = await scoreRows(csv, modelPath, io)
  const probabilities = PROBABILITIES.has(manifest?.objective)
  const rows = byQuery(judged.queries, { ...judged, scores })
  const tradeoff = { model: name, ...sweepMargin(rows, weights, { as, mostLoss, probabilities }) }
  io.stdout.write(tableOf(tradeoff))
  if (flags.output !== undefined) writeWhole(resolve(io.cwd, flags.output), renderTradeoff(tradeoff))
  if (switches.has('save')) {
    const before = parseManifest(await readFile(manifestPath, 'utf8'))
    const { weight } = tradeoff.chosen
    const margin = { weight, price: names.price, cost: names.cost, as }
    const rerank = rulesSchema.parse({ ...before.rerank, margin: weight === 0 ? undefined : margin })
    writeWhole(manifestPath, formatManifest({ ...before, rerank }))
    io.stdout.write(`\nweight ${weight} is saved in ${MANIFEST_FILE}\n`)
  }
  return 0
}

/** The model's score of every row, computed the way a request is. */
async function scoreRows(csv: Buffer, modelPath: string, io: Io): Promise<Float32Array> {
  const pipeline = await openPipeline({
    modelPath,
    program: io.env.SAGEMAKER_PROGRAM || undefined,
    log: createLog('warn', io.stderr),
  })
  try {
    const { body } = await pipeline.invoke({
      body: [csv],
      contentType: 'text/csv; header=present',
      accept: 'text/csv',
      requestId: 'tradeoff',
      customAttributes: undefined,
    })
    return Float32Array.from(body.toString().trimEnd().split('\n'), Number)
  } finally {
    await pipeline.close()
  }
}

type Columns = Pick<JudgedRows, 'labels' | 'scores' | 'prices' | 'costs'>

/** Puts the rows of each query side by side, queries in the order of their first row. */
function byQuery(queries: readonly string[], { labels, scores, prices, costs }: Columns): JudgedRows {
  const groups = Map.groupBy(queries.keys(), (row) => queries[row]!)
  const rows = [...groups.values()].flat()
  return {
    sizes: Uint32Array.from(groups.values(), (group) => group.length),
    labels: Float32Array.from(rows, (row) => labels[row]!),
    scores: Float32Array.from(rows, (row) => scores[row]!),
    prices: Float64Array.from(rows, (row) => prices[row]!),
    costs: Float64Array.from(rows, (row) => costs[row]!),
  }
}

function tableOf({ points, chosen, queries, mostLoss }: Tradeoff): string {
  const signed = (value: number, digits: number) => `${value > 0 ? '+' : ''}${value.toFixed(digits)}`
  const share = (value: number) => `${(100 * value).toFixed(1)} %`
  const right = (title: string, cell: (point: (typeof points)[number]) => string) => ({
    title,
    cells: points.map(cell),
    align: 'right' as const,
  })
  const table = formatTable([
    right('weight', ({ weight }) => String(weight)),
    right('NDCG@10', ({ ndcg }) => ndcg.mean.toFixed(4)),
    right('change', ({ ndcgGap }) => signed(ndcgGap.mean, 4)),
    right('95 %', ({ ndcgGap }) => `${signed(ndcgGap.low, 4)} to ${signed(ndcgGap.high, 4)}`),
    right('margin@10', ({ margin }) => share(margin.mean)),
    right('change', ({ marginGap }) => signed(100 * marginGap.mean, 1)),
    right(
      '95 %',
      ({ marginGap }) => `${signed(100 * marginGap.low, 1)} to ${signed(100 * marginGap.high, 1)}`,
    ),
    { title: '', cells: points.map((point) => (point === chosen ? '<- chosen' : '')) },
  ])
  return `${table}\n${queries} queries; weight ${chosen.weight} brings most margin for at most ${share(mostLoss)} of NDCG@10\n`
}

function readWeights(text: string | undefined): number[] {
  if (text === undefined) return WEIGHTS
  const weights = text.split(',').map((one) => (one.trim() === '' ? Number.NaN : Number(one)))
  if (weights.length > 100 || !weights.every((weight) => weight >= 0 && weight < Infinity))
    refuse(`--weights is ${JSON.stringify(text)}: wanted numbers from 0, separated by commas, 100 at most`)
  // Losses are measured against weight 0.
  return [...new Set([0, ...weights])].sort((a, b) => a - b)
}

function readShare(text: string): number {
  const share = text.trim() === '' ? Number.NaN : Number(text)
  return share >= 0 && share <= 1
    ? share
    : refuse(`--max-loss is ${JSON.stringify(text)}: wanted a share from 0 to 1`)
}

function refuse(reason: string): never {
  throw new RankerError('BAD_ARGUMENTS', { reason })
}
