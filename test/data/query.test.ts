import t from 'tap'
import { readInstances } from '../../src/data/request/instances.ts'
import { readLines } from '../../src/data/request/lines.ts'
import { readQueries, readQuery } from '../../src/data/request/query.ts'

const read = (text: string, features = ['price', 'cost']) => readQuery(JSON.parse(text), text, features)
const query = (body: object) => read(JSON.stringify(body))
const ITEM = { id: 'a', price: 1, cost: 2 }

t.test('a query with its items', async (t) => {
  const body = {
    query: { text: 'red shoes' },
    items: [
      { id: 'a', title: 'A', cost: 2, price: 1 },
      { id: 2, price: null, colour: 'red' },
    ],
    limit: 10,
    context: { user: 'u1' },
    explain: false,
  }
  const { values, ...rest } = query(body)
  t.same([...values], [1, 2, Number.NaN, Number.NaN])
  t.match(rest, {
    kind: 'query',
    ids: ['a', 2],
    count: 2,
    width: 2,
    limit: 10,
    query: { text: 'red shoes' },
    context: { user: 'u1' },
    items: body.items,
    ignored: ['title', 'colour'],
  })
  t.match(query({ items: [] }), { count: 0, ids: [], limit: undefined, query: {}, context: {} })
  t.match(query({ items: [ITEM], query: null, context: null }), { query: {}, context: {} })
})

t.test('ids come back as they came', async (t) => {
  const ids = (text: string) => read(`{"items":[{"price":1,"cost":1,"id":${text}}]}`).ids
  for (const text of [
    '"a"',
    '""',
    '0',
    '-7',
    '1.5',
    '9007199254740993',
    '1e400',
    '123456789012345678901234567890',
  ]) {
    t.equal(JSON.stringify(ids(text)), `[${text}]`)
  }
  t.same(query({ items: [ITEM, ITEM] }).ids, ['a', 'a'], 'twice the same')
  const both = read('{"items":[{"id":1e999,"price":1,"cost":1},{"id":3,"price":1,"cost":1}]}').ids
  t.equal(JSON.stringify(both), '[1e999,3]')
  for (const wrong of ['null', 'true', '{}', '[]']) {
    t.throws(() => ids(wrong), { code: 'BAD_REQUEST_SHAPE', message: /^the id of item 1 is / })
  }
  t.throws(() => query({ items: [ITEM, { price: 1 }] }), { message: /^the id of item 2 is absent/ })
})

t.test('columns that do not fit', async (t) => {
  t.throws(() => query({ items: [{ id: 'a', price: 1, costs: 2 }] }), {
    code: 'COLUMN_ABSENT',
    status: 422,
    values: { columns: ['cost'] },
  })
  for (const seen of ['1', '', true, {}, [1], 1e39]) {
    t.throws(() => query({ items: [ITEM, { id: 'b', price: seen }] }), {
      code: 'BAD_ITEM_VALUE',
      status: 422,
      values: { item: 'b', column: 'price' },
    })
  }
})

t.test('what Object.prototype has is neither there nor in the way', async (t) => {
  const features = ['__proto__', 'constructor', 'toString']
  t.throws(() => read('{"items":[{"id":1}]}', features), {
    code: 'COLUMN_ABSENT',
    values: { columns: features },
  })
  const text = '{"items":[{"id":1,"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4}]}'
  t.same([...read(text, features).values], [1, 2, 3])
  t.same(read('{"items":[{"id":1,"price":1,"cost":2,"__proto__":{"polluted":1}}]}').ignored, ['__proto__'])
  t.notOk('polluted' in {})
})

t.test('parts of the wrong type', async (t) => {
  for (const limit of [0, -1, 1.5, '10', null, true, []]) {
    t.throws(() => query({ items: [ITEM], limit }), {
      code: 'BAD_REQUEST_SHAPE',
      status: 422,
      message: /^limit is /,
    })
  }
  for (const items of [null, {}, 'x', 1]) t.throws(() => query({ items }), { message: /^items is / })
  for (const item of [null, [], 'x']) t.throws(() => query({ items: [item] }), { message: /^item 1 is / })
  for (const part of ['query', 'context']) {
    for (const wrong of [[], 'x', 1]) {
      t.throws(() => query({ items: [ITEM], [part]: wrong }), {
        code: 'BAD_REQUEST_SHAPE',
        values: { where: part },
      })
    }
  }
  t.throws(() => query({ items: [ITEM], explain: 'yes' }), { code: 'BAD_REQUEST_SHAPE' })
})

t.test('how a request wants to be answered', async (t) => {
  t.match(query({ items: [ITEM], explain: true, options: { output: ['score', 'rank'] } }), {
    explain: true,
    output: ['score', 'rank'],
    ignored: [],
  })
  const rows = (more: object) =>
    readInstances({ instances: [{ features: [1, 2] }], ...more }, ['price', 'cost'])
  t.match(rows({ explain: true, options: { output: ['rank'] } }), { explain: true, output: ['rank'] })
  t.match(query({ items: [ITEM], explain: null, options: null }), { explain: undefined, output: undefined })
  for (const [options, where] of [
    [[], 'options'],
    ['x', 'options'],
    [{ output: 'score' }, 'options.output'],
    [{ output: [] }, 'options.output'],
    [{ output: ['score', 'probability'] }, 'options.output.1'],
    [{ output: ['score', 'score'] }, 'options.output'],
  ] as const) {
    const refused = { code: 'BAD_REQUEST_SHAPE', status: 422, values: { where } }
    t.throws(() => query({ items: [ITEM], options }), refused)
    t.throws(() => rows({ options }), refused)
  }
  const body = { items: [{ ...ITEM, colour: 'red' }], limt: 3, options: { outputs: ['rank'] }, __proto: 1 }
  t.same(
    query(body).ignored,
    ['colour', 'limt', '__proto', 'options.outputs'],
    'what is not known is ignored',
  )
  t.same(rows({ configuration: {} }).ignored, ['configuration'])
  t.same(read('{"items":[],"__proto__":{"limit":1},"constructor":1}').ignored, ['__proto__', 'constructor'])
})

t.test('several queries, each with its own items', async (t) => {
  const queries = (list: unknown[]) => readQueries(list, JSON.stringify(list), ['price', 'cost'])
  const both = queries([
    { items: [ITEM, { id: 2, price: 3, cost: null }], limit: 1 },
    { items: [] },
    { items: [{ id: 'c', cost: 5, price: 4, size: 1 }], options: { output: ['score'] }, more: 1 },
  ])
  t.same([...both.values], [1, 2, 3, Number.NaN, 4, 5])
  t.match(both, { kind: 'queries', count: 3, width: 2, ignored: ['size', 'more'] })
  t.match(both.queries, [{ ids: ['a', 2], limit: 1 }, { ids: [] }, { ids: ['c'], output: ['score'] }])
  t.match(queries([]), { queries: [], count: 0 })
  const text = `[{"items":[]},{"items":[{"id":9007199254740993,"price":1,"cost":1},{"id":1e999,"price":1,"cost":1}]}]`
  const exact = readQueries(JSON.parse(text), text, ['price', 'cost'])
  t.equal(JSON.stringify(exact.queries[1]!.ids), '[9007199254740993,1e999]')

  const refused: [code: string, second: unknown, message: RegExp][] = [
    ['BAD_REQUEST_SHAPE', 7, /^query 2: it is 7/],
    ['BAD_REQUEST_SHAPE', { instances: [] }, /^query 2: items is absent/],
    ['BAD_REQUEST_SHAPE', { items: [{}] }, /^query 2: the id of item 1 is absent/],
    ['BAD_REQUEST_SHAPE', { items: [ITEM], limit: 0 }, /^query 2: limit is 0/],
    ['BAD_ITEM_VALUE', { items: [{ ...ITEM, price: 'x' }] }, /^query 2: item "a", column "price"/],
    ['COLUMN_ABSENT', { items: [{ id: 1, price: 1 }] }, /^query 2: the column "cost"/],
  ]
  for (const [code, second, message] of refused) {
    t.throws(() => queries([{ items: [ITEM] }, second]), { code, status: 422, message })
  }
})

t.test('JSON Lines: a line spoils no other', async (t) => {
  const lines = (body: string | Buffer) => readLines(Buffer.from(body), ['price', 'cost'])
  const codes = (body: string | Buffer) =>
    lines(body).lines.map((line) => ('error' in line ? line.error.code : line.kind))
  const mixed = lines(
    '\uFEFF{"features":[1,2]}\r\n{"items":[{"id":1,"price":3,"cost":4}],"limit":1}\n\n{"data":{"features":{"values":[5,null]}},"x":1}',
  )
  t.same([...mixed.values], [1, 2, 3, 4, 5, Number.NaN])
  t.match(mixed, { kind: 'lines', count: 3, width: 2, ignored: ['x'] })
  t.match(mixed.lines, [
    { kind: 'rows' },
    { kind: 'query', limit: 1 },
    { error: { code: 'BODY_EMPTY' } },
    { kind: 'rows' },
  ])

  const row = '{"features":[1,2]}'
  for (const [bad, code] of [
    ['{', 'BODY_UNREADABLE'],
    ['\u0000', 'BODY_UNREADABLE'],
    ['[1,2]', 'BAD_REQUEST_SHAPE'],
    ['{}', 'BAD_REQUEST_SHAPE'],
    ['{"features":7}', 'BAD_REQUEST_SHAPE'],
    ['{"features":[1]}', 'WRONG_WIDTH'],
    ['{"features":[1,"2"]}', 'BAD_VALUE'],
    ['{"features":[1,2],"options":7}', 'BAD_REQUEST_SHAPE'],
    ['{"items":[{"id":1}]}', 'COLUMN_ABSENT'],
    ['['.repeat(100_000), 'BODY_UNREADABLE'],
  ] as const) {
    t.same(codes(`${row}\n${bad}\n${row}\n`), ['rows', code, 'rows'], bad.slice(0, 40))
  }
  const latin1 = Buffer.concat([Buffer.from(`${row}\n{"é":1}\n`, 'latin1'), Buffer.from(row)])
  t.same(codes(latin1), ['rows', 'BODY_UNREADABLE', 'rows'])
  t.same(codes(row), ['rows'], 'the last newline is optional')
  t.same(codes(`${row}\n\n`), ['rows', 'BODY_EMPTY'], 'and only one')
  t.throws(() => lines(''), { code: 'BODY_EMPTY', status: 400 })
  t.equal(readLines(Buffer.from('x\n'.repeat(3)), ['price'], 3).lines.length, 3)
  t.throws(() => readLines(Buffer.from('x\n'.repeat(4)), ['price'], 3), {
    code: 'TOO_MANY_LINES',
    status: 413,
  })
})
