import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bool,
  columnFromArray,
  columnFromValues,
  dictionary,
  float16,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  list,
  nullType,
  struct,
  type Table,
  tableFromColumns,
  tableFromIPC,
  tableToIPC,
  uint8,
  uint16,
  uint32,
  uint64,
  utf8,
} from '@uwdata/flechette'
import fc from 'fast-check'
import t from 'tap'
import { readArrow } from '../../src/data/arrow/rows.ts'

const _ = Number.NaN
type Type = Parameters<typeof columnFromArray>[1]
type Columns = Record<string, [values: unknown[], type: Type]>

const tableOf = (columns: Columns): Table =>
  tableFromColumns(
    Object.fromEntries(
      Object.entries(columns).map(([name, [values, type]]) => [name, columnFromArray(values, type)]),
    ),
  )
const streamOf = (columns: Columns): Uint8Array => tableToIPC(tableOf(columns), { format: 'stream' })!
const read = (bytes: Uint8Array, features = ['price', 'cost']) => readArrow(bytes, features)

t.test('columns of every kind of number, with nulls', async (t) => {
  for (const type of [
    int8(),
    int16(),
    int32(),
    uint8(),
    uint16(),
    uint32(),
    float16(),
    float32(),
    float64(),
  ]) {
    const columns: Columns = { price: [[1, null, 3], type], cost: [[0, 7, 2], type] }
    t.same([...read(streamOf(columns)).values], [1, 0, _, 7, 3, 2], JSON.stringify(type))
  }
  for (const type of [int64(), uint64()]) {
    const columns: Columns = { price: [[1n, null, 3n], type], cost: [[0n, 7n, 2n], type] }
    t.same([...read(streamOf(columns)).values], [1, 0, _, 7, 3, 2], JSON.stringify(type))
  }
  const halves = [0, -0, 1, -1.5, 65504, 2 ** -24, 2 ** -14, 0.333251953125]
  const columns: Columns = { price: [halves, float16()], cost: [halves, float64()] }
  const { values } = read(streamOf(columns))
  for (const [row, half] of halves.entries()) t.ok(Object.is(values[2 * row], half), `${half}`)
  t.same(
    [...read(streamOf({ price: [[null, null], nullType()], cost: [[1, 2], int8()] })).values],
    [_, 1, _, 2],
  )
  t.match(read(streamOf({ price: [[], float32()], cost: [[], float32()] })), { count: 0, width: 2 })
})

t.test('columns match by name, or in order where no name is known', async (t) => {
  const extra: Columns = {
    id: [['a', 'b'], utf8()],
    tags: [[['x'], ['y', 'z']], list(utf8())],
    cost: [[2, 4], float32()],
    flag: [[true, false], bool()],
    maker: [
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
      struct({ a: int8(), b: utf8() }),
    ],
    kind: [['p', 'q'], dictionary(utf8())],
    none: [[null, null], nullType()],
    price: [[1, 3], float64()],
  }
  const rows = read(streamOf(extra))
  t.same([...rows.values], [1, 2, 3, 4])
  t.same(rows.ignored, ['id', 'tags', 'flag', 'maker', 'kind', 'none'])
  t.same([...read(streamOf({ a: [[1], int8()], b: [[2], int8()] })).values], [1, 2])

  const refused: [code: string, columns: Columns, message: RegExp][] = [
    ['COLUMN_ABSENT', { price: [[1], int8()], costs: [[2], int8()] }, /"cost"/],
    ['WRONG_WIDTH', { a: [[1], int8()] }, /1 value: .* 2 features/],
    ['WRONG_WIDTH', {}, /0 values/],
    [
      'BAD_COLUMN_TYPE',
      { price: [['1'], utf8()], cost: [[2], int8()] },
      /"price" holds text: wanted numbers/,
    ],
    ['BAD_COLUMN_TYPE', { price: [[true], bool()], cost: [[2], int8()] }, /true and false/],
    ['BAD_COLUMN_TYPE', { price: [['x'], dictionary(utf8())], cost: [[2], int8()] }, /dictionary/],
    [
      'BAD_VALUE',
      { price: [[1, Infinity], float32()], cost: [[2, 3], int8()] },
      /row 2, column "price" is Infinity/,
    ],
    ['BAD_VALUE', { price: [[1e39], float64()], cost: [[2], int8()] }, /1e\+39/],
  ]
  for (const [code, columns, message] of refused) {
    t.throws(() => read(streamOf(columns)), { code, status: 422, message }, String(message))
  }
  const twice = tableFromColumns([
    ['price', columnFromArray([1], int8())],
    ['cost', columnFromArray([1], int8())],
    ['price', columnFromArray([1], int8())],
  ])
  t.throws(() => read(tableToIPC(twice, { format: 'stream' })!), { code: 'COLUMN_TWICE' })
})

t.test('what is written by another library is read the same, in several batches', async (t) => {
  const values = fc.array(fc.option(fc.float({ noDefaultInfinity: true, noNaN: true })), { maxLength: 40 })
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 20 }), fc.boolean(), (column, batchSize, reversed) => {
      const visit = (visitor: (value: unknown) => void) => column.forEach(visitor)
      const columns = ['price', 'cost'].map((name): [string, ReturnType<typeof columnFromValues>] => [
        name,
        columnFromValues(visit, float32(), { maxBatchRows: batchSize }),
      ])
      const bytes = tableToIPC(tableFromColumns(reversed ? columns.reverse() : columns), {
        format: 'stream',
      })!
      t.same(
        [...read(bytes).values],
        column.flatMap((value) => [value ?? _, value ?? _]),
      )
    }),
    { numRuns: 100 },
  )
})

t.test('streams of the reference implementation', async (t) => {
  const file = join(import.meta.dirname, '../fixtures/requests/arrow.json')
  const streams: Record<string, string> = JSON.parse(readFileSync(file, 'utf8'))
  const fixture = (name: string) => Buffer.from(streams[name]!, 'base64')
  const rows = [1.5, 2, _, 4, 3, _]
  for (const name of ['plain', 'batches', 'legacy', 'sliced'])
    t.same([...read(fixture(name)).values], rows, name)
  const others = read(fixture('others'))
  t.same([...others.values], rows, 'beside columns of every other kind')
  t.equal(others.ignored.length, 21)
  for (const name of ['lz4', 'zstd']) {
    t.throws(() => read(fixture(name)), { code: 'BODY_UNREADABLE', message: /compressed/ }, name)
  }
})

t.test('what is no whole stream', async (t) => {
  const whole = streamOf({ id: [['a', 'b'], utf8()], price: [[1, null], float32()], cost: [[2, 3], int32()] })
  t.throws(() => read(new Uint8Array(0)), { code: 'BODY_EMPTY' })
  t.throws(() => read(Buffer.from('1,2\n3,4\n')), {
    code: 'BODY_UNREADABLE',
    status: 400,
    message: /Arrow IPC stream/,
  })
  t.throws(() => read(tableToIPC(tableFromIPC(whole), { format: 'file' })!), { code: 'BODY_UNREADABLE' })
  const schema = 8 + new DataView(whole.buffer, whole.byteOffset).getInt32(4, true)
  let cut = 0
  for (let length = 1; length < whole.length; length++) {
    try {
      read(whole.slice(0, length))
      // Between messages, or in the mark of the end.
      t.ok(length === schema || length >= whole.length - 8, `${length} bytes`)
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'BODY_UNREADABLE') throw thrown
      cut++
    }
  }
  t.ok(cut > whole.length / 2)
})

t.test('no bytes make it read past its end, or on and on', async (t) => {
  const whole = streamOf({
    id: [['a', 'b'], utf8()],
    tags: [[['x'], ['y', 'z']], list(utf8())],
    price: [[1, null], float32()],
    cost: [[2, 3], int32()],
  })
  const codes = new Set<string>()
  const change = fc.tuple(
    fc.nat(whole.length - 1),
    fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  )
  const started = performance.now()
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = Uint8Array.from(whole)
      for (const [at, value] of changes) bytes[at] = value
      try {
        read(bytes)
      } catch (thrown) {
        const { code, status } = thrown as { code?: string; status?: number }
        if (code === undefined || status! >= 500) throw thrown
        codes.add(code)
      }
    }),
    { numRuns: 5000 },
  )
  t.ok(codes.size >= 4, [...codes].join(' '))
  t.ok(performance.now() - started < 10_000)
})
