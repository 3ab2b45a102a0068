import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import t, { type Test } from 'tap'
import { CircuitBreaker } from '../../src/client/circuit-breaker.ts'
import { Allowance, hedged, Latencies } from '../../src/client/hedge.ts'
import {
  type RankableItem,
  RankerClient,
  type RankerClientOptions,
  sageMakerTransport,
} from '../../src/client/index.ts'
import { RankerError } from '../../src/errors.ts'
import { explainableFolder } from '../helpers/model.ts'
import { idleServer } from '../helpers/server.ts'

/** A ranker on a port of its own. @returns its address */
async function startRanker(t: Test): Promise<string> {
  const { app } = idleServer(t, explainableFolder(t))
  await app.load()
  return app.listen({ port: 0, host: '127.0.0.1' })
}

/** What becomes of a request on its way. */
type Fate = (request: IncomingMessage, answer: ServerResponse, pass: () => void) => void

const FATES = {
  pass: (_request, _answer, pass) => pass(),
  slow: (_request, _answer, pass) => void delay(60).then(pass),
  late: (_request, _answer, pass) => void delay(2000, undefined, { ref: false }).then(pass),
  silent: () => {},
  broken: (_request, answer) => void answer.writeHead(503).end('<html>'),
  busy: (_request, answer) => void answer.writeHead(429, { 'retry-after': '1' }).end('{}'),
  cut: (request) => void request.socket.destroy(),
  half: (request, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
    answer.write('{"ranking":[')
    setTimeout(() => request.socket.destroy(), 5)
  },
  stalled: (_request, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json' })
    answer.write('{"ranking":[')
  },
  babble: (_request, answer) => void answer.end('{"ranking":[{"id":"of another request","rank":1}]}'),
  empty: (_request, answer) => void answer.end(),
} satisfies Record<string, Fate>
type FateName = keyof typeof FATES

/** A way to a ranker on which requests meet fates in turn, the last one for all that follow. */
async function road(t: Test, to: string, ...fates: FateName[]) {
  let count = 0
  const server = createServer((request, answer) => {
    const fate = FATES[fates[Math.min(count++, fates.length - 1)]!]
    fate(request, answer, () => {
      // Whoever asked has hung up by now.
      if (request.destroyed) return
      const onward = httpRequest(
        to + request.url,
        { method: 'POST', headers: request.headers },
        (response) => {
          answer.writeHead(response.statusCode!, response.headers)
          response.pipe(answer)
        },
      )
      onward.on('error', () => answer.destroy())
      request.pipe(onward)
    })
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/invocations`
  return { url, count: () => count }
}

const items = [
  { id: 'dear', price: 11, cost: 6, age: 1 },
  { id: 7, price: 9, cost: 4, age: Number.NaN },
  { id: 'kept', price: 9, cost: 6, age: null },
]
const idsOf = ({ ranking }: { ranking: readonly { item: { id: unknown } }[] }) =>
  ranking.map(({ item }) => item.id)

t.test('a ranking comes back as the caller’s own items', async (t) => {
  const url = `${await startRanker(t)}/invocations`
  const client = new RankerClient({ endpoint: url, timeoutMs: 5000 })
  const answer = await client.rank({ text: 'x' }, items, { limit: 2 })
  t.match(answer, { degraded: false, model: { name: 'lots', version: '7' } })
  t.equal(answer.ranking.length, 2)
  t.equal(answer.ranking[0]!.item, items[2])
  t.match(answer.ranking[1], { rank: 2, score: 1.5, item: { id: 7 } })
  t.equal(answer.reason, undefined)

  const told = await client.rank({}, items, {
    explain: true,
    context: { rerank: { pins: [{ id: 'dear', rank: 1 }] } },
  })
  t.match(told.ranking[0], {
    item: { id: 'dear' },
    details: { moves: [{ rule: 'pins' }], contributions: {} },
  })
  const twice = await client.rank({}, [items[0]!, { ...items[0]!, cost: 1 }])
  t.same(
    twice.ranking.map(({ item }) => item.cost),
    [6, 1],
    'an id that stands twice',
  )
  t.same((await client.rank({}, [])).ranking, [])
})

t.test('several queries go together, and a bad one does not spoil the rest', async (t) => {
  const { url, count } = await road(t, await startRanker(t), 'pass')
  const seen: string[] = []
  const client = new RankerClient({
    endpoint: url,
    timeoutMs: 5000,
    batchSize: 2,
    onDegraded: ({ code }) => void seen.push(code),
  })
  const answers = await client.rankAll<RankableItem>([
    { query: {}, items, limit: 1 },
    { query: {}, items: [{ id: 1 }] },
    { query: {}, items: [...items].reverse() },
  ])
  t.equal(count(), 2, 'two in one request, and one')
  t.same(
    answers.map(({ degraded }) => degraded),
    [false, true, false],
  )
  t.same(answers.map(idsOf), [['kept'], [1], ['kept', 7, 'dear']])
  t.match(answers[1]!.reason, { code: 'ENDPOINT_REFUSED', message: /the column.*nowhere in the request/ })
  t.same(seen, ['ENDPOINT_REFUSED'])
  t.same(await client.rankAll([]), [])
})

t.test('whatever happens, an ordered list comes back within the budget', async (t) => {
  const ranker = await startRanker(t)
  const budget = 200
  // Of this process and the ranker, which share a thread and a busy machine.
  const slack = 150
  for (const fate of Object.keys(FATES) as FateName[]) {
    const { url } = await road(t, ranker, fate)
    const client = new RankerClient({
      endpoint: url,
      timeoutMs: budget,
      onDegraded: () => {
        throw new Error('log')
      },
    })
    for (let request = 0; request < 2; request++) {
      const started = performance.now()
      const answer = await client.rank({}, items, { limit: 2 })
      const took = performance.now() - started
      t.ok(took < budget + slack, `${fate}: ${took.toFixed(0)} ms`)
      const isWell = fate === 'pass' || fate === 'slow'
      t.equal(answer.degraded, !isWell, fate)
      t.same(idsOf(answer), isWell ? ['kept', 7] : ['dear', 7], fate)
      if (!isWell) t.match(answer.reason, { code: /^ENDPOINT_/, message: /./ })
    }
  }
  const nobody = new RankerClient({ endpoint: 'http://127.0.0.1:9/invocations', timeoutMs: budget })
  t.match(await nobody.rank({}, items), {
    degraded: true,
    reason: { code: 'ENDPOINT_UNREACHABLE', message: /ECONNREFUSED|bad port/ },
  })
})

t.test('a second attempt saves a request whose first one was lost', async (t) => {
  const ranker = await startRanker(t)
  for (const fate of ['cut', 'half', 'broken', 'busy', 'silent', 'stalled', 'babble'] satisfies FateName[]) {
    const { url, count } = await road(t, ranker, fate, 'pass')
    const client = new RankerClient({ endpoint: url, timeoutMs: 3000, hedgeAfterMs: 50 })
    const answer = await client.rank({}, items)
    t.equal(answer.degraded, false, fate)
    t.equal(count(), 2)
    t.ok(answer.milliseconds < 2000, `${fate}: ${answer.milliseconds} ms`)
  }
  const { url, count } = await road(t, ranker, 'pass')
  const client = new RankerClient({ endpoint: url, timeoutMs: 3000 })
  t.match(await client.rank({}, [{ id: 1 }]), { degraded: true, reason: { code: 'ENDPOINT_REFUSED' } })
  t.equal(count(), 1, 'what is refused is not sent again')
})

t.test('a ranker that fails is left alone, and tried again after a rest', async (t) => {
  const { url, count } = await road(t, await startRanker(t), ...Array<FateName>(10).fill('broken'), 'pass')
  const client = new RankerClient({ endpoint: url, timeoutMs: 1000, breaker: { least: 5, restMs: 300 } })
  for (let request = 0; request < 5; request++) t.ok((await client.rank({}, items)).degraded)
  t.equal(count(), 10, 'each twice')
  const resting = await client.rank({}, items)
  t.match(resting, { degraded: true, reason: { code: 'ENDPOINT_RESTING' } })
  t.equal(count(), 10)
  await delay(320)
  t.equal((await client.rank({}, items)).degraded, false)
  t.equal(count(), 11)
})

t.test('the circuit breaker', async (t) => {
  let now = 0
  const breaker = new CircuitBreaker({ least: 4, window: 8, restMs: 100, longestRestMs: 300 }, () => now)
  const call = (ok: boolean) => {
    t.equal(breaker.rest(), 0)
    if (ok) breaker.succeeded()
    else breaker.failed()
  }
  for (const ok of [true, true, false, true, false, true]) call(ok)
  t.equal(breaker.rest(), 0, 'a third of failures is borne')
  call(false)
  call(false)
  t.equal(breaker.rest(), 100)
  breaker.failed()
  t.equal(breaker.rest(), 100, 'one that was on its way changes nothing')
  for (const rest of [200, 300, 300]) {
    now += 300
    t.equal(breaker.rest(), 0, 'one tries')
    t.equal(breaker.rest(), 1, 'one only')
    breaker.failed()
    t.equal(breaker.rest(), rest)
  }
  now += 300
  call(true)
  for (const ok of [false, false, true]) call(ok)
  t.equal(breaker.rest(), 0, 'old failures are forgotten')
})

t.test('attempts', async (t) => {
  const fail = (status: number) => new RankerError('ENDPOINT_REFUSED', { status, reason: 'x' })
  const options = { budgetMs: 200, hedgeAfterMs: 20, mayRepeat: () => true }
  let attempts = 0
  const signals: AbortSignal[] = []
  const first = await hedged(async (signal) => {
    signals.push(signal)
    await delay(++attempts === 1 ? 100 : 1)
    return attempts
  }, options)
  t.equal(first, 2)
  t.ok(signals[0]!.aborted, 'the slow one is told that nobody waits')
  attempts = 0
  await t.rejects(
    hedged(() => {
      attempts++
      return Promise.reject(fail(503))
    }, options),
    { code: 'ENDPOINT_REFUSED' },
  )
  t.equal(attempts, 2)
  attempts = 0
  await t.rejects(
    hedged(() => {
      attempts++
      return Promise.reject(fail(422))
    }, options),
  )
  t.equal(attempts, 1)
  attempts = 0
  await t.rejects(
    hedged(
      () => {
        attempts++
        return new Promise(() => {})
      },
      { ...options, mayRepeat: () => false },
    ),
    {
      code: 'ENDPOINT_LATE',
      message: 'no answer within 200 ms',
    },
  )
  t.equal(attempts, 1)

  const allowance = new Allowance()
  const taken = Array.from({ length: 12 }, () => allowance.take())
  t.equal(taken.filter(Boolean).length, 10)
  for (let request = 0; request < 11; request++) allowance.earn()
  t.ok(allowance.take())
  t.notOk(allowance.take())

  const latencies = new Latencies()
  for (let ms = 1; ms < 20; ms++) latencies.add(ms)
  t.equal(latencies.usual(), undefined)
  for (let ms = 20; ms <= 200; ms++) latencies.add(ms)
  t.equal(latencies.usual(), 196, 'of the last 100')
})

t.test('through AWS’s SDK', async (t) => {
  const endpoint = await startRanker(t)
  const config = { endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }
  const transport = await sageMakerTransport({ endpointName: 'lots', config })
  const client = new RankerClient({ endpoint: transport, timeoutMs: 5000 })
  t.teardown(() => client.close())
  t.same(idsOf(await client.rank({}, items)), ['kept', 7, 'dear'])
  t.match(await client.rank({}, [{ id: 1 }]), {
    degraded: true,
    reason: {
      code: 'ENDPOINT_REFUSED',
      message: /the ranker answered 422: the columns "price", "cost", "age"/,
    },
  })
  t.match(await client.rankAll([{ query: {}, items, limit: 1 }]), [
    { degraded: false, ranking: [{ rank: 1 }] },
  ])
  const nobody = await sageMakerTransport({
    endpointName: 'lots',
    config: { ...config, endpoint: 'http://127.0.0.1:9' },
  })
  const alone = new RankerClient({ endpoint: nobody, timeoutMs: 500 })
  t.match(await alone.rank({}, items), { degraded: true, reason: { code: 'ENDPOINT_UNREACHABLE' } })
  t.ok(SageMakerRuntimeClient, 'the package that is loaded on demand')
})

t.test('arguments that are none are refused by name', async (t) => {
  const options: [RankerClientOptions, RegExp][] = [
    [{ endpoint: 'localhost' }, /url is "localhost": wanted an http or https address/],
    [{ endpoint: 'ftp://x/' }, /url is/],
    [{ endpoint: 'http://x/', timeoutMs: 0 }, /timeoutMs is "0": wanted milliseconds above 0/],
    [{ endpoint: 'http://x/', timeoutMs: Number.NaN }, /timeoutMs/],
    [{ endpoint: 'http://x/', batchSize: 0 }, /batchSize is "0": wanted an integer from 1/],
    [{ endpoint: 'http://x/', batchSize: Number.NaN }, /batchSize is "NaN"/],
    [{ endpoint: undefined as never }, /endpoint is "undefined": wanted an address, or an object with send/],
    [{ endpoint: 'http://x/', breaker: { window: 0 } }, /breaker\.window is "0": wanted a number from 1/],
    [
      { endpoint: 'http://x/', breaker: { failures: Number.NaN } },
      /breaker\.failures is "NaN": wanted a share/,
    ],
    [
      { endpoint: 'http://x/', hedgeAfterMs: Number.NaN },
      /hedgeAfterMs is "NaN": wanted milliseconds from 0/,
    ],
  ]
  for (const [one, message] of options)
    t.throws(() => new RankerClient(one), { code: 'BAD_SETTING', message })
  const client = new RankerClient({ endpoint: 'http://127.0.0.1:9/' })
  await t.rejects(client.rank({}, 7 as never), { message: /items is "7": wanted an array/ })
  await t.rejects(client.rank({}, items, { limit: 0 }), { message: /limit is "0": wanted an integer from 1/ })
  await t.rejects(client.rank({ big: 1n }, items), {
    message: /a request is ".*BigInt.*": wanted what JSON can hold/,
  })
})

t.test('loading the client loads neither a server nor a package', async (t) => {
  const file = new URL('../../src/client/index.ts', import.meta.url).href
  const script = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({ resolve(name, context, next) { const found = next(name, context); seen.push(found.url); return found } })
    await import(${JSON.stringify(file)})
    console.log(JSON.stringify(seen.filter((url) => !url.startsWith('node:')).map((url) => url.split('/src/')[1] ?? url)))`
  const seen: string[] = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
  )
  t.ok(seen.includes('client/client.ts'))
  t.same(
    seen.filter((name) => !name.startsWith('client/') && name !== 'errors.ts'),
    [],
  )
})

t.test('the example of docs/client.md runs as it stands', async (t) => {
  const page = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8')
  const [, code] = /```ts\n([\s\S]*?)```/.exec(page)!
  const client = new URL('../../src/client/index.ts', import.meta.url).href
  const address = await startRanker(t)
  const runs = (source: string) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return text(child.stdout)
  }
  const source = code!
    .replace('two-stage-ranking/client', client)
    .replace('http://localhost:8080', address)
    .replace('timeoutMs: 50', 'timeoutMs: 5000')
  t.equal(await runs(source), '1 kept 1.75\n2 dear -0.25\n')
  t.match(
    await runs(source.replace(address, 'http://127.0.0.1:9')),
    /^1 dear undefined\n2 kept undefined\nin the order of retrieval: /,
  )
})
