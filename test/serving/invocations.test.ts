import { gzipSync } from 'node:zlib'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import t from 'tap'
import { FrameReader } from '../../src/data/recordio/frames.ts'
import { writeRecords, writeScoreRecords } from '../../src/data/recordio/writer.ts'
import { RankerError } from '../../src/errors.ts'
import type { Model } from '../../src/serving/model.ts'
import { outputFn } from '../../src/serving/output-fn.ts'
import { predictFn, type Ranking } from '../../src/serving/predict-fn.ts'
import { TurnPipeline } from '../../src/serving/turn-pipeline.ts'
import { Turns } from '../../src/serving/turns.ts'
import { explainableFolder, manifestOf, modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const ROWS = '9,4,1\n11,6,\n,,\n'
const SCORES = [1.5, -0.25, -0.25]
const items = (ids: (string | number)[]) => ({
  items: ids.map((id, index) => ({ id, price: index % 2 === 0 ? 11 : 9, cost: 1, age: null })),
})

t.test('rows are scored in input order, in the type that Accept asks for', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t))
  const csv = `${SCORES.join('\n')}\n`
  const json = { predictions: SCORES.map((score) => ({ score })) }
  const jsonlines = SCORES.map((score) => `{"score":${score}}\n`).join('')

  const plain = await invoke(ROWS)
  t.match(plain, { statusCode: 200, headers: { 'content-type': 'text/csv' }, body: csv })
  t.equal((await invoke(ROWS, { accept: '*/*' })).body, csv)
  t.equal((await invoke(ROWS, { accept: 'text/*;q=0.5' })).body, csv)
  const asJson = await invoke(ROWS, { accept: 'Application/JSON' })
  t.match(asJson, { headers: { 'content-type': 'application/json' } })
  t.same(asJson.json(), json)
  t.match(await invoke(ROWS, { accept: 'application/jsonlines' }), {
    headers: { 'content-type': 'application/jsonlines' },
    body: jsonlines,
  })
  const instances = {
    instances: [{ features: [9, 4, 1] }, { features: [11, 6, null] }, { features: [null, null, null] }],
  }
  t.same((await invoke(instances)).json(), json)
  t.equal((await invoke(instances, { accept: 'text/csv' })).body, csv)
  t.same((await invoke({ instances: [] })).json(), { predictions: [] })

  const table = await invoke('title,age,price,cost\n"a, b",1,9,4\nc,,11,6\nd,,,\n', {
    'content-type': 'Text/CSV; Header=Present; charset="UTF-8"; x=y',
  })
  t.match(table, { statusCode: 200, body: csv })
})

t.test('a query is answered as a ranking', async (t) => {
  const { invoke, log } = await startServer(t, modelFolder(t))
  const answer = await invoke({
    query: { text: 'x' },
    items: [
      { id: 'dear', price: 11, cost: 6, age: 1, title: 'D' },
      { id: 7, price: 9, cost: 4 },
      { id: 'dear', price: 11, cost: 6 },
      { id: 'kept', price: 9, cost: 6, age: null },
    ],
  })
  t.match(answer, { statusCode: 200, headers: { 'content-type': 'application/json' } })
  t.same(answer.json(), {
    ranking: [
      { id: 'kept', rank: 1, score: 1.75 },
      { id: 7, rank: 2, score: 1.5 },
      { id: 'dear', rank: 3, score: -0.25 },
      { id: 'dear', rank: 4, score: -0.25 },
    ],
    model: { name: 'lots', version: '7' },
  })
  t.match(log().at(-1), {
    rows: 4,
    ignoredColumns: 1,
    model: 'lots',
    version: '7',
    status: 200,
    requestId: /./,
  })

  const ids = async (body: object) => (await invoke(body)).json().ranking.map(({ id }: { id: unknown }) => id)
  t.same(await ids({ ...items(['a', 'b', 'c', 'd']), limit: 3 }), ['b', 'd', 'a'], 'ties in input order')
  t.same(await ids({ ...items(['a', 'b']), limit: 10 }), ['b', 'a'])
  t.same((await invoke({ items: [] })).json(), { ranking: [], model: { name: 'lots', version: '7' } })

  const odd = items(['x,"y"', 'two\nlines', 3])
  t.equal(
    (await invoke(odd, { accept: 'text/csv' })).body,
    '"two\nlines",1,1.5\n"x,""y""",2,-0.5\n3,3,-0.5\n',
  )
  const line = await invoke(odd, { accept: 'application/jsonlines' })
  t.match(line.body, /^\{"ranking":.*\}\n$/)
  t.same(JSON.parse(line.body), (await invoke(odd)).json())
  const exact = await invoke('{"items":[{"id":9007199254740993,"price":1,"cost":1,"age":1}]}', JSON_TYPE)
  t.match(exact.body, '"id":9007199254740993,')
})

t.test('refusals carry code and status', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t), { bodyLimit: 1000 })
  const cases: [
    status: number,
    code: string,
    body: string | Buffer | object,
    headers?: Record<string, string>,
  ][] = [
    [400, 'BODY_EMPTY', ''],
    [400, 'BODY_EMPTY', '', JSON_TYPE],
    [400, 'BODY_UNREADABLE', '{', JSON_TYPE],
    [400, 'BODY_UNREADABLE', Buffer.from('1,2,3', 'utf16le')],
    [400, 'BODY_UNREADABLE', Buffer.from('{"a":"é"}', 'latin1'), JSON_TYPE],
    [400, 'UNCLOSED_QUOTE', '1,2,"3'],
    [415, 'CONTENT_TYPE_UNSUPPORTED', '1,2,3', { 'content-type': 'text/html' }],
    [415, 'CONTENT_TYPE_UNSUPPORTED', '1,2,3', { 'content-type': 'csv' }],
    [415, 'CONTENT_TYPE_UNSUPPORTED', '1,2,3', { 'content-type': '' }],
    [415, 'CONTENT_ENCODING_UNSUPPORTED', gzipSync('1,2,3'), { 'content-encoding': 'gzip' }],
    [400, 'BODY_UNREADABLE', gzipSync('1,2,3')],
    [415, 'CHARSET_UNSUPPORTED', '1,2,3', { 'content-type': 'text/csv; charset=iso-8859-1' }],
    [406, 'NOT_ACCEPTABLE', '1,2,3', { accept: 'image/png' }],
    [406, 'NOT_ACCEPTABLE', '1,2,3', { accept: 'text/csv;q=0' }],
    [413, 'BODY_TOO_LARGE', '1'.repeat(1001)],
    [422, 'WRONG_WIDTH', '1,2'],
    [422, 'BAD_VALUE', 'price,cost,age\n1,2,3'],
    [422, 'COLUMN_ABSENT', { items: [{ id: 1, price: 1, cost: 2 }] }],
    [422, 'BAD_REQUEST_SHAPE', { rows: [] }],
    [422, 'BAD_REQUEST_SHAPE', [1, 2, 3]],
    [422, 'EXPLAIN_UNAVAILABLE', { ...items([1]), explain: true }],
    [406, 'NOT_ACCEPTABLE', items([1]), { accept: 'application/x-npy' }],
    [406, 'NOT_ACCEPTABLE', '{}', { 'content-type': 'application/jsonlines', accept: 'text/csv' }],
    [
      406,
      'NOT_ACCEPTABLE',
      { instances: [], options: { output: ['score', 'rank'] } },
      { accept: 'application/x-npy' },
    ],
  ]
  for (const [statusCode, code, body, headers] of cases) {
    const answer = await invoke(body, headers)
    t.match(answer, { statusCode, headers: { 'content-type': 'application/json' } }, code)
    t.match(answer.json(), { error: { code, message: /./ } })
  }
})

t.test('routes that are not there', async (t) => {
  const { app } = await startServer(t, modelFolder(t))
  const get = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string) =>
    app.inject({ method, url, payload: 'x', headers: { 'content-type': 'text/csv' } })
  t.match(await get('GET', '/nowhere?x=1'), {
    statusCode: 404,
    headers: { 'content-type': 'application/json' },
  })
  t.match((await get('GET', '/nowhere?x=1')).json(), { error: { code: 'NO_ROUTE' } })
  t.match(await get('PUT', '/ping'), { statusCode: 405, headers: { allow: 'GET, HEAD' } })
  t.match(await get('DELETE', '/invocations'), { statusCode: 405, headers: { allow: 'POST' } })
  t.match((await get('GET', '/invocations')).json(), { error: { code: 'WRONG_METHOD' } })
  t.match((await get('GET', '/%zz')).json(), { error: { code: 'REQUEST_UNREADABLE' } })
})

t.test('custom attributes and request ids come back', async (t) => {
  const { invoke, log } = await startServer(t, modelFolder(t))
  const name = 'x-amzn-sagemaker-custom-attributes'
  const answer = await invoke(ROWS, { [name]: 'trace=a b;c' })
  const id = answer.headers['x-request-id']
  t.equal(answer.headers[name], `trace=a b;c;request-id=${id}`)
  t.equal(log().at(-1)?.requestId, id)
  t.match((await invoke('', { [name]: 'x' })).headers, { [name]: /^x;request-id=/ }, 'on errors too')
  const long = 'v'.repeat(1024 - ';request-id='.length - 36)
  t.match((await invoke(ROWS, { [name]: long })).headers[name], /request-id=.{36}$/)
  t.equal((await invoke(ROWS, { [name]: `${long}v` })).headers[name], `${long}v`, 'no room for the id')
  t.notOk(name in (await invoke(ROWS)).headers)

  t.equal((await invoke(ROWS, { 'x-request-id': 'order-1.2:3' })).headers['x-request-id'], 'order-1.2:3')
  for (const unsafe of ['a b', 'x'.repeat(129), '{"a":1}', '']) {
    t.match((await invoke(ROWS, { 'x-request-id': unsafe })).headers['x-request-id'], /^[0-9a-f-]{36}$/)
  }
})

t.test('SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT stands in for an absent Accept only', async (t) => {
  const { invoke } = await startServer(t, modelFolder(t), { defaultAccept: 'application/jsonlines; x=y' })
  const type = async (headers: Record<string, string>) =>
    (await invoke(ROWS, headers)).headers['content-type']
  t.equal(await type({}), 'application/jsonlines')
  t.equal(await type({ accept: '*/*' }), 'application/jsonlines')
  t.equal(await type({ accept: 'text/csv' }), 'text/csv')
  t.equal(await type({ accept: 'text/*' }), 'text/csv')
  const arrays = await startServer(t, modelFolder(t), { defaultAccept: 'application/x-npy' })
  const lines = await arrays.invoke('{"features":[9,4,1]}', { 'content-type': 'application/jsonlines' })
  t.match(
    lines,
    { statusCode: 200, body: '{"score":1.5}\n' },
    'where it cannot be, the request’s own type is',
  )
})

t.test('what an answer holds is for the request to say, else for SAGEMAKER_INFERENCE_OUTPUT', async (t) => {
  const { invoke } = await startServer(t, explainableFolder(t), {
    output: ['rank', 'contributions', 'score'],
  })
  const why = { contributions: { price: 1.5, cost: -0.1875, age: 0 }, base: 0.1875 }
  const rows = await invoke('11,6,\n9,4,1\n', { accept: 'application/json' })
  t.same(rows.json().predictions[1], { rank: 1, ...why, score: 1.5 })
  const csv = await invoke('9,4,1\n')
  t.equal(csv.body, '1,"{""price"":1.5,""cost"":-0.1875,""age"":0}",0.1875,1.5\n')
  t.same((await invoke(items([1]))).json().ranking[0], {
    id: 1,
    rank: 1,
    contributions: { price: -0.5, cost: -0.1875, age: 0 },
    base: 0.1875,
    score: -0.5,
  })
  const lines = await invoke(
    '{"features":[9,4,1],"options":{"output":["score"]}}\n{"features":[9,4,1],"options":{"output":["rank"]}}',
    {
      'content-type': 'application/jsonlines',
    },
  )
  t.equal(lines.body, '{"score":1.5}\n{"rank":1}\n')
  const records = await invoke(items(['a']), { accept: 'application/x-recordio-protobuf' })
  const [record] = readAnswer(records.rawPayload)
  t.same(record, { uid: 'a', rank: [1], contributions: [-0.5, -0.1875, 0], base: [0.1875], score: [-0.5] })
  t.equal((await invoke('9,4,1', { accept: 'application/x-npy' })).statusCode, 406, 'npy holds scores alone')
  const scored = { instances: [{ features: [9, 4, 1] }], options: { output: ['score'] } }
  t.equal((await invoke(scored, { accept: 'text/csv' })).body, '1.5\n')
})

t.test('what would fill the memory is refused', async (t) => {
  const width = 10_000
  const model = {
    name: 'wide',
    version: '1',
    featureNames: Array.from({ length: width }, (_, feature) => `f${feature}`),
    categorical: [],
    libsvmIndexBase: 0,
    manifest: undefined,
    scorer: {
      engine: 'none',
      width,
      score: async (_: Float32Array, count: number) => new Float32Array(count),
      close: async () => {},
    },
    explainer: () => t.fail('nothing is explained before it is known to be too much'),
  } as unknown as Model
  const count = 420
  const rows = { kind: 'rows', values: new Float32Array(count * width), count, width, ignored: [] } as const
  await t.rejects(predictFn({ ...rows, explain: true }, model), {
    code: 'TOO_MANY_CONTRIBUTIONS',
    status: 413,
    message: /10000 features were asked for on more than 419 rows/,
  })
  const endless = {
    toJSON() {
      throw new RangeError('Invalid string length')
    },
  }
  const ranking = { ranking: [{ id: endless, rank: 1, score: 1 }], model } as unknown as Ranking
  t.throws(() => outputFn(ranking, 'application/json'), { code: 'ANSWER_TOO_LARGE', status: 413 })

  const pipeline = new TurnPipeline({ model, invoke: () => t.fail(), close: async () => {} } as never, {
    turns: new Turns(),
    largeBytes: 1,
    openLarge: async () => ({
      model,
      invoke: async () => {
        throw new RankerError('PROCESS_ENDED', { how: 'was ended by SIGABRT' })
      },
      close: async () => {},
    }),
  })
  const large = { body: [Buffer.from('xx')], contentType: '', accept: '', requestId: '' }
  await t.rejects(pipeline.invoke({ ...large, customAttributes: undefined }), {
    code: 'WORK_TOO_LARGE',
    status: 413,
  })
  await pipeline.close()
})

t.test('libsvm counts from where training did, as the manifest says', async (t) => {
  const libsvm = { 'content-type': 'text/libsvm' }
  const zero = await startServer(t, modelFolder(t))
  t.equal((await zero.invoke('3 qid:1 0:9 1:4 2:1\n', libsvm)).body, '1.5\n')
  const one = await startServer(
    t,
    modelFolder(t, {}, manifestOf({ hyperparameters: { libsvm_index_base: 1 } })),
  )
  t.equal((await one.invoke('3 qid:1 1:9 2:4 3:1\n', libsvm)).body, '1.5\n')
  t.match(await one.invoke('0:9\n', libsvm), { statusCode: 422, body: /LIBSVM_TOKEN|INDEX/ })
  t.match(await one.invoke('4:9\n', libsvm), { statusCode: 422, body: /indices 1 to 3/ })
})

t.test('many scores are written as recordio like one', async (t) => {
  const scores = [1.5, -0.25, 3e38, -0]
  t.same(writeScoreRecords(scores), writeRecords(scores.map((score) => ({ label: { score: [score] } }))))
  t.equal(writeScoreRecords([]).length, 0)
})

/** The records of an answer: what their labels hold, and the uid. */
function readAnswer(bytes: Buffer): object[] {
  const records: object[] = []
  const frames = new FrameReader('the answer', (payload) => {
    const reader = new BinaryReader(payload)
    const record: Record<string, unknown> = {}
    while (reader.pos < reader.len) {
      const [field] = reader.tag()
      if (field === 3) {
        record.uid = reader.string()
        continue
      }
      const entry = new BinaryReader(reader.bytes())
      entry.tag()
      const key = entry.string()
      entry.tag()
      const [value] = [new BinaryReader(entry.bytes())]
      value.tag()
      const tensor = new BinaryReader(value.bytes())
      tensor.tag()
      const floats = new BinaryReader(tensor.bytes())
      const list: number[] = []
      while (floats.pos < floats.len) list.push(floats.float())
      record[key] = list
    }
    records.push(record)
  })
  frames.push(bytes)
  frames.end()
  return records
}
