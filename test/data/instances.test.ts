import t from 'tap'
import { checkText, decodeText, parseJson } from '../../src/data/json/json.ts'
import { readInstances } from '../../src/data/request/instances.ts'

const read = (instances: unknown) => readInstances({ instances }, ['price', 'cost'])

t.test('instances are rows in feature order', async (t) => {
  const rows = read([{ features: [1, null], note: 'x' }, { features: [0.1, -3] }])
  t.match(rows, { kind: 'rows', count: 2, width: 2, ignored: [] })
  t.same([...rows.values], [1, Number.NaN, Math.fround(0.1), -3])
  t.equal(read([]).count, 0)
})

t.test('instances that do not fit', async (t) => {
  for (const wrong of [{}, null, 'x', 1])
    t.throws(() => read(wrong), { code: 'BAD_REQUEST_SHAPE', status: 422 })
  for (const wrong of [null, [1, 2], {}, { features: {} }, 'x']) {
    t.throws(() => read([{ features: [1, 2] }, wrong]), {
      code: 'BAD_REQUEST_SHAPE',
      message: /^row 2 of instances/,
    })
  }
  t.throws(() => read([{ features: [1] }]), { code: 'WRONG_WIDTH', values: { row: 1, seen: 1, wanted: 2 } })
  for (const seen of ['1', true, {}, [], 1e39, Number.POSITIVE_INFINITY]) {
    t.throws(() => read([{ features: [1, seen] }]), { code: 'BAD_VALUE', values: { row: 1, column: 'cost' } })
  }
})

t.test('bytes that are no text, and text that is no JSON', async (t) => {
  const check = (...values: number[]) => checkText(Uint8Array.from(values))
  t.throws(() => check(), { code: 'BODY_EMPTY', status: 400 })
  t.throws(() => check(0xff, 0xfe, 0x31), { code: 'BODY_UNREADABLE', status: 400 })
  t.throws(() => check(0x31, 0), { code: 'BODY_UNREADABLE', message: /NUL/ })
  t.throws(() => check(0x1f, 0x8b, 8), { code: 'BODY_UNREADABLE' }, 'gzip')
  t.throws(() => check(0xed, 0xa0, 0x80), { code: 'BODY_UNREADABLE' }, 'half a surrogate pair')
  t.same(parseJson(decodeText(Buffer.from('\uFEFF{"a":"ü"}'))), { a: 'ü' })
  for (const wrong of ['', '{', '{"a":NaN}', "{'a':1}", '{"a":1,}']) {
    t.throws(() => parseJson(wrong), { code: 'BODY_UNREADABLE', status: 400 })
  }
})

t.test('AWS’s own form of a row, dense or sparse', async (t) => {
  const row = (features: unknown) => [...read([{ data: { features } }]).values]
  t.same(row({ values: [1, null] }), [1, Number.NaN])
  t.same(row({ values: [7], keys: [1], shape: [2] }), [Number.NaN, 7])
  t.same(row({ values: [7, 8], keys: [1, 0], shape: 2 }), [8, 7])
  t.same(row({ values: [], keys: [] }), [Number.NaN, Number.NaN], 'what is absent is missing')
  const refused: [code: string, features: unknown, message: RegExp][] = [
    ['BAD_REQUEST_SHAPE', {}, /row 1 of instances/],
    ['BAD_REQUEST_SHAPE', { values: 1 }, /row 1 of instances/],
    ['WRONG_WIDTH', { values: [1] }, /1 value.* 2 features/],
    ['WRONG_WIDTH', { values: [1, 2, 3] }, /3 values/],
    ['BAD_REQUEST_SHAPE', { values: [1], keys: [0, 1] }, /keys of row 1/],
    ['BAD_REQUEST_SHAPE', { values: [1], keys: 'x' }, /keys of row 1/],
    ['BAD_REQUEST_SHAPE', { values: [1], keys: [0.5] }, /a key of row 1 is 0\.5/],
    ['BAD_REQUEST_SHAPE', { values: [1], keys: ['__proto__'] }, /a key of row 1/],
    ['BAD_REQUEST_SHAPE', { values: [1, 2], keys: [0, 0] }, /each key once/],
    ['BAD_REQUEST_SHAPE', { values: [1], keys: [0], shape: [3] }, /shape of row 1 is 3: wanted \[2\]/],
    ['BAD_REQUEST_SHAPE', { values: [1], keys: [0], shape: 'x' }, /shape/],
    ['INDEX_PAST_WIDTH', { values: [1], keys: [2] }, /index 2: the model takes 2 features/],
    ['BAD_VALUE', { values: ['1'], keys: [0] }, /row 1, column "price" is "1"/],
  ]
  for (const [code, features, message] of refused)
    t.throws(() => row(features), { code, status: 422, message })
})
