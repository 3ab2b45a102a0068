import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { seededRandom } from '../../src/data/random.ts'
import { EmbeddedEngine } from '../../src/retrieval/embedded-engine.ts'
import type { Embedder, Filter, IndexedItem } from '../../src/retrieval/engine.ts'
import { fuse } from '../../src/retrieval/fusion.ts'
import { TextEmbedding } from '../../src/retrieval/text-embedding.ts'
import { nearestAmong, unitVector } from '../../src/retrieval/vectors.ts'
import { emptyFolder } from '../helpers/model.ts'

const WIDTH = 16

/** Items in some clusters, with fields. */
function makeItems(count: number, seed = 1): (IndexedItem & { vector: number[] })[] {
  const random = seededRandom(seed)
  const normal = () => random() + random() + random() - 1.5
  const centres = Array.from({ length: 20 }, () => Array.from({ length: WIDTH }, normal))
  return Array.from({ length: count }, (_, number) => ({
    id: `item ${number}`,
    vector: centres[number % 20]!.map((value) => value + 0.7 * normal()),
    fields: {
      colour: number % 7 === 0 ? null : ['red', 'green', 'blue'][Math.floor(random() * 3)]!,
      price: number % 5 === 0 ? null : Math.round(100 * random()),
      isNew: random() < 0.5,
    },
  }))
}

/** The nearest items by definition. */
function nearestOf(items: readonly IndexedItem[], query: readonly number[], k: number): string[] {
  const cosine = (a: ArrayLike<number>) => {
    let [sum, squares] = [0, 0]
    for (let index = 0; index < a.length; index++) {
      sum += a[index]! * query[index]!
      squares += a[index]! ** 2
    }
    return sum / Math.sqrt(squares)
  }
  const scores = items.map(({ vector }) => cosine(vector!))
  return [...items.keys()]
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, k)
    .map((index) => items[index]!.id)
}

const share = (found: readonly { id: string }[], wanted: readonly string[]) =>
  found.filter(({ id }) => wanted.includes(id)).length / wanted.length

t.test(
  'finds the nearest, exactly where items are few and through a graph where they are many',
  async (t) => {
    const items = makeItems(3000)
    const queries = makeItems(40, 2).map(({ vector }) => vector)
    for (const graphFrom of [10_000, 1000]) {
      const folder = emptyFolder(t)
      const engine = await EmbeddedEngine.open(folder, { graphFrom })
      t.same(await engine.search({ vector: queries[0]! }), [], 'nothing is indexed')
      t.match(await engine.index(items), { items: 3000, seconds: Number })
      t.equal(engine.count, 3000)
      let recall = 0
      for (const vector of queries) {
        const hits = await engine.search({ vector })
        t.equal(hits.length, 100)
        t.ok(hits.every(({ score }, rank) => rank === 0 || score <= hits[rank - 1]!.score))
        recall += share(hits, nearestOf(items, vector, 100)) / queries.length
      }
      t.ok(recall > (graphFrom > 3000 ? 0.9999 : 0.99), `recall ${recall}`)
      t.equal(existsIn(folder, 'graph.usearch'), graphFrom <= 3000)

      // Another process finds the same.
      const again = await EmbeddedEngine.open(folder)
      t.same(
        await again.search({ vector: queries[0]!, k: 5 }),
        await engine.search({ vector: queries[0]!, k: 5 }),
      )
      t.equal((await again.search({ vector: queries[0]!, k: 10_000 })).length, 3000)
      // And goes on in its own files when there are new ones.
      await engine.index(items.slice(0, 10))
      t.equal((await engine.search({ vector: queries[0]! })).length, 10)
      t.equal((await again.search({ vector: queries[1]! })).length, 100)
      t.equal(readdirSync(folder).length, 2, 'the old version is gone')
      await engine.close()
      await t.rejects(engine.search({ vector: queries[0]! }), { message: 'the index: it is closed' })
    }
  },
)

function existsIn(folder: string, name: string): boolean {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((path) => path.endsWith(name))
}

/** Whether a value meets a filter, by definition. */
function meets(value: unknown, filter: Filter): boolean {
  if (Array.isArray(filter)) return filter.includes(value as never)
  if (typeof filter !== 'object' || filter === null) return value === filter
  const { min = -Infinity, max = Infinity } = filter as { min?: number; max?: number }
  return typeof value === 'number' && value >= min && value <= max
}

const colours = fc.constantFrom('red', 'green', 'blue', 'no such colour', null)
const anyFilters = fc.record(
  {
    colour: fc.oneof(colours, fc.array(colours, { maxLength: 3 })) as fc.Arbitrary<Filter>,
    price: fc.oneof(
      fc.record({ min: fc.integer({ min: 0, max: 60 }), max: fc.integer({ min: 60, max: 100 }) }),
      fc.record({ min: fc.integer({ min: 0, max: 100 }) }),
      fc.constant(null),
      fc.integer({ min: 0, max: 100 }),
    ) as fc.Arbitrary<Filter>,
    isNew: fc.boolean(),
  },
  { requiredKeys: [] },
)

t.test('filters give the nearest of the items that meet all of them', async (t) => {
  const items = makeItems(8000)
  const engine = await EmbeddedEngine.open(emptyFolder(t), { graphFrom: 1000 })
  await engine.index(items)
  const queries = makeItems(30, 3).map(({ vector }) => vector)
  let [recall, searches] = [0, 0]
  await fc.assert(
    fc.asyncProperty(
      anyFilters,
      fc.constantFrom(...queries),
      fc.integer({ min: 1, max: 150 }),
      async (filters, vector, k) => {
        const matching = items.filter(({ fields }) =>
          Object.entries(filters).every(([field, filter]) => meets(fields![field], filter)),
        )
        const hits = await engine.search({ vector, filters, k })
        assert.equal(hits.length, Math.min(k, matching.length))
        if (hits.length === 0) return
        const ids = new Set(matching.map(({ id }) => id))
        assert.ok(hits.every(({ id }) => ids.has(id)))
        const found = share(hits, nearestOf(matching, vector, k))
        assert.ok(found > 0.9, `recall ${found} of ${hits.length}`)
        recall += found
        searches++
      },
    ),
    { numRuns: 40 },
  )
  t.ok(recall / searches > 0.99, `mean recall ${recall / searches}`)
})

t.test('bytes are searched first, but only where they find what full numbers find', async (t) => {
  const items = makeItems(6000)
  const queries = makeItems(10, 4).map(({ vector }) => vector)
  const found = async (given: readonly IndexedItem[]) => {
    const folder = emptyFolder(t)
    const engine = await EmbeddedEngine.open(folder)
    await engine.index(given)
    let missed = 0
    for (const vector of queries) {
      const hits = new Set((await engine.search({ vector })).map(({ id }) => id))
      missed += nearestOf(given, vector, 100).filter((id) => !hits.has(id)).length
    }
    return { missed, hasBytes: existsIn(folder, 'vectors.i8') }
  }
  t.same(await found(items), { missed: 0, hasBytes: true })
  t.same(
    await found(items.slice(0, 4000)),
    { missed: 0, hasBytes: false },
    'few are compared in full at once',
  )
  const same = items.map(({ id }) => ({ id, vector: Array(WIDTH).fill(1) }))
  t.match(await found(same), { hasBytes: true }, 'of equal ones any will do')
  // One direction beside which all others are nothing in 255 steps, though they alone tell items apart.
  const lopsided = items.map((item) => ({ ...item, vector: [5000, ...item.vector.slice(1)] }))
  for (const query of queries) query[0] = 0
  t.same(await found(lopsided), { missed: 0, hasBytes: false })
})

t.test('exact search over a part, against the definition', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }).chain((width) => {
        const vector = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: width, maxLength: width })
        return fc.tuple(fc.array(vector, { maxLength: 20 }), vector)
      }),
      fc.integer({ min: 1, max: 25 }),
      ([vectors, query], k) => {
        const flat = Float32Array.from(vectors.flat())
        const score = (position: number) =>
          vectors[position]!.reduce((sum, value, at) => sum + value * query[at]!, 0)
        const positions = [...vectors.keys()].filter((position) => position % 3 !== 1)
        const wanted = [...positions].sort((a, b) => score(b) - score(a) || a - b).slice(0, k)
        const found = nearestAmong(flat, Float32Array.from(query), positions, k)
        assert.deepEqual([...(found.positions as Int32Array)], wanted)
        assert.deepEqual([...(found.scores as Float32Array)], wanted.map(score))
      },
    ),
    { numRuns: 300 },
  )
  t.pass('held')
})

const TITLES = [
  'Oak dining table, solid wood',
  'Oak coffee table',
  'Solid oak sideboard',
  'Leather armchair, brown',
  'Brown leather sofa',
  'Vintage Seiko diver watch',
  'Seiko chronograph, steel',
  'Omega Speedmaster watch',
  'Ski boots, size 42',
  'Skis and boots, carving',
]

t.test('texts are found by words, also misspelt ones, and by the company they keep', async (t) => {
  const folder = emptyFolder(t)
  const engine = await EmbeddedEngine.open(folder)
  const items = TITLES.map((text, number) => ({ id: String(number), text, fields: { number } }))
  await engine.index(items)
  const first = async (text: string, k = 1) =>
    (await engine.search({ text, k })).map(({ id }) => TITLES[Number(id)])
  t.same(await first('oak TABLE'), ['Oak coffee table'])
  t.same(await first('watches by seiko'), ['Vintage Seiko diver watch'])
  t.same(await first('omga spedmaster'), ['Omega Speedmaster watch'], 'with slips of the fingers')
  t.same(await first('árm-châir'), ['Leather armchair, brown'], 'accents and hyphens')
  t.same(await engine.search({ text: '' }), [], 'nothing is asked for')
  t.same(await engine.search({ text: '漢字' }), [], 'words that no item has')
  const again = await EmbeddedEngine.open(folder)
  t.same(
    await again.search({ text: 'leather', k: 3 }),
    await engine.search({ text: 'leather', k: 3 }),
    'what was fitted is kept',
  )
  t.equal((await again.search({ text: 'leather', filters: { number: { max: 3 } } })).length, 4)
})

t.test('an embedder of one’s own', async (t) => {
  const asked: number[] = []
  const lengths: Embedder = {
    name: 'lengths',
    dimensions: 2,
    async embed(texts) {
      asked.push(texts.length)
      return texts.map((text) => [1, text.length])
    },
  }
  const folder = emptyFolder(t)
  const engine = await EmbeddedEngine.open(folder, { embedder: lengths })
  const texts = Array.from({ length: 150 }, (_, number) => 'x'.repeat(number))
  await engine.index(texts.map((text) => ({ id: String(text.length), text })))
  t.same(asked, [64, 64, 22])
  t.match(await engine.search({ text: 'y'.repeat(40), k: 1 }), [{ id: '40' }])
  await t.rejects(EmbeddedEngine.open(folder, { embedder: { ...lengths, name: 'other' } }), {
    code: 'QUERY_INVALID',
    message: 'the embedder of the search is "other": wanted lengths, which made the index',
  })
  const plain = await EmbeddedEngine.open(folder)
  await t.rejects(plain.search({ text: 'y' }), { message: /no embedder is known/ })
  t.equal((await plain.search({ vector: [1, 3] })).length, 100)
  type Embed = (texts: readonly string[], signal: AbortSignal) => unknown
  const asOne = (embed: Embed, times: object = {}) =>
    EmbeddedEngine.open(folder, { embedder: { ...lengths, embed: embed as Embedder['embed'] }, ...times })
  const failures: [embed: Embed, reason: string][] = [
    [() => Promise.reject(new Error('throttled')), 'throttled'],
    [
      () => {
        throw new Error('no key')
      },
      'no key',
    ],
    [async () => [], 'it gave 0 vectors for 1 texts'],
    [() => undefined, 'it gave no list of vectors'],
    [() => [null], 'it gave something else than lists of numbers'],
  ]
  for (const [embed, reason] of failures) {
    const failing = await asOne(embed)
    const message = `the embedder lengths: ${reason}`
    await t.rejects(failing.search({ text: 'y' }), { code: 'SEARCH_FAILED', message })
    await t.rejects(failing.index([{ id: 'a', text: 'b' }]), { code: 'SEARCH_FAILED', message })
  }
  const wide = await asOne(() => [[1, 2, 3]])
  await t.rejects(wide.search({ text: 'y' }), { message: /the vector of the search has 3 numbers: wanted 2/ })

  // One that never answers is told so, and not waited for.
  let told = 0
  const hanging: Embed = (_, signal) => {
    signal.addEventListener('abort', () => told++)
    return new Promise(() => {})
  }
  const late = await asOne(hanging, { timeoutMs: 30, indexTimeoutMs: 40 })
  await t.rejects(late.search({ text: 'y' }), {
    code: 'SEARCH_FAILED',
    message: 'the embedder lengths: it did not answer within 30 ms',
  })
  await t.rejects(late.index([{ id: 'a', text: 'b' }]), { message: /did not answer within 40 ms/ })
  t.equal(told, 2)
  t.equal(plain.count, 150, 'the index stays as it was')
  for (const timeoutMs of [0, -1, Number.NaN, Infinity, 2 ** 31])
    await t.rejects(EmbeddedEngine.open(folder, { timeoutMs }), { code: 'BAD_SETTING' })
})

t.test('what is wrong is said, and the old index stays', async (t) => {
  const folder = emptyFolder(t)
  const engine = await EmbeddedEngine.open(folder)
  await engine.index([{ id: 'a', vector: [1, 0], fields: { price: 1, colour: 'red' } }])
  const item = (changes: object) => ({ id: 'b', vector: [0, 1], ...changes })
  const refused: [items: unknown[], message: RegExp][] = [
    [
      [item({ vector: [1, Number.NaN] })],
      /the vector of item "b" has NaN at position 1: wanted finite numbers/,
    ],
    [[item({ vector: [1, Infinity] })], /has Infinity at position 1/],
    [[item({}), item({ id: 'c', vector: [1] })], /the vector of item "c" has 1 numbers: wanted 2/],
    [[item({}), item({})], /item "b" is there twice: wanted each id once/],
    [[item({}), { id: 'c', text: 'x' }], /item "c" is without one: wanted vectors of all items, or of none/],
    [[{ id: 'c', text: 'x' }, item({})], /item "b" is with a vector/],
    [[null], /item 1 is null: wanted an object with an id/],
    [[item({ vector: [] })], /the vector of item "b" has no numbers: wanted a list of numbers/],
    [[item({ vector: {} })], /the vector of item "b" has no numbers/],
    [[item({ vector: '12' })], /the vector of item "b" has no numbers/],
    [[item({ vector: null })], /the text of item "b" is undefined: wanted text, or a vector/],
    [[item({ id: 7 })], /the id of item 1 is 7: wanted text/],
    [[{ id: 'c' }], /the text of item "c" is undefined: wanted text, or a vector/],
    [[item({ fields: { price: Number.NaN } })], /the field "price" of item "b" is NaN/],
    [[item({ fields: { price: {} } })], /the field "price" of item "b" is an object/],
    [
      [item({ fields: { price: 1 } }), item({ id: 'c', fields: { price: 'x' } })],
      /the field "price" of item "c" is "x": wanted a number, as before it/,
    ],
  ]
  for (const [items, message] of refused) await t.rejects(engine.index(items as IndexedItem[]), { message })
  t.equal(engine.count, 1)
  const searches: [query: object, code: string, message: RegExp][] = [
    [{}, 'QUERY_INVALID', /text of the search is undefined: wanted text, or a vector/],
    [{ vector: [] }, 'VECTOR_INVALID', /has no numbers/],
    [{ vector: [1] }, 'VECTOR_INVALID', /the vector of the search has 1 numbers: wanted 2/],
    [{ vector: [1, Number.NaN] }, 'VECTOR_INVALID', /NaN/],
    [{ vector: [1, 1], k: 0 }, 'QUERY_INVALID', /k of the search is 0: wanted an integer from 1 to 10000/],
    [
      { vector: [1, 1], filters: { size: 1 } },
      'FILTER_UNKNOWN',
      /unknown field "size": the index has "price", "colour"/,
    ],
    [{ vector: [1, 1], filters: { price: { min: 2, max: 1 } } }, 'QUERY_INVALID', /the filter "price"/],
    [{ vector: [1, 1], filters: { price: { least: 2 } } }, 'QUERY_INVALID', /\{min, max\}/],
  ]
  for (const [query, code, message] of searches) await t.rejects(engine.search(query), { code, message })
  t.same(await engine.search({ vector: [0, 0] }), [], 'a direction of nowhere')
  t.equal((await engine.search({ vector: [1, 0], filters: {} })).length, 1)
  t.match(await engine.search({ vector: [1e-300, 0] }), [{ id: 'a', score: 1 }], 'however short')
  await engine.index([
    { id: 'a', vector: [1e200, 0] },
    { id: 'b', vector: [0, 1e200] },
  ])
  t.match(await engine.search({ vector: [1e300, 1e299], k: 1 }), [{ id: 'a' }], 'however long')
  await engine.index([])
  t.same(await engine.search({ vector: [1, 0], filters: {} }), [], 'an empty index')
})

t.test('a damaged index is refused by the name of its file', async (t) => {
  const make = async (items = 200) => {
    const folder = emptyFolder(t)
    const engine = await EmbeddedEngine.open(folder, { graphFrom: items < 1000 ? 1 : 10_000 })
    await engine.index(makeItems(items))
    const [version] = readdirSync(folder).filter((name) => name.startsWith('v-'))
    return { folder, file: (name: string) => join(folder, version!, name) }
  }
  const damages: [name: string, damage: (path: string) => void, message: RegExp][] = [
    ['vectors.f32', (path) => truncateSync(path, 100), /vectors\.f32: it has 100 bytes, wanted 12800/],
    ['vectors.i8', (path) => truncateSync(path, 100), /vectors\.i8: it has 100 bytes, wanted 96000/],
    ['graph.usearch', (path) => truncateSync(path, 100), /graph\.usearch: it has 100 bytes/],
    ['graph.usearch', (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)), /graph\.usearch: /],
    ['ids.json', (path) => writeFileSync(path, '[1]'), /ids\.json: it is none of this release/],
    ['index.json', (path) => writeFileSync(path, '{'), /index\.json: it is not JSON/],
    ['../current', (path) => writeFileSync(path, '../..'), /current: it names no index/],
    ['../current', (path) => writeFileSync(path, 'v-gone'), /index\.json: ENOENT/],
  ]
  for (const [name, damage, message] of damages) {
    const { folder, file } = await make(name === 'vectors.i8' ? 6000 : 200)
    damage(file(name))
    await t.rejects(EmbeddedEngine.open(folder), { code: 'INDEX_DAMAGED', message }, name)
  }
})

t.test('the built-in embedding keeps most of what exact TF-IDF finds', async (t) => {
  // A vocabulary with synonyms that share their company, as in a catalogue.
  const random = seededRandom(5)
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)]!
  const words = Array.from({ length: 600 }, (_, index) => `w${index.toString(36)}${'aeiou'[index % 5]}x`)
  const topics = Array.from({ length: 30 }, (_, topic) => words.slice(20 * topic, 20 * topic + 20))
  const texts = Array.from({ length: 1500 }, () => {
    const topic = pick(topics.map((_, index) => String(index)))
    return Array.from({ length: 8 }, () => pick(topics[Number(topic)]!)).join(' ')
  })
  const embedding = await TextEmbedding.fit(texts, { dimensions: 64 })
  const vectors = texts.map((text) => unitVector(embedding.vectorOf(text), 64, text))
  const topicOf = (text: string) => topics.findIndex((list) => list.includes(text.split(' ')[0]!))
  const flat = Float32Array.from(vectors.flatMap((vector) => [...vector]))
  let right = 0
  for (let query = 0; query < 50; query++) {
    const { positions } = nearestAmong(flat, vectors[query]!, [...texts.keys()], 20)
    for (const position of positions as Int32Array)
      if (topicOf(texts[position]!) === topicOf(texts[query]!)) right++
  }
  t.ok(right / 1000 > 0.99, `${right / 10} % of the nearest are of the same topic`)
  const norm = (vector: Float32Array) => Math.hypot(...vector)
  t.equal(norm(embedding.vectorOf('…')), 0)
  t.ok(norm(embedding.vectorOf(`${words[0]} `.repeat(70_000))) <= 1 + 1e-4, 'a long text')
})

t.test('reciprocal rank fusion', async (t) => {
  const list = (ids: string) => [...ids].map((id) => ({ id, score: 0 }))
  const ids = (lists: string[], k = 10) =>
    fuse(lists.map(list), k)
      .map(({ id }) => id)
      .join('')
  t.equal(ids(['abc', 'cab']), 'acb')
  t.equal(ids(['ab', '']), 'ab')
  t.equal(ids(['ab', 'ba']), 'ab', 'ties as in the first')
  t.equal(ids(['abcd', 'dcba'], 2).length, 2)
  t.equal(fuse([list('a'), list('a')], 1)[0]!.score, 2 / 61)
})

t.test('the example of docs/retrieval.md runs as it stands', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/retrieval.md'), 'utf8')
  const [, code] = /```ts\n([\s\S]*?)```/.exec(page)!
  const source = code!.replace(
    'two-stage-ranking/retrieval',
    new URL('../../src/retrieval/index.ts', import.meta.url).href,
  )
  const options = { cwd: emptyFolder(t), encoding: 'utf8' } as const
  t.equal(execFileSync(process.execPath, ['--input-type=module', '-e', source], options), 'b\n')
})
