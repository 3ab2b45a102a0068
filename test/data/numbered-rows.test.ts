import fc from 'fast-check'
import t from 'tap'
import { readLibsvm } from '../../src/data/libsvm/table.ts'
import { eachRecord } from '../../src/data/recordio/frames.ts'
import { readRecords } from '../../src/data/recordio/table.ts'
import type { SparseRow, SparseSink } from '../../src/data/row.ts'
import { frameRecords, type TensorKind, type TestTensor, writeRecord } from '../helpers/judged-formats.ts'

interface PlainRow {
  line: number
  label: number
  query: string
  weight: number
  cells: Record<number, number>
  width: number
}

class Rows implements SparseSink {
  readonly rows: PlainRow[] = []
  begin(): void {}
  row({ line, label, query, weight, count, indices, values, width }: SparseRow): void {
    const cells = Object.fromEntries(
      Array.from({ length: count }, (_, cell) => [indices[cell]!, values[cell]!]),
    )
    this.rows.push({ line, label, query, weight, cells, width })
  }
}

/** Cuts bytes into chunks of the sizes named, the last one repeated. */
function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  // One buffer for all chunks: a reader that keeps one sees it change.
  const buffer = new Uint8Array(Math.max(1, ...sizes))
  for (let at = 0, chunk = 0; at < bytes.length; chunk++) {
    const size = Math.max(1, sizes[Math.min(chunk, sizes.length - 1)]!)
    const part = bytes.subarray(at, at + size)
    buffer.set(part)
    yield buffer.subarray(0, part.length)
    at += size
  }
}

async function libsvm(text: string, { indexBase = 0 as 0 | 1, sizes = [1 << 20] } = {}): Promise<PlainRow[]> {
  const sink = new Rows()
  await readLibsvm('x.libsvm', cut(new TextEncoder().encode(text), sizes), { indexBase }, sink)
  return sink.rows
}

async function records(bytes: Uint8Array, sizes = [1 << 20]): Promise<PlainRow[]> {
  const sink = new Rows()
  await readRecords('x.pbr', cut(bytes, sizes), sink)
  return sink.rows
}

const NaN32 = Number.NaN

t.test('libsvm: what a line may hold', async (t) => {
  const text = [
    '\uFEFF# made by hand',
    '1 qid:007 0:1.5 2:-3e-2 # the best one: 9:9',
    '',
    '  2\tqid:7\t5:1   1:+4  ',
    '0:0.5 qid:18446744073709551616 3:nan\r',
    '-1.5',
  ].join('\n')
  t.same(await libsvm(text), [
    { line: 2, label: 1, query: '7', weight: NaN32, cells: { 0: 1.5, 2: Math.fround(-0.03) }, width: 3 },
    { line: 4, label: 2, query: '7', weight: NaN32, cells: { 5: 1, 1: 4 }, width: 6 },
    { line: 5, label: 0, query: '18446744073709551616', weight: 0.5, cells: { 3: NaN32 }, width: 4 },
    { line: 6, label: -1.5, query: '', weight: NaN32, cells: {}, width: 0 },
  ])
  t.same((await libsvm('1 1:5 3:7\n', { indexBase: 1 }))[0]!.cells, { 0: 5, 2: 7 })
  const many = Array.from({ length: 1000 }, (_, index) => `${index}:${index}`)
  t.same((await libsvm(`1 ${many.reverse().join(' ')}`))[0]!.width, 1000, 'any number of pairs, in any order')
})

t.test('libsvm: any rows come back, however they are cut into chunks', async (t) => {
  const row = fc.record({
    label: fc.integer({ min: 0, max: 31 }),
    qid: fc.nat(1000),
    cells: fc.dictionary(fc.nat(5000).map(String), fc.float({ noNaN: true, noDefaultInfinity: true }), {
      maxKeys: 6,
    }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(9), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n'),
      async (rows, sizes, newline) => {
        rows.sort((a, b) => a.qid - b.qid)
        const lines = rows.map(({ label, qid, cells }) =>
          [label, `qid:${qid}`, ...Object.entries(cells).map(([index, value]) => `${index}:${value}`)].join(
            ' ',
          ),
        )
        const seen = await libsvm(lines.join(newline), { sizes })
        t.same(
          seen.map(({ label, query, cells }) => ({ label, qid: Number(query), cells })),
          rows,
        )
      },
    ),
    { numRuns: 100 },
  )
})

t.test('libsvm: what is refused', async (t) => {
  const refused: [string, RegExp, (0 | 1)?][] = [
    ['label,qid,x', /line 1 has "label,qid,x": wanted a label first/],
    ['1 qid:1 0:1\ninf 0:1', /line 2 has "inf"/],
    [':1 0:1', /":1": wanted a label/],
    ['1:x 0:1', /"1:x": wanted a weight from 0/],
    ['1:-1 0:1', /wanted a weight from 0/],
    ['1 qid:-1 0:1', /"qid:-1": wanted qid: and a whole number/],
    ['1 qid: 0:1', /"qid:"/],
    ['1 qid:1.5 0:1', /"qid:1.5"/],
    ['1 0:1 qid:1', /"qid:1": wanted index:value with a whole index from 0/],
    ['1 qid:1 qid:2', /"qid:2": wanted index:value/],
    ['1 -1:3', /"-1:3": wanted index:value with a whole index from 0/],
    ['1 1.5:3', /"1.5:3"/],
    ['1 5', /"5": wanted index:value/],
    ['1 5:', /"5:": wanted index:value/],
    ['1 :5', /":5": wanted index:value/],
    ['1 5: 7', /"5:": wanted/],
    ['1 0:red', /"0:red": wanted a finite number/],
    ['1 0:inf', /"0:inf": wanted a finite number/],
    ['1 0:1e39', /"0:1e39"/],
    ['1 0:1,2', /"0:1,2"/],
    ['1 1000000:1', /"1000000:1": wanted an index up to 999999: rows become dense/],
    ['1 99999999999999999999999999:1', /wanted an index up to 999999/],
    ['1 0:1', /"0:1": wanted an index from 1, for libsvm_index_base is 1/, 1],
    ['1 3:1 3:1', /"3:1": wanted each index once a line/],
    ['1 3:1 2:1 5:1 2:2', /"2:2": wanted each index once/],
    [`1 ${'x'.repeat(500)}`, /"x{77}\.\.\."/],
  ]
  for (const [text, message, indexBase = 0] of refused) {
    await t.rejects(libsvm(text, { indexBase }), { code: 'LIBSVM_TOKEN', message }, text.slice(0, 60))
  }
  for (const [before, after] of [
    ['2', '1'],
    ['10', '9'],
    ['18446744073709551616', '18446744073709551615'],
  ]) {
    await t.rejects(libsvm(`1 qid:${before} 0:1\n1 qid:${after} 0:1`), {
      code: 'QID_DECREASES',
      message: `x.libsvm line 2 has qid "${after}" after qid "${before}": wanted qids that do not decrease within a file`,
    })
  }
  await t.rejects(libsvm('1 0:1\n\xff'), { code: 'LIBSVM_TOKEN' })
  const endless = function* () {
    for (;;) yield new Uint8Array(1 << 22).fill(0x31)
  }
  await t.rejects(readLibsvm('x', endless(), { indexBase: 0 }, new Rows()), { code: 'LINE_TOO_LONG' })
})

t.test(
  'RecordIO: any records come back, cut where they hold the magic word, however they come in chunks',
  async (t) => {
    const magic = Uint8Array.of(0x0a, 0x23, 0xd7, 0xce)
    const payload = fc
      .array(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.constant(magic)), { maxLength: 6 })
      .map((parts) => Buffer.concat(parts))
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { maxLength: 6 }),
        fc.array(fc.nat(40), { minLength: 1 }),
        async (all, sizes) => {
          const seen: Buffer[] = []
          await eachRecord('x', cut(frameRecords(all), sizes), (bytes) => seen.push(Buffer.from(bytes)))
          t.same(seen, all)
        },
      ),
      { numRuns: 200 },
    )
  },
)

t.test('records: dense and sparse tensors of every kind', async (t) => {
  const label = {
    values: { values: [2] },
    qid: { kind: 'int32' as const, values: [12] },
    weight: { values: [0.5] },
  }
  const kinds: TensorKind[] = ['float32', 'float64', 'int32']
  for (const kind of kinds) {
    const bytes = frameRecords([
      writeRecord({ values: { kind, values: [4, -5, 6] } }, label),
      writeRecord({ values: { kind, values: [7], keys: [9], shape: [20] } }, label),
      writeRecord({ values: { kind, values: [7, 8], keys: [9, 3] } }, label),
      writeRecord({ values: { kind, values: [], shape: [20] } }, label),
      writeRecord({ values: { kind, values: [1, 2, 3] } }, { values: { kind, values: [1] } }),
    ])
    const common = { label: 2, query: '12', weight: 0.5 }
    for (const sizes of [[1 << 20], [1, 30, 7]]) {
      t.same(
        await records(bytes, sizes),
        [
          { line: 1, ...common, cells: { 0: 4, 1: -5, 2: 6 }, width: 3 },
          { line: 2, ...common, cells: { 9: 7 }, width: 20 },
          { line: 3, ...common, cells: { 3: 8, 9: 7 }, width: 10 },
          { line: 4, ...common, cells: {}, width: 20 },
          { line: 5, label: 1, query: '', weight: NaN32, cells: { 0: 1, 1: 2, 2: 3 }, width: 3 },
        ],
        kind,
      )
    }
  }
})

t.test('records: what is refused', async (t) => {
  const values = { values: [1, 2] }
  const one = { values: { values: [1] } }
  const content: [Record<string, TestTensor>, Record<string, TestTensor>, RegExp][] = [
    [{}, one, /record 2: features\["values"\] is absent/],
    [{ values }, {}, /label\["values"\] is absent, wanted the label of the row/],
    [{ values }, { values }, /label\["values"\] is 2 values, wanted one value/],
    [{ values }, { ...one, qid: { values: [Number.NaN] } }, /label\["qid"\] is NaN/],
    [{ values }, { ...one, weight: { values: [-1] } }, /label\["weight"\] is -1, wanted a number from 0/],
    [{ values: { values: [1] } }, one, /is 1 values, wanted 2, as in the records before/],
    [
      { values: { values: [1, Number.POSITIVE_INFINITY] } },
      one,
      /column 1 is Infinity, wanted a finite number/,
    ],
    [{ values: { kind: 'float64', values: [1e300, 1] } }, one, /column 0 is 1e\+300/],
    [{ values: { values: [1, 2], keys: [0] } }, one, /2 values with 1 keys/],
    [{ values: { values: [1, 2], keys: [3, 3] } }, one, /a key twice/],
    [{ values: { values: [1], keys: [5], shape: [5] } }, one, /key 5 in a shape of 5/],
    [{ values: { values: [1], keys: [2 ** 40] } }, one, /columns wide, wanted at most 1000000/],
  ]
  for (const [features, label, message] of content) {
    const bytes = frameRecords([writeRecord({ values }, one), writeRecord(features, label)])
    await t.rejects(records(bytes), { code: 'RECORD_CONTENT', message }, String(message))
  }
  const whole = frameRecords([writeRecord({ values }, one), writeRecord({ values }, one)])
  const half = whole.length / 2
  const damaged: [Uint8Array, RegExp][] = [
    [whole.subarray(0, -1), /record 2 is damaged: it ends after \d+ of its \d+ bytes/],
    [whole.subarray(0, half + 5), /record 2 is damaged: it ends after 5 of its 8 bytes/],
    [whole.subarray(1), /record 1 is damaged: it starts with 0x/],
    [
      Buffer.concat([whole, Buffer.from('\n\n\n\n\n\n\n\n')]),
      /record 3 is damaged: it starts with 0xa0a0a0a/,
    ],
    [frameRecords([Uint8Array.of(0x0a, 0xff)]), /record 1 is damaged: its protobuf is broken/],
    [frameRecords([Buffer.from('label,qid\n')]), /its protobuf is broken/],
    [new Uint8Array(8).fill(0xff), /it starts with 0xffffffff/],
  ]
  const flags = Buffer.from(whole)
  flags.writeUInt32LE((flags.readUInt32LE(4) | (2 << 29)) >>> 0, 4)
  damaged.push([flags, /a part with the flag 2 is out of place/])
  const first = Buffer.from(whole)
  first.writeUInt32LE((first.readUInt32LE(half + 4) | (1 << 29)) >>> 0, half + 4)
  damaged.push([first, /it ends before its last part/])
  const huge = Buffer.from(whole)
  huge.writeUInt32LE(0x1fffffff, 4)
  damaged.push([huge, /it has 536870911 bytes/])
  for (const [bytes, message] of damaged) {
    await t.rejects(records(bytes), { code: 'RECORD_DAMAGED', message }, String(message))
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
      const flipped = Buffer.from(whole)
      flipped[at] = byte
      await records(flipped).catch((error) => t.match(error.code, /^RECORD_/, `byte ${at} is ${byte}`))
    }),
    { numRuns: 200 },
  )
})
