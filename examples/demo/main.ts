// The whole product on one screen: a simulated catalogue, a ranker trained on it, its ONNX export served over HTTP, one
// query answered, and what ranking is worth. Training and serving go through the command line, as a user's would.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JudgedRow, type Simulation, simulate, splitByQuery } from '../catalogue/judged.ts'
import { compareTestSet } from './quality.ts'
import { serve, train } from './ranker.ts'
import { toJsonLines } from './raw.ts'
import { printComparison, printRanking, say } from './report.ts'
import { rankRequest } from './request.ts'

/** What the ranker is to see of the lots, which are trained on and sent as they are. */
const FEATURES = join(import.meta.dirname, '../features/catalogue.yaml')

const folder = mkdtempSync(join(tmpdir(), 'two-stage-ranking-demo-'))
const remove = () => rmSync(folder, { recursive: true, force: true })
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    remove()
    process.exit(1)
  })
}
try {
  const simulation = simulate({ seed: 1, lots: 6000, queries: 800 })
  const parts = splitByQuery(simulation.rows)
  describeCatalogue(simulation, parts)
  await trainRanker(simulation, parts)
  await answerOneQuery(simulation, parts.test)
  const metrics = JSON.parse(readFileSync(join(folder, 'output/data/metrics.json'), 'utf8'))
  say(
    'quality',
    `NDCG@10 over the ${queriesIn(parts.test)} held-out queries, 1 is perfect, grades are simulated`,
  )
  printComparison(compareTestSet(metrics))
} finally {
  remove()
}

function describeCatalogue(simulation: Simulation, parts: Record<string, JudgedRow[]>): void {
  const counts = Object.entries(parts).map(([name, rows]) => `${queriesIn(rows)} ${name}`)
  say(
    'catalogue',
    `${simulation.lots.length} simulated lots, ${simulation.rows.length} graded query-lot pairs`,
    `queries: ${counts.join(', ')}`,
  )
}

async function trainRanker(simulation: Simulation, parts: Record<string, JudgedRow[]>): Promise<void> {
  const file = (name: string) => join(folder, `${name}.jsonl`)
  for (const [name, rows] of Object.entries(parts)) writeFileSync(file(name), toJsonLines(simulation, rows))
  const started = performance.now()
  const rounds = await train(folder, {
    ...Object.fromEntries(Object.keys(parts).map((name) => [name, file(name)])),
    features: FEATURES,
    eta: '0.1',
    'num-round': '200',
    'early-stopping-rounds': '20',
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const shown = rounds.filter((_, round) => round % 25 === 0 || round === rounds.length - 1)
  say('train', `XGBoost LambdaMART, ${rounds.length} rounds in ${seconds} s, one in 25 shown`, ...shown)
  say('export', 'model.onnx written: ONNX Runtime gives the golden rows the scores that XGBoost gave them')
}

async function answerOneQuery(simulation: Simulation, rows: readonly JudgedRow[]): Promise<void> {
  const server = await serve(join(folder, 'model'))
  try {
    say('serve', `GET /ping is 200 after ${server.readyMs} ms`)
    const request = rankRequest(simulation, rows, { limit: 10 })
    const started = performance.now()
    const answer = await server.invoke(request.body)
    const milliseconds = (performance.now() - started).toFixed(1)
    say(
      'query',
      `"${request.text}": POST /invocations ranked ${request.candidates} lots in ${milliseconds} ms`,
    )
    printRanking(answer.ranking, simulation.lots, request.grades)
  } finally {
    await server.stop()
  }
}

function queriesIn(rows: readonly JudgedRow[]): number {
  return new Set(rows.map((row) => row.qid)).size
}
