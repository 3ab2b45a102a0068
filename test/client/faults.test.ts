import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type RankableItem, type RankedList, RankerClient } from '../../src/client/index.ts'

/** What a ranker that is well says of a request: its items from the last to the first. */
interface Request {
  readonly items: readonly { readonly id: unknown }[]
  readonly limit?: number
}
interface Answer {
  ranking: unknown[]
  [key: string]: unknown
}

function rightAnswer({ items, limit }: Request): Answer {
  const ids = items.map(({ id }) => id).reverse()
  const ranking = ids.slice(0, limit).map((id, index) => ({ id, rank: index + 1, score: -index }))
  return { ranking, model: { name: 'm', version: '1' } }
}

/** Answers that are none, as JSON. */
const SPOILT: Readonly<Record<string, (answer: Answer) => unknown>> = {
  null: () => null,
  list: ({ ranking }) => ranking,
  'no ranking': ({ model }) => ({ model }),
  empty: (answer) => ({ ...answer, ranking: [] }),
  'cut short': ({ ranking, ...rest }) => ({ ...rest, ranking: ranking.slice(1) }),
  'too long': ({ ranking, ...rest }) => ({ ...rest, ranking: [...ranking, ...ranking] }),
  'one twice': ({ ranking, ...rest }) => ({ ...rest, ranking: ranking.map(() => ranking[0]) }),
  foreign: ({ ranking, ...rest }) => ({ ...rest, ranking: ranking.map((_, id) => ({ id: `x${id}` })) }),
  'ids as text': ({ ranking, ...rest }) => ({
    ...rest,
    ranking: ranking.map((one) => ({ id: `${(one as { id: unknown }).id} ` })),
  }),
  nothing: ({ ranking, ...rest }) => ({ ...rest, ranking: ranking.map(() => null) }),
  'dropped in vain': (answer) => ({ ...answer, dropped: 1 }),
  'dropped as text': ({ ranking, ...rest }) => ({ ...rest, ranking: ranking.slice(1), dropped: '1' }),
  error: () => ({ error: 7 }),
}

type Fault =
  | { readonly kind: 'well' | 'garbage' | 'silent' | 'deep' | 'endless' | 'drip' | 'odd model' | 'left out' }
  | { readonly kind: 'cut'; readonly share: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'spoilt'; readonly how: string }

interface Fate {
  readonly afterMs: number
  readonly fault: Fault
}

const head = (status: number, length: number) =>
  `HTTP/1.1 ${status} x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`

/** Meets one request with a fault, on its bare connection. */
async function meet(socket: Socket, body: string, { afterMs, fault }: Fate): Promise<void> {
  await delay(afterMs)
  if (socket.destroyed) return
  const requests = body.split('\n').map((line) => JSON.parse(line) as Request)
  const write = (spoil: (answer: Answer) => unknown) =>
    requests.map((request) => JSON.stringify(spoil(rightAnswer(request)))).join('\n')
  const send = (text: string, status = 200) => socket.write(head(status, Buffer.byteLength(text)) + text)
  const well = write((answer) => answer)
  switch (fault.kind) {
    case 'well':
      return void send(well)
    case 'odd model':
      return void send(write((answer) => ({ ...answer, model: 'm' })))
    case 'left out':
      return void send(write(({ ranking, ...rest }) => ({ ...rest, ranking: ranking.slice(1), dropped: 1 })))
    case 'garbage':
      return void socket.end('\u0000\u00ff HTTP says nothing\r\n\r\n')
    case 'silent':
      return
    case 'deep':
      return void send('['.repeat(100_000))
    case 'endless':
      socket.write('HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n{"ranking":[')
      while (!socket.destroyed && socket.write('{"id":0},'.repeat(1000))) await delay(1)
      return
    case 'drip':
      socket.write(head(200, well.length))
      for (const letter of well) {
        if (socket.destroyed) return
        socket.write(letter)
        await delay(5, undefined, { ref: false })
      }
      return
    case 'cut': {
      const whole = head(200, Buffer.byteLength(well)) + well
      return void socket.end(whole.slice(0, Math.floor(fault.share * whole.length)))
    }
    case 'reset':
      return void socket.resetAndDestroy()
    case 'status':
      return void send(fault.status === 204 ? '' : '<html>', fault.status)
    case 'spoilt':
      return void send(write(SPOILT[fault.how]!))
  }
}

/** A server of bare connections, whose requests meet fates in turn. */
async function startHostile(t: Test) {
  const road = { url: '', fates: [] as Fate[], next: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let seen = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      seen += chunk
      const end = seen.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(seen)?.[1])
      if (end < 0 || seen.length < end + 4 + length) return
      const body = seen.slice(end + 4, end + 4 + length)
      seen = ''
      void meet(socket, body, road.fates[road.next++ % road.fates.length]!)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  road.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/invocations`
  return road
}

/** How late timers of this process were at most since it was last asked: a busy machine's part of what took long. */
function lateness(t: Test): () => number {
  let most = 0
  let expected = performance.now() + 5
  const timer = setInterval(() => {
    const now = performance.now()
    most = Math.max(most, now - expected)
    expected = now + 5
  }, 5)
  t.teardown(() => clearInterval(timer))
  return () => {
    const seen = most
    most = 0
    return seen
  }
}

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'well' } as const) },
  fc.record({
    kind: fc.constantFrom('garbage', 'silent', 'deep', 'endless', 'drip', 'odd model', 'reset'),
  }) as fc.Arbitrary<Fault>,
  fc.record({ kind: fc.constant('cut'), share: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
  fc.record({
    kind: fc.constant('status'),
    status: fc.constantFrom(204, 301, 400, 404, 408, 413, 422, 429, 500, 503),
  }),
  fc.record({ kind: fc.constant('spoilt'), how: fc.constantFrom(...Object.keys(SPOILT)) }),
)
const anyFate = fc.record({ afterMs: fc.constantFrom(0, 0, 5, 30, 80), fault: anyFault })
/** Two items at least, so that an answer can be cut short. */
const anyRequest = fc.record({
  items: fc.array(
    fc.record({ id: fc.oneof(fc.integer(), fc.string(), fc.constantFrom('same', '1', 1, '__proto__')) }),
    { minLength: 2, maxLength: 8 },
  ),
  limit: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
})
type Asked = { items: RankableItem[]; limit: number | undefined }

/** An ordered list, whatever happened: the caller's own items, each once, in one of two orders. */
function checkList({ items, limit = items.length }: Asked, list: RankedList<RankableItem>): void {
  const ranked = list.ranking.map(({ item }) => item)
  assert.equal(ranked.length, Math.min(limit, items.length))
  assert.equal(new Set(ranked).size, ranked.length, 'the same object twice')
  assert.deepEqual(
    list.ranking.map(({ rank }) => rank),
    ranked.map((_, index) => index + 1),
  )
  const wanted = (list.degraded ? items : [...items].reverse()).slice(0, limit)
  assert.deepEqual(
    ranked.map(({ id }) => id),
    wanted.map(({ id }) => id),
  )
  assert.equal(list.reason !== undefined, list.degraded)
}

t.test('an ordered list within the budget, whatever a ranker and the road to it do', async (t) => {
  const road = await startHostile(t)
  const latest = lateness(t)
  const budget = 60
  let [degraded, ranked] = [0, 0]
  const property = fc.asyncProperty(
    fc.array(anyFate, { minLength: 1, maxLength: 8 }),
    fc.array(anyRequest, { minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    async (fates, requests, batchSize, areTogether) => {
      Object.assign(road, { fates, next: 0 })
      const breaker = { least: 3, restMs: 10, longestRestMs: 20 }
      const client = new RankerClient({ endpoint: road.url, timeoutMs: budget, batchSize, breaker })
      latest()
      const started = performance.now()
      const asked = requests as Asked[]
      const send = () =>
        areTogether
          ? client.rankAll(asked.map(({ items, limit }) => ({ query: {}, items, ...(limit && { limit }) })))
          : Promise.all(asked.map(({ items, limit }) => client.rank({}, items, { ...(limit && { limit }) })))
      const lists = await send()
      const took = performance.now() - started
      assert.ok(took <= budget + 15 + 3 * latest(), `${took.toFixed(0)} ms`)
      assert.equal(lists.length, asked.length)
      for (const [index, list] of lists.entries()) {
        checkList(asked[index]!, list)
        if (list.degraded) degraded++
        else ranked++
      }
      // The same client again: the circuit may be open, half open or closed by now.
      await delay(12)
      for (const [index, list] of (await send()).entries()) checkList(asked[index]!, list)
    },
  )
  await fc.assert(property, { numRuns: 25 })
  t.ok(degraded > 10 && ranked > 10, `${degraded} degraded, ${ranked} ranked: both were seen`)
})

t.test('a list may be shorter where the answer says how many were left out', async (t) => {
  const road = await startHostile(t)
  road.fates = [{ afterMs: 0, fault: { kind: 'left out' } }]
  const client = new RankerClient({ endpoint: road.url, timeoutMs: 5000 })
  const answer = await client.rank({}, [{ id: 1 }, { id: 2 }])
  t.match(answer, { degraded: false, ranking: [{ item: { id: 1 }, rank: 1 }] })
  t.equal(answer.ranking.length, 1)
})
