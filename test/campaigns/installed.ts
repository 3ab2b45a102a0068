// The package as npm gives it to somebody who has no checkout: `npm run test:installed` builds and packs it, installs the
// archive in an empty folder, trains, scores and serves there, and compiles and runs a product service against it.
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { emptyFolder } from '../helpers/model.ts'
import { serve } from '../helpers/serve-process.ts'

t.setTimeout(600_000)

const repository = join(import.meta.dirname, '../..')
const compiler = join(repository, 'node_modules/typescript/bin/tsc')
const start = promisify(execFile)

// tap's own settings for Node would be those of every child.
delete process.env.NODE_OPTIONS

const QUERIES = 40
const ITEMS = 10

/** The dearer of two lots at the same cost is the better one. */
function judgedRows(): string {
  const rows = Array.from({ length: QUERIES * ITEMS }, (_, row) => {
    const [query, place] = [Math.floor(row / ITEMS), (row * 7) % ITEMS]
    return `${Math.floor(place / 3)},${query},${100 + 10 * place},${60 + (row % 3)}`
  })
  return ['label,qid,retail_price,cost', ...rows, ''].join('\n')
}

/** Hooks and client, typed by what `ranker types` and the package say. */
const SERVICE = `
import { predictFn, type PredictFn, RankerError } from 'two-stage-ranking'
import { RankerClient } from 'two-stage-ranking/client'
import { fuse } from 'two-stage-ranking/retrieval'
import type { Item, Query } from './ranker.js'

export const hook: PredictFn = (input, model, context) => predictFn(input, model, context)
export const surface = [RankerError, fuse]

const ranker = new RankerClient<Query, Item>({ endpoint: \`\${process.argv[2]}/invocations\`, timeoutMs: 5000 })
const lots: Item[] = [{ id: 'cheap', retail_price: 100, cost: 60 }, { id: 'dear', retail_price: 190, cost: 60 }]
const { ranking, degraded } = await ranker.rank({}, lots)
console.log(degraded, ranking.map(({ item }) => item.id).join())
`

t.test('an installed package trains, scores, serves, and has types', async (t) => {
  const folder = emptyFolder(t)
  await start('npm', ['run', 'build'], { cwd: repository })
  await start('npm', ['pack', '--pack-destination', folder], { cwd: repository })
  const archive = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!)

  const cwd = join(folder, 'service')
  mkdirSync(cwd)
  const run = (command: string, ...args: string[]) => start(command, args, { cwd })
  writeFileSync(join(cwd, 'package.json'), '{"private": true, "type": "module"}')
  await run('npm', 'install', '--no-audit', '--no-fund', archive)
  const bin = (name: string) => join(cwd, 'node_modules/.bin', name)
  const ranker = bin('ranker')
  t.match((await run(ranker, '--help')).stdout, 'Usage: ranker COMMAND')

  writeFileSync(join(cwd, 'train.csv'), judgedRows())
  const train = () => run(ranker, 'train', '--train', 'train.csv', '--output', 'out', '--num-round', '10')
  const refused = await train().catch((error) => error)
  t.match(refused.stderr, 'npx ranker-setup', 'says how to get libxgboost')
  await run(bin('ranker-setup'))
  await train()
  t.ok(readFileSync(join(cwd, 'out/output/data/report.html'), 'utf8').includes('</html>'))
  const model = ['--model-path', 'out/model']
  const scored = await run(ranker, 'score', ...model, '--input', 'train.csv', '--format', 'csv')
  t.equal(scored.stdout.trim().split('\n').length, QUERIES * ITEMS)
  await run(ranker, 'types', ...model, '--output', 'ranker.d.ts')
  t.match((await run(ranker, 'aws', 'deploy', '--help')).stdout, 'Usage: ranker aws deploy')

  writeFileSync(join(cwd, 'service.ts'), SERVICE)
  const options = ['--module', 'nodenext', '--target', 'esnext', '--strict', '--types', 'node', '--typeRoots']
  await run(process.execPath, compiler, ...options, join(repository, 'node_modules/@types'), 'service.ts')
  const { url, pinged, child, exited } = await serve(t, '', {}, [
    ranker,
    'serve',
    '--model-path',
    join(cwd, 'out/model'),
  ])
  await pinged(200)
  t.equal((await run(process.execPath, 'service.js', url)).stdout, 'false dear,cheap\n')
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
})
