import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Forest } from '../../src/model/forest.ts'
import {
  emptyFolder,
  explainableFolder,
  FOREST,
  manifestOf,
  modelFolder,
  onnxOf,
  sha256,
  stump,
  xgboostJsonOf,
} from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/models')

interface FixtureModel {
  readonly json?: string
  readonly base64?: string
  readonly missing?: boolean
  readonly scores: number[]
}

/** A folder that holds one file of a fixture, under the name given. */
function bareModel(
  t: Test,
  fixture: string,
  title: string,
  file: string,
): { folder: string; model: FixtureModel } {
  const { models } = JSON.parse(readFileSync(join(FIXTURES, fixture), 'utf8'))
  const model: FixtureModel = models[title]
  const folder = emptyFolder(t)
  writeFileSync(join(folder, file), model.json ?? Buffer.from(model.base64!, 'base64'))
  return { folder, model }
}

const csvOf = (rows: (number | null)[][]) => rows.map((row) => `${row.map((cell) => cell ?? '')}\n`).join('')
const near = (seen: number, wanted: number, tolerance = 1e-6) =>
  Math.abs(seen - wanted) <= tolerance * Math.max(1, Math.abs(wanted))

t.test(
  'bare XGBoost files of old and new releases, and other exporters’ graphs, are served as they are',
  async (t) => {
    const cases: [fixture: string, title: string, file: string][] = [
      ['xgboost-1.0.2.json', 'rank', 'model.json'],
      ['xgboost-1.3.3.json', 'dart', 'xgboost-model'],
      ['xgboost-1.7.6.json', 'binary', 'xgboost-model'],
      ['xgboost-2.1.4.json', 'forest', 'model.ubj'],
      ['xgboost-3.0.5.json', 'poisson', 'model.json'],
      ['xgboost-3.4.1.json', 'lossguide', 'model.ubj'],
      ['onnx.json', 'sklearn-classifier-zipmap', 'model.onnx'],
      ['onnx.json', 'lightgbm-ranker', 'model.onnx'],
    ]
    for (const [fixture, title, file] of cases) {
      const { folder, model } = bareModel(t, fixture, title, file)
      const { rows, rowsWithHoles } = JSON.parse(readFileSync(join(FIXTURES, fixture), 'utf8'))
      const { invoke, ping } = await startServer(t, folder)
      t.equal((await ping()).statusCode, 200, `${fixture} ${title}`)
      const { body } = await invoke(csvOf(model.missing ? rowsWithHoles : rows))
      const scores = body.trim().split('\n').map(Number)
      t.ok(
        model.scores.every((wanted, row) => near(scores[row]!, wanted)),
        `${fixture} ${title}`,
      )
    }
  },
)

t.test('a file that cannot be served says what to do', async (t) => {
  const { refused, models } = JSON.parse(readFileSync(join(FIXTURES, 'xgboost-1.3.3.json'), 'utf8'))
  const cases: [bytes: Buffer, message: RegExp][] = [
    [Buffer.from(refused.pickle, 'base64'), /Python pickle.*save_model\("model\.json"\)/],
    [Buffer.from(refused.binary, 'base64'), /binary format.*save_model\("model\.json"\)/],
    [Buffer.from(models.multi.json), /multi:softprob, wanted one score a row/],
    [Buffer.from(models.rank.json).subarray(0, -100), /does not parse/],
    [Buffer.alloc(0), /empty/],
  ]
  for (const [bytes, message] of cases) {
    const folder = emptyFolder(t)
    writeFileSync(join(folder, 'xgboost-model'), bytes)
    const { ping, log } = await startServer(t, folder)
    const answer = await ping()
    t.equal(answer.statusCode, 503)
    t.match(answer.json().error, { message })
    t.match(log().at(0), { level: 'error', err: { message } })
  }
})

t.test('codes of categories are whole numbers from 0', async (t) => {
  const { folder, model } = bareModel(t, 'xgboost-3.4.1.json', 'categories', 'model.json')
  const { categoryRows } = JSON.parse(readFileSync(join(FIXTURES, 'xgboost-3.4.1.json'), 'utf8'))
  const { invoke } = await startServer(t, folder)
  const { body } = await invoke(csvOf(categoryRows))
  t.same(body.trim().split('\n').map(Number), model.scores)
  for (const code of ['1.5', '-1']) {
    const answer = await invoke(`1,2,3,4,0\n1,2,3,${code},0\n`)
    t.match(answer, { statusCode: 422 })
    t.match(answer.json().error, { code: 'BAD_VALUE', message: /row 2, column "stars".*code of a category/ })
  }
  const items = [{ id: 1, price: 1, cost: 1, age: 1, stars: 0.5, stock: 1 }]
  t.equal((await invoke({ items })).statusCode, 422)
  t.equal((await invoke({ items: [{ ...items[0], stars: null }] })).statusCode, 200)
  const lines = await invoke('{"features":[1,2,3,1.5,0]}\n{"features":[1,2,3,1,0]}\n', {
    'content-type': 'application/jsonlines',
  })
  t.match(lines.body, /^\{"error":\{"code":"BAD_VALUE".*\n\{"score":/, 'a line spoils no other')
})

t.test('libsvm counts from where the model was trained to count', async (t) => {
  const manifest = manifestOf({ hyperparameters: { libsvm_index_base: 1 } })
  const { invoke } = await startServer(t, modelFolder(t, {}, manifest))
  const libsvm = { 'content-type': 'text/libsvm' }
  t.equal((await invoke('2 qid:1 1:9 2:4 3:1\n', libsvm)).body, '1.5\n')
  t.match((await invoke('4:9', libsvm)).json().error, { message: /index 4: .* indices 1 to 3/ })
  t.match((await invoke('0:9', libsvm)).json().error, { message: /index from 1/ })
})

const QUERY = {
  items: [
    { id: 'a', price: 11, cost: 6, age: 1 },
    { id: 'b', price: 9, cost: 4, age: null },
    { id: 'c', price: null, cost: null, age: 2 },
  ],
  explain: true,
}

t.test('contributions are named, add up, and are of the items that are shown', async (t) => {
  const { invoke } = await startServer(t, explainableFolder(t))
  const { ranking } = (await invoke(QUERY)).json()
  for (const { score, contributions, base } of ranking) {
    t.same(Object.keys(contributions), ['price', 'cost', 'age'])
    const sum = Object.values<number>(contributions).reduce((total, one) => total + one, base)
    t.ok(Math.abs(sum - score) < 1e-6, `${sum}, score ${score}`)
  }
  t.equal((await invoke({ ...QUERY, limit: 1 })).json().ranking.length, 1)
  t.same((await invoke({ ...QUERY, items: [] })).json().ranking, [])
  const rows = await invoke({ instances: [{ features: [9, 4, 1] }], explain: true })
  t.match(rows.json().predictions[0], { score: 1.5, contributions: { price: 1.5 }, base: 0.1875 })
  const list = (await invoke([{ ...QUERY, limit: 1 }, QUERY])).json()
  t.same(list[1].ranking, ranking, 'the second query of a list is explained by its own values')
})

t.test(
  'where the score is a probability, contributions add up to what the sigmoid is taken of',
  async (t) => {
    const { folder } = bareModel(t, 'xgboost-3.4.1.json', 'binary', 'model.ubj')
    const { invoke } = await startServer(t, folder)
    const answer = await invoke({
      items: [{ id: 1, price: 0.5, cost: 0.1, age: null, stars: 0, stock: 0 }],
      explain: true,
    })
    const [{ score, contributions, base }] = answer.json().ranking
    const margin = Object.values<number>(contributions).reduce((total, one) => total + one, base)
    t.ok(Math.abs(1 / (1 + Math.exp(-margin)) - score) < 1e-4, `${margin}, ${score}`)
  },
)

t.test('a model that cannot be explained says why, and still ranks', async (t) => {
  const beside = (forest: Forest) => {
    const json = xgboostJsonOf(forest)
    const files = { 'model.onnx': sha256(onnxOf(FOREST)), 'model.json': sha256(json) }
    return modelFolder(t, { 'model.json': json }, manifestOf({ files }))
  }
  const { cover: _, ...bare } = stump(0, 10, 1, -1, false)
  const cases: [folder: string, reason: RegExp][] = [
    [modelFolder(t), /model\.onnx does not tell how many rows.*model\.ubj/],
    [beside({ ...FOREST, trees: [bare, FOREST.trees[1]!] }), /no sum_hessian/],
    [beside({ ...FOREST, base: 0.75 }), /gives other scores than model\.onnx/],
    [beside({ ...FOREST, trees: [stump(7, 1, 1, 1, true)] }), /feature past 3/],
  ]
  for (const [folder, message] of cases) {
    const { invoke } = await startServer(t, folder)
    for (const _again of [1, 2]) {
      t.match((await invoke(QUERY)).json().error, { code: 'EXPLAIN_UNAVAILABLE', message })
    }
    t.equal((await invoke(QUERY)).statusCode, 422)
    t.equal((await invoke({ ...QUERY, explain: false })).statusCode, 200)
    const line = await invoke(`${JSON.stringify(QUERY)}\n`, { 'content-type': 'application/jsonlines' })
    t.match(line, { statusCode: 200, body: /^\{"error":\{"code":"EXPLAIN_UNAVAILABLE"/ })
  }
})

t.test('others are answered while many items are explained', async (t) => {
  const trees = Array.from({ length: 300 }, (_, tree) => stump(tree % 3, tree / 30, 1, -1, true))
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'model.json'), xgboostJsonOf({ ...FOREST, trees }))
  const { invoke, ping } = await startServer(t, folder)
  const items = Array.from({ length: 3000 }, (_, id) => ({ id, price: id % 10, cost: id % 7, age: id % 5 }))
  let explained = false
  const slow = invoke({ items, explain: true }).then((answer) => {
    explained = true
    return answer
  })
  let pings = 0
  while (!explained) {
    await setImmediate()
    if ((await ping()).statusCode === 200 && !explained) pings++
  }
  t.equal((await slow).statusCode, 200)
  t.ok(pings >= 3, `${pings} pings`)
})
