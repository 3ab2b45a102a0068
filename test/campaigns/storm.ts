// Loads, asks and unloads a model in the real server as often as it is told, and looks at the memory of all its processes:
// `npm run storm -- --times 1000`. The exit code is 1 where it ends with more than a tenth above what the first models left:
// they bring the code that loads and scores into memory, some 25 MB in three processes, and that is there once.
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import t from 'tap'
import { residentBytes } from '../../src/storage/memory.ts'
import { emptyFolder, FOREST, manifestOf, modelFolder, onnxOf, sha256 } from '../helpers/model.ts'
import { childrenOf, serve } from '../helpers/serve-process.ts'

const { values } = parseArgs({ options: { times: { type: 'string', default: '1000' } } })
const times = Number(values.times)
if (!(Number.isInteger(times) && times > 0))
  throw new Error(`--times is ${values.times}: wanted a whole number`)

/** Models that are loaded at once. */
const AT_ONCE = 4
const TREES = 2000

t.setTimeout(60_000 + times * 1000)

t.test(`a storm of ${times} models`, async (t) => {
  const root = emptyFolder(t)
  const folder = join(root, 'models/a/model')
  const trees = Array.from({ length: TREES }, (_, tree) => FOREST.trees[tree % 2]!)
  const onnx = onnxOf({ ...FOREST, trees })
  cpSync(modelFolder(t), folder, { recursive: true })
  writeFileSync(join(folder, 'model.onnx'), onnx)
  const { goldenRows } = manifestOf()
  const scores = goldenRows.scores.map((score) => FOREST.base + (TREES / 2) * (score - FOREST.base))
  const files = { 'model.onnx': sha256(onnx) }
  writeFileSync(
    join(folder, 'ranker.json'),
    JSON.stringify(manifestOf({ files, goldenRows: { ...goldenRows, scores } })),
  )
  const { url, child, pinged } = await serve(t, root, {
    SAGEMAKER_BASE_DIR: root,
    SAGEMAKER_MULTI_MODEL: 'true',
    SAGEMAKER_MODEL_SERVER_WORKERS: '2',
    SAGEMAKER_CONTAINER_LOG_LEVEL: '40',
  })
  await pinged(200)
  while (childrenOf(child.pid!).length < 2) await delay(50)
  await delay(2000)
  const memory = () =>
    [child.pid!, ...childrenOf(child.pid!)].reduce((sum, pid) => sum + (residentBytes(pid) ?? 0), 0) / 2 ** 20
  const call = async (path: string, init: RequestInit) => {
    const answer = await fetch(url + path, init)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${init.method} ${path} is answered ${answer.status}: ${text}`)
    return text
  }
  const cycle = async (name: string) => {
    const body = JSON.stringify({ model_name: name, url: folder })
    await call('/models', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const asked = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: '9,4,1\n'.repeat(100) }
    await call(`/models/${name}/invoke`, asked)
    await call(`/models/${name}`, { method: 'DELETE' })
  }
  const cold = memory()
  let start = cold
  for (let done = 0; done < times; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, one) => cycle(`m${done + one}`)))
    if (done === 0) start = memory()
    if (done % 100 === 0) t.comment(`after ${done + AT_ONCE}: ${memory().toFixed(0)} MB`)
  }
  await delay(1000)
  const end = memory()
  const told = [cold, start, end].map((megabytes) => `${megabytes.toFixed(0)} MB`)
  t.ok(end <= 1.1 * start, `${told[0]} before any model, ${told[1]} after the first, ${told[2]} at the end`)
})
