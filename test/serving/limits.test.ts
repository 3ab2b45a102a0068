import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { scoreInTurns } from '../../src/scoring/in-turns.ts'
import { Intake } from '../../src/serving/intake.ts'
import type { ServerOptions } from '../../src/serving/server.ts'
import { Turns } from '../../src/serving/turns.ts'
import { modelFolder } from '../helpers/model.ts'
import { startServer } from '../helpers/server.ts'

const CSV = { 'content-type': 'text/csv' }
/** Answers when it is told to. */
const WAITING = { 'code/inference.js': 'export const predictFn = () => globalThis.released.then(() => [7])' }

async function listen(t: Test, files: Record<string, string>, options: Partial<ServerOptions>) {
  const server = await startServer(t, modelFolder(t, files), { isolateHooks: false, ...options })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    ...server,
    port,
    post: (body: string) => fetch(`${url}/invocations`, { method: 'POST', headers: CSV, body }),
  }
}

t.test('more requests at once than the limit are refused with 429 and Retry-After', async (t) => {
  const { post, ping } = await listen(t, WAITING, { queueSize: 3 })
  let release = () => {}
  Object.assign(globalThis, {
    released: new Promise<void>((resolve) => {
      release = resolve
    }),
  })
  let refusals = 0
  const asked = Array.from({ length: 8 }, async () => {
    const answer = await post('9,4,1')
    if (answer.status === 429 && ++refusals === 5) release()
    return answer
  })
  const answers = await Promise.all(asked)
  t.same(answers.map(({ status }) => status).sort(), [200, 200, 200, 429, 429, 429, 429, 429])
  const refused = answers.find(({ status }) => status === 429)!
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refused.json(), { error: { code: 'OVERLOADED', message: /^3 requests are waiting/ } })
  t.equal((await ping()).statusCode, 200)
  t.equal((await post('9,4,1')).status, 200, 'and there is room again')
})

t.test('bodies that arrive slowly take nothing from others', async (t) => {
  const { port, post } = await listen(t, {}, { queueSize: 2 })
  const slow = Array.from({ length: 50 }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(
      'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 900000\r\n\r\n9,4,',
    )
    return socket
  })
  await delay(100)
  t.equal((await post('9,4,1')).status, 200)
  for (const socket of slow) socket.destroy()
})

t.test('the bodies of all requests together have a limit', async (t) => {
  const { app, post, port } = await listen(t, {}, { bodyLimit: 60_000, bufferBytes: 100_000 })
  const hold = (bytes: number) =>
    new Promise<{ status: number; end: () => void }>((resolve) => {
      const asking = request({ host: '127.0.0.1', port, method: 'POST', path: '/invocations', headers: CSV })
      asking.on('error', () => {})
      asking.on('response', (answer) => {
        resolve({ status: answer.statusCode!, end: () => asking.destroy() })
        answer.resume()
      })
      asking.write(Buffer.alloc(bytes, '1'))
      setTimeout(() => resolve({ status: 0, end: () => asking.destroy() }), 200)
    })
  const first = await hold(50_000)
  t.equal(first.status, 0, 'it waits for more')
  t.match(await (await app.inject('/metrics')).body, /^ranker_body_bytes 50000$/m)
  const second = await hold(55_000)
  t.equal(second.status, 429)
  first.end()
  second.end()
  await delay(50)
  t.match((await app.inject('/metrics')).body, /^ranker_body_bytes 0$/m, 'what is gone no longer counts')
  t.equal((await post('9,4,1\n'.repeat(9000))).status, 200)
})

t.test('a ping on a new connection does not wait for the requests before it', async (t) => {
  const { post, port } = await listen(t, {}, {})
  const body = '9,4,1\n'.repeat(20_000)
  let answered = 0
  const load = Array.from({ length: 80 }, async () => {
    await (await post(body)).arrayBuffer()
    answered++
  })
  // Until the first is answered, all of them are queued.
  while (answered === 0) await delay(1)
  const before = answered
  const status = await new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path: '/ping', agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asking.on('error', reject).end()
  })
  t.equal(status, 200)
  t.ok(answered - before < 40, `${answered - before} of 80 requests were answered before it`)
  await Promise.all(load)
})

t.test('tasks run one a turn, first in first out', async (t) => {
  const turns = new Turns()
  const seen: (number | string)[] = []
  let turn = 0
  const count = () => {
    turn++
    if (seen.length < 4) setImmediate(count)
  }
  setImmediate(count)
  const tasks = ['a', 'b', 'c', 'd'].map((name) =>
    turns.run(async () => {
      seen.push(name, turn)
      if (name === 'b') throw new Error('b')
      return name
    }),
  )
  t.equal(turns.waiting, 3)
  const results = await Promise.allSettled(tasks)
  t.same(
    results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed')),
    ['a', 'failed', 'c', 'd'],
  )
  t.same(
    seen.filter((_, index) => index % 2 === 0),
    ['a', 'b', 'c', 'd'],
  )
  t.equal(turns.waiting, 0)
})

t.test('connections that are on their way go before the next task, for a while', async (t) => {
  const turns = new Turns()
  const order: string[] = []
  const task = (name: string) => turns.run(async () => void order.push(name))
  const tasks = [task('first'), task('second'), task('third')]
  turns.expect(1)
  setImmediate(() =>
    setImmediate(() =>
      setImmediate(() => {
        order.push('connection')
        turns.expect(0)
      }),
    ),
  )
  await Promise.all(tasks)
  t.same(order, ['first', 'connection', 'second', 'third'])
  turns.expect(1)
  await Promise.all([task('fourth'), task('fifth')])
  t.equal(order.at(-1), 'fifth', 'one that does not come holds nobody up')
})

t.test('what one turn reads of many large bodies is bounded', async (t) => {
  const intake = new Intake()
  let turn = 0
  const read = new Map<number, number>()
  const sources = Array.from({ length: 20 }, () => new PassThrough({ highWaterMark: 1 << 20 }))
  const ended = sources.map((source) => once(source, 'end'))
  for (const source of sources) {
    source.on('data', (piece: Buffer) => {
      if (!read.has(turn)) setImmediate(() => turn++)
      read.set(turn, (read.get(turn) ?? 0) + piece.length)
      intake.take(piece.length, source)
    })
    for (let piece = 0; piece < 10; piece++) source.write(Buffer.alloc(1 << 16))
    source.end()
  }
  await Promise.all(ended)
  const most = Math.max(...read.values())
  t.ok(most <= (1 << 18) + 21 * (1 << 16), `${most} bytes in a turn`)
  t.equal(
    [...read.values()].reduce((sum, bytes) => sum + bytes, 0),
    20 * 10 * (1 << 16),
  )
})

t.test('many rows are scored in batches between which the loop turns, with the same scores', async (t) => {
  const sizes: number[] = []
  const width = 2
  const scorer = scoreInTurns({
    engine: 'slow',
    width,
    async score(rows, count) {
      sizes.push(count)
      const end = performance.now() + count / 10
      while (performance.now() < end);
      return Float32Array.from({ length: count }, (_, row) => rows[row * width]! + rows[row * width + 1]!)
    },
    close: async () => {},
  })
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const rows = Float32Array.from({ length: 2000 }, (_, cell) => cell)
  const scores = await scorer.score(rows, 1000)
  clearInterval(timer)
  t.same(
    scores,
    Float32Array.from({ length: 1000 }, (_, row) => 4 * row + 1),
  )
  t.equal(
    sizes.reduce((sum, size) => sum + size),
    1000,
  )
  t.ok(sizes.at(-2)! < 256, 'a slow model gets smaller batches')
  t.ok(turns >= 3, 'the loop turned meanwhile')
})

t.test('a long list of lines comes in chunks', async (t) => {
  const { app } = await listen(t, {}, {})
  const answer = await app.inject({
    method: 'POST',
    url: '/invocations',
    headers: { ...CSV, accept: 'application/jsonlines' },
    payload: '9,4,1\n'.repeat(20_000),
  })
  t.equal(answer.headers['content-length'], undefined)
  t.equal(answer.headers['transfer-encoding'], 'chunked')
  t.equal(answer.body, '{"score":1.5}\n'.repeat(20_000))
})

t.test('what Batch Transform asks and gets', async (t) => {
  const on = { on: true, strategy: 'SINGLE_RECORD', maxConcurrentTransforms: 4, maxPayloadInMb: 6 } as const
  const { app, invoke } = await listen(t, {}, { batch: on })
  t.same((await app.inject('/execution-parameters')).json(), {
    MaxConcurrentTransforms: 4,
    BatchStrategy: 'SINGLE_RECORD',
    MaxPayloadInMB: 6,
  })
  const query = { items: [{ id: 'a', price: 9, cost: 4, age: 1 }] }
  t.match((await invoke(query)).body, /^\{.*\}\n$/, 'answers are put one behind the other in a file')
  const other = await startServer(t, modelFolder(t))
  t.match((await other.invoke(query)).body, /\}$/)
})
