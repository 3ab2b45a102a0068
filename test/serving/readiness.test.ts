import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { emptyFolder, FOREST, manifestOf, modelFolder, onnxOf, stump } from '../helpers/model.ts'
import { idleServer, startServer } from '../helpers/server.ts'

t.test('503 with a reason until the model is loaded and proven, then 200', async (t) => {
  const { app, ping, invoke, log } = idleServer(t, modelFolder(t))
  for (const answer of [await ping(), await invoke('9,4,1')]) {
    t.match(answer, { statusCode: 503, headers: { 'content-type': 'application/json' } })
    t.match(answer.json(), { error: { code: 'NOT_READY', message: 'not ready: the model is being loaded' } })
  }
  await Promise.all([app.load(), app.load()])
  const answer = await ping()
  t.match(answer, {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"status":"ready"}',
  })
  t.match(await app.inject({ method: 'HEAD', url: '/ping' }), { statusCode: 200, body: '' })
  t.match(log(), [
    { level: 'info', status: 503, code: 'NOT_READY', msg: 'refused' },
    { level: 'info', model: 'lots', version: '7', features: 3, msg: 'the model is ready' },
  ])
})

t.test('a model that cannot be served keeps the process, and 503 says why', async (t) => {
  const bare = (bytes: Uint8Array) => {
    const folder = emptyFolder(t)
    writeFileSync(join(folder, 'model.onnx'), bytes)
    return folder
  }
  const goldenRows = manifestOf().goldenRows
  const off = (by: number) => ({
    ...goldenRows,
    scores: goldenRows.scores.map((score, row) => score + (row === 1 ? by : 0)),
  })
  const cases: [model: string, code: string, message: RegExp][] = [
    [emptyFolder(t), 'MODEL_MISSING', /ranker\.json or model\.onnx/],
    [modelFolder(t, { 'model.onnx': 'x' }), 'HASH_MISMATCH', /model\.onnx was altered/],
    [modelFolder(t, {}, manifestOf({ goldenRows: off(1e-4) })), 'GOLDEN_MISMATCH', /golden row 1/],
    [
      modelFolder(t, {}, manifestOf({ featureNames: ['a', 'b'] })),
      'MODEL_UNSUPPORTED',
      /takes 3 features.*names 2/,
    ],
    [modelFolder(t, {}, manifestOf({ featureNames: ['a', 'b', 'a'] })), 'MODEL_UNSUPPORTED', /twice/],
    [
      modelFolder(t, {}, manifestOf({ featureNames: ['a', 'b', 'c'] })),
      'MODEL_DAMAGED',
      /golden row 0 .*"a", "b", "c"/,
    ],
    [bare(Buffer.from('x')), 'MODEL_DAMAGED', /model\.onnx is damaged/],
    [
      bare(onnxOf({ ...FOREST, trees: [stump(0, 1, Number.NaN, 1, false)] })),
      'MODEL_UNSUPPORTED',
      /zeros scores NaN/,
    ],
    [
      bare(onnxOf({ ...FOREST, trees: [stump(0, 1, 1, Number.POSITIVE_INFINITY, false)] })),
      'MODEL_UNSUPPORTED',
      /missing values scores Infinity/,
    ],
    [
      bare(onnxOf({ ...FOREST, trees: [stump(9, 1, 1, 2, false)] })),
      'MODEL_UNSUPPORTED',
      /cannot score a row/,
    ],
  ]
  for (const [model, code, message] of cases) {
    const { ping, invoke, log } = await startServer(t, model)
    for (const answer of [await ping(), await invoke('1,2,3')]) {
      t.equal(answer.statusCode, 503, code)
      t.match(answer.json(), { error: { code, message } })
      t.notMatch(answer.body, /\/tmp\/|\.ts:|::/, 'tells nothing of the machine')
    }
    t.match(log().at(0), { level: 'error', msg: 'the model cannot be served', modelPath: model })
  }
})

t.test('golden scores may differ by rounding', async (t) => {
  const { goldenRows } = manifestOf()
  const scores = goldenRows.scores.map((score) => score * (1 + 5e-6))
  const { ping } = await startServer(
    t,
    modelFolder(t, {}, manifestOf({ goldenRows: { ...goldenRows, scores } })),
  )
  t.equal((await ping()).statusCode, 200)
})

t.test('a feature may be called id, and be missing', async (t) => {
  const featureNames = ['id', 'cost', 'age']
  const goldenRows = { ...manifestOf().goldenRows, columns: featureNames }
  const manifest = manifestOf({ featureNames, goldenRows })
  t.equal((await (await startServer(t, modelFolder(t, {}, manifest))).ping()).statusCode, 200)
})

t.test('bare models have features f0, f1, … and a version of their own', async (t) => {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'any.onnx'), onnxOf(FOREST))
  const { invoke } = await startServer(t, join(folder, 'any.onnx'))
  t.equal((await invoke('9,4,1\n11,6,')).body, '1.5\n-0.25\n')
  const answer = await invoke({ items: [{ id: 1, f0: 9, f1: 4, f2: 1 }] })
  t.match(answer.json(), {
    ranking: [{ id: 1, score: 1.5 }],
    model: { name: 'ranker', version: /^[0-9a-f]{12}$/ },
  })
})
