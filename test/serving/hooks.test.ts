import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { writeTree } from '../helpers/command.ts'
import { emptyFolder, modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const ROW = '9,4,1'
/** What hooks may do and return is the same in this process, and a process of their own takes a while to start. */
const HERE = { isolateHooks: false }

/** A server whose model has hooks: one source text, or files below code/ by name. */
const serve = (t: Test, code: string | Record<string, string>, program?: string) => {
  const files = typeof code === 'string' ? { 'inference.js': code } : code
  const below = Object.fromEntries(Object.entries(files).map(([name, text]) => [`code/${name}`, text]))
  return startServer(t, modelFolder(t, below), { program, ...HERE })
}

t.test('ES modules, CommonJS and TypeScript, whatever package.json is near', async (t) => {
  const esm = `import { outputFn as base } from 'two-stage-ranking'
    export const outputFn = (prediction, accept) => base(prediction.map((score) => score + 1), accept)`
  const cjs = `const { outputFn } = require('two-stage-ranking')
    exports.outputFn = (prediction, accept) => outputFn(prediction.map((score) => score + 1), accept)`
  const cases: [title: string, files: Record<string, string>, program?: string][] = [
    ['an ES module in .js', { 'inference.js': esm }],
    ['CommonJS in .js', { 'inference.js': cjs }],
    ['an ES module below type commonjs', { 'inference.js': esm, 'package.json': '{"type":"commonjs"}' }],
    ['CommonJS below type module', { 'inference.js': cjs, 'package.json': '{"type":"module"}' }],
    ['.mjs', { 'inference.mjs': esm }],
    ['.cjs', { 'inference.cjs': cjs }],
    [
      '.ts',
      {
        'inference.ts': esm
          .replace('prediction,', 'prediction: number[],')
          .replace('accept)', 'accept: string)'),
      },
    ],
    ['SAGEMAKER_PROGRAM', { 'hooks.mjs': esm, 'inference.js': 'throw 1' }, 'hooks.mjs'],
    ['export default', { 'inference.js': 'export default { output_fn: () => "2.5\\n" }' }],
    [
      'module.exports',
      { 'inference.js': 'module.exports = Object.assign({}, { outputFn: () => "2.5\\n" })' },
    ],
    ['await at the top', { 'inference.js': `await null; ${esm}` }],
    ['a file beside it', { 'inference.js': 'export * from "./x/y.js"', 'x/y.js': esm }],
    ['a CommonJS file beside it', { 'inference.js': 'module.exports = require("./x")', 'x/index.js': cjs }],
  ]
  for (const [title, files, program] of cases) {
    const { invoke, ping } = await serve(t, files, program)
    t.equal((await ping()).body, '{"status":"ready"}', title)
    t.match(
      await invoke(ROW),
      { statusCode: 200, body: '2.5\n', headers: { 'content-type': 'text/csv' } },
      title,
    )
  }
})

t.test(
  'each hook takes the place of its default, in either spelling, and gets the context last',
  async (t) => {
    const { invoke } = await serve(
      t,
      `import { inputFn as read } from 'two-stage-ranking'
    export async function model_fn(modelDir, ctx) {
      return { modelDir: modelDir === ctx.modelDir, loaded: ctx.model.name }
    }
    export async function inputFn(body, contentType, ctx) {
      return { type: contentType, text: body.toString(), id: ctx.requestId, attributes: ctx.customAttributes }
    }
    export const predict_fn = (data, model, ctx) => ({ data, model, features: ctx.model.featureNames })
    export const output_fn = (prediction, accept) => ({ ...prediction, accept })`,
    )
    const headers = {
      'content-type': 'application/x-own; v=1',
      accept: 'image/png',
      'x-request-id': 'r1',
      'x-amzn-sagemaker-custom-attributes': 'a=b',
    }
    const answer = await invoke('hello', headers)
    t.match(answer, { statusCode: 200, headers: { 'content-type': 'application/json' } })
    t.same(answer.json(), {
      data: { type: 'application/x-own; v=1', text: 'hello', id: 'r1', attributes: 'a=b' },
      model: { modelDir: true, loaded: 'lots' },
      features: ['price', 'cost', 'age'],
      accept: 'image/png',
    })
  },
)

t.test('a hook may wrap its default, with or without the context', async (t) => {
  for (const context of ['', ', ctx']) {
    const { invoke } = await serve(
      t,
      `import * as base from 'two-stage-ranking'
      export const modelFn = (dir, ctx) => base.modelFn(dir${context})
      export const inputFn = (body, type, ctx) => base.inputFn(Buffer.from(body.toString().replaceAll(';', ',')), type${context})
      export const predictFn = async (data, model, ctx) => (await base.predictFn(data, model${context})).map((s) => s * 2)
      export const outputFn = (prediction, accept, ctx) => base.outputFn(prediction, accept${context})`,
    )
    t.equal((await invoke('9;4;1\n11;6;')).body, '3\n-0.5\n')
    t.match(
      await invoke('9;4'),
      { statusCode: 422, body: /WRONG_WIDTH.*2 values/ },
      'errors of defaults stay',
    )
  }
  const { invoke } = await serve(t, `export const inputFn = (body) => JSON.parse(body)`)
  t.equal(
    (await invoke('[[9,4,1],[11,6,null]]', { accept: 'text/csv' })).body,
    '1.5\n-0.25\n',
    'rows as arrays',
  )
  t.match(await invoke('[[9,4]]'), { statusCode: 422, body: /WRONG_WIDTH/ })
  t.match(await invoke('{}'), { statusCode: 500, body: /HOOK_RETURNED.*inputFn/ })
  const ranked = await serve(t, `export const outputFn = (prediction) => prediction.ranking[0]`)
  const body = { items: [{ id: 'a', price: 1, cost: 1, age: 1 }] }
  t.same((await ranked.invoke(body)).json(), { id: 'a', rank: 1, score: 1.5 })
})

t.test('query, items and context reach the hooks', async (t) => {
  const { invoke } = await serve(
    t,
    `export const predictFn = ({ query, items, context }) => ({ query, items, context })`,
  )
  const request = {
    query: { q: 1 },
    items: [{ id: 1, price: 1, cost: 1, age: 1, brand: 'B' }],
    context: { user: 'u' },
  }
  t.same((await invoke(request)).json(), request)
  t.match(await invoke(request, { accept: 'text/csv' }), { statusCode: 500, body: /HOOK_RETURNED/ })
})

t.test('what fits no default is said to be the hook’s', async (t) => {
  const rows = await serve(
    t,
    `export const inputFn = () => ({ kind: 'query', values: new Float32Array(3), count: 1 })`,
  )
  t.match(await rows.invoke(ROW), { statusCode: 500, body: /HOOK_RETURNED.*inputFn/ })
  const { invoke } = await serve(
    t,
    `export const inputFn = (body) => JSON.parse(body)\nexport const predictFn = (data) => data`,
  )
  for (const ranking of [[null], [1], [{ id: 'a' }], [{ id: 'a', rank: 1, score: '2' }]]) {
    const body = JSON.stringify({ ranking })
    t.match(await invoke(body), { statusCode: 500, body: /HOOK_RETURNED.*predictFn/ }, body)
    t.equal(
      (await invoke(body, { accept: 'application/json' })).body,
      body,
      'any JSON may be answered as JSON',
    )
  }
  t.equal((await invoke('{"ranking":[{"id":"a","rank":1,"score":2,"why":"x"}]}')).body, 'a,1,2\n')
  const made = await serve(
    t,
    `export const inputFn = (body) => eval('(' + body + ')')\nexport const predictFn = (data) => data`,
  )
  for (const source of ['10n', '() => 1', '(() => { const a = []; a.push(a); return a })()']) {
    const answer = await made.invoke(source, { accept: 'application/json' })
    t.match(answer, { statusCode: 500, body: /HOOK_RETURNED.*predictFn/ }, source)
  }
})

t.test('what an outputFn or transformFn may return', async (t) => {
  const { invoke } = await serve(
    t,
    `export const transformFn = (model, body, contentType, accept) => eval('(' + body + ')')`,
  )
  const cases: [source: string, accept: string | undefined, contentType: string, body: string][] = [
    ['"text"', undefined, 'application/json', 'text'],
    ['"text"', 'text/csv', 'text/csv', 'text'],
    ['"text"', 'text/html', 'text/html', 'text'],
    ['"text"', 'text/html, image/png', 'text/plain; charset=utf-8', 'text'],
    ['Buffer.from("bytes")', 'image/*', 'application/octet-stream', 'bytes'],
    ['new Uint8Array([65]).subarray(0)', 'image/png', 'image/png', 'A'],
    ['{a: 1}', 'text/csv', 'application/json', '{"a":1}'],
    ['[1, 2]', undefined, 'application/json', '[1,2]'],
    ['null', undefined, 'application/json', 'null'],
    ['["a", "text/x-own; v=1"]', undefined, 'text/x-own; v=1', 'a'],
    ['[Buffer.from("b"), "image/png"]', 'text/csv', 'image/png', 'b'],
    ['[{a: 1}, "application/ld+json"]', undefined, 'application/ld+json', '{"a":1}'],
    ['["a", "b"]', undefined, 'application/json', '["a","b"]'],
    ['["a", "text/csv\\r\\nx: y"]', undefined, 'application/json', '["a","text/csv\\r\\nx: y"]'],
    ['Promise.resolve("later")', 'text/csv', 'text/csv', 'later'],
  ]
  for (const [source, accept, contentType, body] of cases) {
    const answer = await invoke(source, { 'content-type': 'application/x-js', ...(accept && { accept }) })
    t.match(answer, { statusCode: 200, headers: { 'content-type': contentType }, body }, source)
  }
  for (const source of ['undefined', '() => 1', '10n', '(() => { const a = []; a.push(a); return a })()']) {
    t.match(await invoke(source), { statusCode: 500, body: /HOOK_RETURNED.*transformFn/ }, source)
  }
})

t.test('what a hook throws is the answer', async (t) => {
  const { invoke } = await serve(
    t,
    `export const predictFn = (data) => { throw eval(data) }\nexport const inputFn = String`,
  )
  const cases: [thrown: string, status: number, message: string][] = [
    ['new Error("boom")', 500, 'boom'],
    ['Object.assign(new Error("too young"), { statusCode: 422 })', 422, 'too young'],
    ['Object.assign(new Error("x"), { statusCode: 200 })', 500, 'x'],
    ['Object.assign(new Error("x"), { statusCode: "422" })', 500, 'x'],
    ['Object.assign(new Error("x"), { statusCode: 600 })', 500, 'x'],
    ['({ statusCode: 503, message: "busy" })', 503, 'busy'],
    ['"text"', 500, 'text'],
    ['null', 500, 'null'],
    ['new Error("")', 500, 'no reason was given'],
    ['Object.create(null)', 500, 'no reason was given'],
    [
      'new Error("ENOENT: no such file, open \'/opt/ml/model/secret/list.txt\'")',
      500,
      "ENOENT: no such file, open 'list.txt'",
    ],
  ]
  for (const [thrown, statusCode, message] of cases) {
    const answer = await invoke(thrown)
    t.match(answer, { statusCode, headers: { 'content-type': 'application/json' } }, thrown)
    t.same(answer.json(), { error: { code: 'HOOK_FAILED', message } }, thrown)
  }
})

t.test('hooks that cannot be used keep the server unready', async (t) => {
  const cases: [code: Record<string, string>, message: RegExp, program?: string][] = [
    [{ 'inference.js': 'export const inputFn = ' }, /inference\.js cannot be used: /],
    [{ 'inference.js': 'import "./missing.js"' }, /missing\.js/],
    [{ 'inference.js': 'throw new Error("no licence")' }, /no licence/],
    [{ 'inference.js': 'export const inputFn = 1' }, /inputFn is no function/],
    [
      { 'inference.js': 'export const transformFn = String, predict_fn = String' },
      /transformFn .* predictFn/,
    ],
    [{ 'inference.js': 'export const x = 1' }, /SAGEMAKER_PROGRAM names it/, 'other.js'],
    [{ 'inference.js': 'export const x = 1' }, /SAGEMAKER_PROGRAM names it/, '../model.onnx'],
    [
      { 'inference.js': 'export const modelFn = () => { throw new Error("no weights") }' },
      /modelFn failed: no weights/,
    ],
  ]
  for (const [code, message, program] of cases) {
    const { ping } = await serve(t, code, program)
    const answer = await ping()
    t.match(answer, { statusCode: 503, headers: { 'content-type': 'application/json' } })
    t.match(answer.json().error.message, message)
    t.notMatch(answer.body, '/tmp/')
  }
})

t.test('a modelFn may serve a folder that holds no model of ours', async (t) => {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'weights.json'), '[2,3]')
  writeTree(folder, {
    'code/inference.mjs': `import { readFileSync } from 'node:fs'
      export const modelFn = (dir) => JSON.parse(readFileSync(dir + '/weights.json'))
      export const inputFn = (body) => body.toString().split(',').map(Number)
      export const predictFn = (row, weights) => [row.reduce((sum, value, i) => sum + value * weights[i], 0)]`,
  })
  const { invoke } = await startServer(t, folder, HERE)
  t.equal((await invoke('1,2')).body, '8\n')
  writeTree(folder, { 'code/own.mjs': 'export const modelFn = () => ({})' })
  const half = await startServer(t, folder, { program: 'own.mjs', ...HERE })
  t.match(await half.invoke('1,2'), { statusCode: 500, body: /NO_DEFAULT_MODEL.*inputFn/ })
})

t.test('a model folder may be behind a link', async (t) => {
  const folder = modelFolder(t, {
    'code/inference.js': 'exports.outputFn = () => "linked\\n"',
    'code/package.json': '{"type":"module"}',
  })
  const link = join(emptyFolder(t), 'model')
  symlinkSync(folder, link)
  const { invoke } = await startServer(t, link, HERE)
  t.equal((await invoke(ROW)).body, 'linked\n')
})

t.test('golden rows never meet the hooks', async (t) => {
  const { ping } = await serve(t, `export const inputFn = () => { throw new Error('called') }`)
  t.equal((await ping()).statusCode, 200)
})
