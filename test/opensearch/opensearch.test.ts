import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { hasOpenSearch, type OpenSearchNode, startOpenSearch } from '../../scripts/opensearch-part.ts'
import { seededRandom } from '../../src/data/random.ts'
import type { IndexedItem, SearchQuery } from '../../src/retrieval/engine.ts'
import { OpenSearchEngine, type OpenSearchOptions } from '../../src/retrieval/opensearch-engine.ts'
import { TextEmbedding } from '../../src/retrieval/text-embedding.ts'
import { nearestAmong, unitVector } from '../../src/retrieval/vectors.ts'

// Run by itself, a file would have half a minute.
t.setTimeout(600_000)

const skip =
  !hasOpenSearch() &&
  'there is no OpenSearch here: node scripts/launch.mjs scripts/test-parts.ts fetches it, with Java and Maven'

let node: OpenSearchNode
const open = async (t: Test, options: Partial<OpenSearchOptions> & { alias: string }) => {
  const engine = await OpenSearchEngine.open({
    node: node.url,
    timeoutMs: 10_000,
    settings: { number_of_replicas: 0 },
    ...options,
  })
  t.teardown(() => engine.close())
  return engine
}
const indices = async () =>
  (await (await fetch(`${node.url}/_cat/indices?h=index`)).text()).trim().split('\n').sort()

const TITLES = [
  'Oak dining table',
  'Oak coffee table',
  'Leather armchair',
  'Vintage Seiko watch',
  'Omega watch',
]
const texts = (): IndexedItem[] =>
  TITLES.map((text, number) => ({
    id: String(number),
    text,
    fields: { number, wood: text.includes('Oak'), maker: /Seiko|Omega/.exec(text)?.[0] ?? null },
  }))

t.test('with a real node', { skip, timeout: 240_000 }, async (t) => {
  node = await startOpenSearch()
  t.teardown(() => node.stop())

  await t.test('by vector, as near as an exact search', async (t) => {
    const random = seededRandom(1)
    const width = 24
    const vector = () => Array.from({ length: width }, () => random() + random() - 1)
    const items = Array.from({ length: 4000 }, (_, number) => ({
      id: `item ${number}`,
      vector: vector(),
      fields: { third: number % 3, colour: ['red', 'green'][number % 2]! },
    }))
    const flat = Float32Array.from(items.flatMap((item) => [...unitVector(item.vector, width, '')]))
    const engine = await open(t, { alias: 'vectors' })
    t.same(await engine.search({ vector: vector() }), [], 'nothing is indexed')
    t.match(await engine.index(items), { items: 4000, seconds: Number })
    let [recall, filtered] = [0, 0]
    for (let query = 0; query < 20; query++) {
      const wanted = vector()
      const unit = unitVector(wanted, width, '')
      const part = (of: number[], search: Partial<SearchQuery>) =>
        engine.search({ vector: wanted, ...search }).then((hits) => {
          t.equal(hits.length, 100)
          const exact = nearestAmong(flat, unit, of, 100)
          const ids = new Set(Array.from(exact.positions, (position) => items[position]!.id))
          return hits.filter(({ id }) => ids.has(id)).length / 100 / 20
        })
      recall += await part([...items.keys()], {})
      const filters = { third: { min: 1, max: 1 }, colour: ['red', 'blue'] }
      const matching = [...items.keys()].filter((number) => number % 3 === 1 && number % 2 === 0)
      filtered += await part(matching, { filters })
    }
    t.ok(recall > 0.97, `recall ${recall}`)
    t.ok(filtered > 0.97, `recall with a filter ${filtered}`)
    await t.rejects(engine.search({ vector: [1, 2] }), {
      code: 'SEARCH_FAILED',
      message: /OpenSearch: .*dimension/,
    })
    await t.rejects(engine.search({ vector: [1, 2], filters: { size: 1 } }), {
      code: 'FILTER_UNKNOWN',
      message: /unknown field "size": the index has "colour", "third"/,
    })
  })

  await t.test('by words, by both, and by fields', async (t) => {
    const words = await open(t, { alias: 'words' })
    await words.index(texts())
    const ids = async (engine: OpenSearchEngine, query: SearchQuery) =>
      (await engine.search(query)).map(({ id }) => id)
    t.same(await ids(words, { text: 'dining table' }), ['0', '1'])
    t.same(await ids(words, { text: 'tabel' }), [], 'words alone know no slips')
    t.same(await ids(words, { text: 'watch', filters: { maker: 'Omega' } }), ['4'])
    t.same(await ids(words, { text: 'watch table', filters: { maker: null, number: { min: 1 } } }), ['1'])
    t.same(await ids(words, { text: 'oak', filters: { wood: false } }), [])
    t.same((await ids(words, { text: 'watch', filters: { maker: ['Seiko', null] } })).sort(), ['3'])

    const embedder = await TextEmbedding.fit(TITLES, { dimensions: 16 })
    const both = await open(t, { alias: 'both', embedder })
    await both.index(texts())
    t.same((await ids(both, { text: 'seiko watch', k: 2 }))[0], '3')
    t.equal((await ids(both, { text: 'tabel' })).includes('1'), true, 'vectors do')
    t.same(await ids(both, { text: '' }), [])
  })

  await t.test('a new index takes the place of the old one when it is complete', async (t) => {
    const engine = await open(t, { alias: 'swap' })
    await engine.index(texts())
    const [first] = (await indices()).filter((name) => name.startsWith('swap-'))
    let isDone = false
    let searches = 0
    const counts = new Set<number>()
    const searching = Array.from({ length: 4 }, async () => {
      while (!isDone) {
        counts.add((await engine.search({ text: 'oak', k: 5 })).length)
        searches++
      }
    })
    const many = Array.from({ length: 3000 }, (_, number) => ({ id: String(number), text: `oak ${number}` }))
    await engine.index(many)
    isDone = true
    await Promise.all(searching)
    t.ok(searches > 100, `${searches} searches, none of which failed`)
    t.same([...counts].sort(), [2, 5], 'all of the old, or all of the new')
    t.equal((await engine.search({ text: 'oak', k: 5 })).length, 5)
    const left = (await indices()).filter((name) => name.startsWith('swap-'))
    t.equal(left.length, 1)
    t.not(left[0], first)

    const bad = [...texts(), { id: 'x', text: 'oak', fields: { number: Number.NaN } }]
    await t.rejects(engine.index(bad), {
      code: 'ITEM_INVALID',
      message: /the field "number" of item "x" is NaN/,
    })
    await t.rejects(engine.index([...texts(), texts()[0]!]), { message: /the list of items is 6 with 5 ids/ })
    await t.rejects(
      engine.index([
        { id: 'v', vector: [1, 2] },
        { id: 'w', text: 'x' },
      ]),
      { message: /item "w" is without one/ },
    )
    await t.rejects(
      engine.index([
        { id: 'v', vector: [1, 2] },
        { id: 'w', vector: [1] },
      ]),
      { code: 'VECTOR_INVALID' },
    )
    t.same(
      (await indices()).filter((name) => name.startsWith('swap-')),
      left,
      'what failed leaves nothing',
    )
    await engine.index([])
    t.same(
      await engine.search({ text: 'oak', filters: { number: 1 } }).catch(({ code }) => code),
      'FILTER_UNKNOWN',
    )
    t.same(await engine.search({ text: 'oak' }), [])
  })

  await t.test('what goes wrong about a swap leaves a complete index behind the alias', async (t) => {
    const road = await throughProxy(t, node.url)
    const engine = await open(t, { alias: 'live', node: road.url, indexTimeoutMs: 2000 })
    const finds = async () => (await engine.search({ text: 'oak' })).length
    await engine.index(texts())
    t.equal(await finds(), 2)
    const many = Array.from({ length: 5 }, (_, number) => ({ id: String(number), text: `oak ${number}` }))
    road.meet = (request, answer) => request.method === 'DELETE' && Boolean(answer.writeHead(503).end('{}'))
    await engine.index(many)
    t.equal(await finds(), 5, 'an old index that cannot be removed is in nobody’s way')

    // The swap is made, and its answer lost.
    road.meet = (request, answer) => {
      if (!request.url?.includes('_aliases')) return false
      const { method, headers } = request
      request.pipe(httpRequest(node.url + request.url, { method, headers }, () => answer.destroy()))
      return true
    }
    await t.rejects(engine.index(texts()), { code: 'SEARCH_FAILED' })
    road.meet = () => false
    t.equal(await finds(), 2, 'the new one, which is whole, is not removed')

    road.meet = (request, answer) =>
      Boolean(request.url?.includes('_aliases')) && Boolean(answer.writeHead(503).end('{}'))
    await t.rejects(engine.index(many), { code: 'SEARCH_FAILED' })
    road.meet = () => false
    t.equal(await finds(), 2, 'the old one stays where the swap was refused')
    const left = (await indices()).filter((name) => name.startsWith('live-'))
    t.equal(left.length, 3, 'the live one, and two that could not be removed')
  })

  await t.test(
    'a node that is busy is waited for, one that is slow or cut off is an error in time',
    async (t) => {
      const road = await throughProxy(t, node.url)
      let bulks = 0
      road.meet = (request, answer) => {
        if (!request.url?.includes('_bulk') || ++bulks > 3) return false
        answer
          .writeHead(429, { 'content-type': 'application/json' })
          .end('{"error":{"reason":"busy"},"status":429}')
        return true
      }
      const engine = await open(t, { alias: 'busy', node: road.url, timeoutMs: 300 })
      t.match(await engine.index(texts()), { items: 5 })
      t.equal(bulks, 4)
      t.equal((await engine.search({ text: 'oak' })).length, 2)
      const failsIn = async (what: string, message: RegExp) => {
        const started = performance.now()
        await t.rejects(engine.search({ text: 'oak' }), { code: 'SEARCH_FAILED', message })
        t.ok(performance.now() - started < 1500, what)
      }
      road.meet = () => true
      await failsIn('silent', /^OpenSearch: it did not answer in time$/)
      road.meet = (request) => Boolean(request.socket.destroy())
      await failsIn('cut', /^OpenSearch: (socket hang up|.*ECONNRESET)/)
      road.meet = (_, answer) =>
        Boolean(answer.writeHead(503, { 'content-type': 'application/json' }).end('{}'))
      await failsIn('down', /^OpenSearch: ./)
      road.meet = (_, answer) =>
        Boolean(answer.writeHead(200, { 'content-type': 'application/json' }).end('{"resp'))
      await failsIn('babble', /^OpenSearch: ./)
      const half = (drips: boolean) => (_: IncomingMessage, answer: ServerResponse) => {
        answer.writeHead(200, { 'content-type': 'application/json' })
        answer.write('{"responses":')
        const timer = drips && setInterval(() => answer.write(' '), 20)
        answer.on('close', () => timer && clearInterval(timer))
        return true
      }
      road.meet = half(false)
      await failsIn('an answer that stalls', /^OpenSearch: it did not answer in time$/)
      road.meet = half(true)
      await failsIn('an answer that drips', /^OpenSearch: it did not answer in time$/)
      const says = (body: object) => (_: IncomingMessage, answer: ServerResponse) =>
        Boolean(answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
      road.meet = says({ responses: [] })
      await failsIn('no answer', /^OpenSearch: its answer is not of the 1 searches that were sent$/)
      const partial = { _shards: { total: 5, failed: 2 }, hits: { hits: [] } }
      road.meet = says({ responses: [partial] })
      await failsIn('a part', /^OpenSearch: 2 of 5 shards failed$/)
      road.meet = says({ responses: [{ hits: { hits: [{ _id: '1' }] }, _shards: { failed: 0 } }] })
      await failsIn('an index of another program', /^OpenSearch: a document has no id: wanted an index of/)
      for (const garbage of [{ responses: [null] }, { responses: [{}] }, { responses: [{ hits: {} }] }, []]) {
        road.meet = says(garbage)
        await failsIn(
          JSON.stringify(garbage),
          /^OpenSearch: its answer is not of the 1 searches that were sent$/,
        )
      }
      road.meet = says({ responses: [{ timed_out: true, hits: { hits: [] } }] })
      await failsIn('late', /^OpenSearch: no complete answer within 300 ms$/)
      const hanging = { name: 'hanging', dimensions: 2, embed: () => new Promise<never>(() => {}) }
      const embedding = await open(t, { alias: 'x', node: road.url, timeoutMs: 300, embedder: hanging })
      await t.rejects(embedding.search({ text: 'x' }), {
        code: 'SEARCH_FAILED',
        message: 'the embedder hanging: it did not answer within 300 ms',
      })
      const nobody = await open(t, { alias: 'x', node: 'http://127.0.0.1:9', timeoutMs: 300 })
      await t.rejects(nobody.search({ text: 'x' }), { code: 'SEARCH_FAILED', message: /ECONNREFUSED/ })
      await t.rejects(nobody.index(texts()), { code: 'SEARCH_FAILED', message: /ECONNREFUSED/ })
    },
  )
})

/** A proxy before the node. `meet` says true of a request that it dealt with itself. */
async function throughProxy(t: Test, to: string) {
  const road = { url: '', meet: (_request: IncomingMessage, _answer: ServerResponse): boolean => false }
  const server = createServer((request, answer) => {
    if (road.meet(request, answer)) return
    const onward = httpRequest(
      to + request.url,
      { method: request.method, headers: request.headers },
      (response) => {
        answer.writeHead(response.statusCode!, response.headers)
        response.pipe(answer)
      },
    )
    request.pipe(onward)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  road.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return road
}
