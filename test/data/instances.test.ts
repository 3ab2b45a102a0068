import t from 'tap'
import { readInstances } from '../../src/data/instances.ts'
import { checkText, decodeText, parseJson } from '../../src/data/json.ts'

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
