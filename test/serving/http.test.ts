import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ServerOptions } from '../../src/serving/server.ts'
import { modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

/** Answers "slow" a while after it was asked, and tells how many requests it works on. */
const SLOW_HOOK = `export const predictFn = (data, model, ctx) =>
  new Promise((resolve) => setTimeout(resolve, 300, [data.values[0]]))`

async function listen(t: Test, files: Record<string, string> = {}, options: Partial<ServerOptions> = {}) {
  const server = await startServer(t, modelFolder(t, files), { isolateHooks: false, ...options })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  return { ...server, port, url: `http://127.0.0.1:${port}` }
}

/** A connection that collects what it receives. */
function open(port: number): { socket: Socket; received: () => string; closed: Promise<unknown> } {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  // A reset is one way to be closed.
  socket.on('error', () => {})
  return { socket, received: () => text, closed: once(socket, 'close') }
}

async function exchange(port: number, text: string): Promise<string> {
  const { socket, received, closed } = open(port)
  socket.write(text)
  await closed
  return received()
}

const post = (body: string, headers = '') =>
  `POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`

t.test('what is no HTTP is answered in JSON and closed', async (t) => {
  const { port, ping } = await listen(t)
  const cases: [title: string, sent: string, status: number][] = [
    ['no request line', 'HELLO\r\n\r\n', 400],
    ['a header without a colon', 'GET /ping HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n', 400],
    ['headers too long', `GET /ping HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['no Host', 'GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an Expect', 'GET /ping HTTP/1.1\r\nHost: x\r\nExpect: y\r\nConnection: close\r\n\r\n', 417],
    ['two lengths', post('1,2,3', 'Transfer-Encoding: chunked\r\n'), 400],
    [
      'a chunk without a size',
      `${post('', 'X: y\r\n').replace(/Content-Length.*\r\n/, 'Transfer-Encoding: chunked\r\n')}zz\r\n`,
      400,
    ],
  ]
  for (const [title, sent, status] of cases) {
    const answer = await exchange(port, sent)
    t.match(
      answer,
      new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*application/json[\\s\\S]*REQUEST_UNREADABLE`, 'i'),
      title,
    )
  }
  t.match(await exchange(port, 'GET /ping HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /, 'HTTP/1.0 needs no Host')
  t.match(
    await exchange(port, post('9,4,1', 'Expect: 100-continue\r\nConnection: close\r\n')),
    /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /,
  )
  // The answer says all there is to say: the body would be sent for nothing, and might be taken for a request.
  const waiting = (line: string, header: string) =>
    `${line} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nExpect: 100-continue\r\n${header}\r\n\r\n`
  const refused = await Promise.all([
    exchange(port, waiting('POST /invocations', 'Content-Length: 99999999')),
    exchange(port, waiting('POST /nowhere', 'Content-Length: 5')),
    exchange(port, waiting('PUT /invocations', 'Content-Length: 5')),
    exchange(port, waiting('POST /invocations', 'Content-Length: 5\r\nContent-Encoding: gzip')),
  ])
  for (const [at, status] of [413, 404, 405, 415].entries())
    t.match(refused[at], new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*connection: close`, 'i'))
  t.equal((await ping()).statusCode, 200)
})

t.test('requests before what is no HTTP have their answers first', async (t) => {
  const { port } = await listen(t, { 'code/inference.js': SLOW_HOOK })
  const received = await exchange(port, `${post('9,4,1')}${post('8,4,1')}HELLO\r\n\r\n`)
  const answers = received.split(/(?=HTTP\/1\.1 )/)
  t.strictSame(
    answers.map((answer) => [answer.slice(9, 12), answer.split('\r\n\r\n')[1]?.slice(0, 8)]),
    [
      ['200', '9\n'],
      ['200', '8\n'],
      ['400', '{"error"'],
    ],
  )
})

t.test('a body is counted while it arrives, chunked or not', async (t) => {
  const { url, port } = await listen(t, {}, { bodyLimit: 100_000 })
  const sendMegabytes = async (headers: Record<string, string>) => {
    const type = { 'content-type': 'text/csv' }
    const outgoing = request(`${url}/invocations`, { method: 'POST', headers: { ...type, ...headers } })
    // The server closes before it has everything.
    outgoing.on('error', () => {})
    const chunks = Array.from({ length: 100 }, () => Buffer.alloc(50_000, '1'))
    Readable.from(chunks).pipe(outgoing)
    const [answer] = await once(outgoing, 'response')
    outgoing.destroy()
    return answer.statusCode
  }
  t.equal(await sendMegabytes({ 'transfer-encoding': 'chunked' }), 413)
  t.equal(await sendMegabytes({ 'content-length': '5000000' }), 413)
  t.match(await exchange(port, post('1'.repeat(100_001))), /^HTTP\/1\.1 413 .*[\s\S]*BODY_TOO_LARGE/)
  const chunked = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: new ReadableStream({
      start(controller) {
        for (const part of ['9,', '4,1', '\n']) controller.enqueue(Buffer.from(part))
        controller.close()
      },
    }),
    duplex: 'half',
  } as RequestInit)
  t.equal(await chunked.text(), '1.5\n')
})

t.test('a client that does not stop sending can read why it was refused, and is cut off soon', async (t) => {
  const { port } = await listen(t, {}, { bodyLimit: 100_000 })
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, '1'), Buffer.from('\r\n')])
  const refused = async (path: string, headers: string) => {
    const { socket, received, closed } = open(port)
    const started = performance.now()
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n${headers}\r\n\r\n`)
    const sending = setInterval(() => socket.write(chunk), 5)
    await closed
    clearInterval(sending)
    t.ok(performance.now() - started < 10_000, `${headers} is cut off`)
    return received()
  }
  const answers = await Promise.all([
    refused('/invocations', 'Content-Length: 9000000000'),
    refused('/invocations', 'Transfer-Encoding: chunked'),
    refused('/invocations', 'Content-Encoding: gzip\r\nContent-Length: 9000000000'),
    refused('/invocations', 'Content-Encoding: gzip\r\nTransfer-Encoding: chunked'),
    refused('/nowhere', 'Transfer-Encoding: chunked'),
    refused('/invocations', 'Transfer-Encoding: gzip, chunked'),
  ])
  for (const [index, status] of [413, 413, 415, 415, 404, 415].entries()) {
    const wanted = new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*connection: close[\\s\\S]*\\}\\}$`)
    t.match(answers[index], wanted)
  }
})

t.test('a connection without a byte is given up, but not while its request is worked on', async (t) => {
  const { app, port, url } = await listen(t, { 'code/inference.js': SLOW_HOOK })
  app.server.timeout = 150
  const silent = open(port)
  const answer = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', connection: 'close' },
    body: '9,4,1',
  })
  t.equal(await answer.text(), '9\n', 'though it took 300 ms')
  await silent.closed
  t.equal(silent.received(), '')
})

t.test('a client that is slower than its time is answered 408', async (t) => {
  const { app, port } = await listen(t)
  // Looked for every 2 s.
  app.server.headersTimeout = 200
  app.server.requestTimeout = 400
  const [head, body] = [open(port), open(port)]
  head.socket.write('POST /invocations HTTP/1.1\r\nHost: x\r\n')
  body.socket.write(post('9,4,1').slice(0, -2))
  await Promise.all([head.closed, body.closed])
  for (const { received } of [head, body])
    t.match(received(), /^HTTP\/1\.1 408 [\s\S]*REQUEST_UNREADABLE.*took too long/)
})

t.test('connections are kept for longer than the platform keeps its own', async (t) => {
  const { app } = await listen(t)
  t.ok(app.server.keepAliveTimeout > 65_000)
  t.ok(app.server.headersTimeout > app.server.keepAliveTimeout)
})

t.test('a client that leaves takes nothing with it', async (t) => {
  const { port, url, app } = await listen(t, { 'code/inference.js': SLOW_HOOK })
  const half = open(port)
  half.socket.write(post('9,4,1').slice(0, -2))
  const early = open(port)
  early.socket.write(post('9,4,1'))
  await delay(50)
  half.socket.destroy()
  early.socket.destroy()
  const answer = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: '9,4,1',
  })
  t.equal(await answer.text(), '9\n')
  await app.drain()
})

t.test('a drain finishes what is in flight and refuses the rest', async (t) => {
  const { port, url, app } = await listen(t, { 'code/inference.js': SLOW_HOOK })
  const silent = open(port)
  const idle = open(port)
  idle.socket.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
  const late = open(port)
  const working = open(port)
  working.socket.write(post('9,4,1'))
  const arriving = open(port)
  arriving.socket.write(post('8,4,1').slice(0, -3))
  const stalled = open(port)
  stalled.socket.write(post('7,4,1').slice(0, -3))
  await delay(100)

  let isGivenUp = false
  stalled.closed.then(() => {
    isGivenUp = true
  })
  const drained = app.drain({ bodyMs: 600 })
  late.socket.write(post('6,4,1'))
  await Promise.all([silent.closed, idle.closed])
  t.notOk(isGivenUp, 'idle connections close before a body that stalls is given up')
  t.match(late.received(), /^HTTP\/1\.1 503 [\s\S]*DRAINING/, 'not before what was on its way is answered')
  for (const path of ['/ping', '/invocations']) {
    const refused = await fetch(url + path, path === '/ping' ? {} : { method: 'POST', body: '1' })
    t.match(refused, { status: 503 })
    t.equal(refused.headers.get('connection'), 'close')
    t.match(await refused.json(), { error: { code: 'DRAINING' } })
  }
  arriving.socket.write('4,1')
  await working.closed
  t.match(working.received(), /^HTTP\/1\.1 200 OK[\s\S]*Connection: close[\s\S]*\r\n9\n$/i)
  await arriving.closed
  t.match(arriving.received(), /^HTTP\/1\.1 200 OK[\s\S]*\r\n8\n$/, 'a body that arrives in time is answered')
  await drained
  await stalled.closed
  t.notMatch(stalled.received(), /200/)
})

t.test('a drain of nothing ends at once, and one of something endless at last', async (t) => {
  const { app } = await listen(t)
  await app.drain()
  const endless = await listen(t, {
    'code/inference.js': 'export const predictFn = () => new Promise(() => {})',
  })
  const working = open(endless.port)
  working.socket.write(post('9,4,1'))
  const isWorking = async () =>
    /^ranker_requests_in_flight 1$/m.test((await endless.app.inject('/metrics')).body)
  while (!(await isWorking())) await delay(10)
  await endless.app.drain({ bodyMs: 100, totalMs: 200 })
  await working.closed
  t.equal(working.received(), '')
})
