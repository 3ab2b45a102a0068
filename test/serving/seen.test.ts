import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { inBatches } from '../../src/serving/log.ts'
import { formatMetrics } from '../../src/serving/metrics.ts'
import { modelFolder } from '../helpers/model.ts'
import { idleServer, startServer } from '../helpers/server.ts'

/** Of OTLP's JSON, what is looked at. */
interface Export {
  resourceSpans: {
    scopeSpans: {
      spans: {
        name: string
        kind: number
        traceId: string
        spanId: string
        parentSpanId?: string
        attributes: { key: string; value: unknown }[]
      }[]
    }[]
  }[]
}

t.test('a line in the log tells what a request was and how long each phase took', async (t) => {
  const { invoke, log, ping, app } = await startServer(t, modelFolder(t))
  await ping()
  await app.inject('/metrics')
  await invoke('9,4,1', { 'x-amzn-sagemaker-inference-id': 'i-1', 'x-request-id': 'r-1' })
  await invoke('9,4', { 'x-amzn-sagemaker-inference-id': 'x'.repeat(300) })
  const lines = log().slice(1)
  t.match(lines[0], {
    requestId: 'r-1',
    inferenceId: 'i-1',
    status: 200,
    model: 'lots',
    version: '7',
    rows: 1,
    ms: Number,
    queueMs: Number,
    parseMs: Number,
    scoreMs: Number,
    encodeMs: Number,
  })
  t.match(lines[1], { status: 422, code: 'WRONG_WIDTH', inferenceId: /^x{256}$/ })
  t.equal(lines.length, 2, 'neither pings nor scrapes')
})

t.test('/metrics counts requests, rows, scores and missing values', async (t) => {
  const { app, invoke, ping } = await startServer(t, modelFolder(t))
  await ping()
  await invoke('9,4,1\n11,,\n,,')
  await invoke({ items: [{ id: 1, price: 9, cost: 4, age: null }] })
  await invoke('9,4', { 'content-type': 'text/x-whatever-a-client-sends' })
  const answer = await app.inject('/metrics')
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/)
  const value = (name: string) =>
    Number(
      answer.body
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    )
  const request = (type: string, status: number, route = '/invocations') =>
    value(`ranker_requests_total{route="${route}",status="${status}",content_type="${type}"}`)
  t.equal(request('text/csv', 200), 1)
  t.equal(request('application/json', 200), 1)
  t.equal(request('other', 415), 1, 'types that are not known are no labels')
  t.equal(request('none', 200, '/ping'), 1)
  t.equal(value('ranker_rows_total'), 4)
  t.equal(value('ranker_request_rows_count'), 2)
  t.equal(value('ranker_feature_missing_total{feature="cost"}'), 2)
  t.equal(value('ranker_feature_missing_total{feature="age"}'), 3)
  t.equal(value('ranker_feature_missing_total{feature="price"}'), 1)
  t.equal(value('ranker_score_count'), 4)
  t.equal(value('ranker_score_bucket{le="1"}'), 2, 'two scores are 1.5')
  t.equal(value('ranker_score_bucket{le="2"}'), 4)
  for (const phase of ['total', 'queue', 'parse', 'score', 'encode'])
    t.equal(value(`ranker_request_duration_seconds_count{phase="${phase}"}`), 2, phase)
  t.equal(value('ranker_model_load_duration_seconds_count'), 1)
  t.equal(value('ranker_models_loaded'), 1)
  for (const gauge of ['requests_in_flight', 'queue_depth', 'body_bytes'])
    t.equal(value(`ranker_${gauge}`), 0)
  t.match(answer.body, /nodejs_eventloop_lag_p99_seconds/)
})

t.test('/metrics counts what several queries and lines hold as well', async (t) => {
  const { app, invoke } = await startServer(t, modelFolder(t))
  const item = { id: 1, price: 9, cost: 4 }
  const query = { items: [{ ...item, age: 1 }, item] }
  await invoke([query, query] as unknown as object)
  await invoke({ ...query, limit: 1 })
  await invoke({ instances: [{ features: [9, 4, null] }], options: { output: ['rank'] } })
  const lines = [{ features: [9, 4, null] }, { features: [9] }, query]
  await invoke(lines.map((line) => JSON.stringify(line)).join('\n'), {
    'content-type': 'application/jsonlines',
  })
  const { body } = await app.inject('/metrics')
  t.match(body, /^ranker_rows_total 10$/m)
  t.match(body, /^ranker_request_rows_count 4$/m)
  t.match(body, /^ranker_feature_missing_total\{feature="age"\} 6$/m)
  t.match(body, /^ranker_score_count 9$/m, 'one item is not shown')
})

t.test('the metrics of several processes are added up', async (t) => {
  const servers = [await startServer(t, modelFolder(t)), await startServer(t, modelFolder(t))] as const
  for (const { invoke } of servers) await invoke('9,4,1')
  const { text } = await formatMetrics(await Promise.all(servers.map(({ app }) => app.metrics())))
  t.match(text, /^ranker_rows_total 2$/m)
  t.match(text, /^ranker_score_bucket\{le="2"\} 2$/m)
  t.match(text, /^ranker_models_loaded 1$/m, 'each of them has the same models')
})

t.test('traces go to a collector, as children of the span that the request names', async (t) => {
  const received: unknown[] = []
  const collector = createServer(async (request, response) => {
    received.push(await json(request))
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.teardown(() => collector.close())
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  t.teardown(() => {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT
  })
  const { app, invoke, ping } = idleServer(t, modelFolder(t), { traces: true })
  await ping()
  await app.load()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  await invoke('9,4,1', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
  await invoke('9,4', { traceparent: 'nonsense' })
  await app.close()
  const spans = (received as Export[]).flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  )
  const [request, ...phases] = spans
    .filter((span) => span.traceId === traceId)
    .sort((a, b) => b.kind - a.kind)
  t.match(request, { name: 'POST /invocations', parentSpanId: '00f067aa0ba902b7', kind: 2 })
  const attribute = (key: string) => request?.attributes.find((one) => one.key === key)?.value
  t.match(attribute('ranker.rows'), { intValue: 1 })
  t.match(attribute('http.response.status_code'), { intValue: 200 })
  t.match(attribute('url.path'), { stringValue: '/invocations' })
  t.same(phases.map(({ name }) => name).sort(), ['encode', 'parse', 'queue', 'score'])
  t.ok(phases.every(({ parentSpanId }) => parentSpanId === request?.spanId))
  const refused = spans.filter((span) => span.traceId !== traceId)
  t.equal(refused.length, 1, 'a ping has no span, not even one that is refused')
  t.match(JSON.stringify(refused), /WRONG_WIDTH/)
})

t.test('lines of the log are written together, soon, and all of them', async (t) => {
  const pieces: string[] = []
  const stream = new Writable({
    write: (piece, _encoding, done) => void done(void pieces.push(String(piece))),
  })
  const { batches, flush } = inBatches(stream)
  batches.write('a\n')
  batches.write('b\n')
  t.strictSame(pieces, [], 'they wait for one another')
  while (pieces.length === 0) await setTimeout(1)
  t.strictSame(pieces, ['a\nb\n'])
  batches.write('c\n')
  flush()
  flush()
  t.strictSame(pieces, ['a\nb\n', 'c\n'], 'and end with the process')
  const long = 'x'.repeat(1 << 17)
  batches.write(long)
  t.strictSame(pieces.slice(2), [long], 'but do not pile up')
})
