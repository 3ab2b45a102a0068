import t from 'tap'
import { readQuery } from '../../src/data/query.ts'

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
  t.throws(() => query({ items: [ITEM], explain: true }), { code: 'EXPLAIN_UNAVAILABLE', status: 422 })
})
