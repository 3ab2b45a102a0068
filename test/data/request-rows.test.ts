import fc from 'fast-check'
import t from 'tap'
import { readLibsvmRows } from '../../src/data/libsvm/rows.ts'
import { readNpy, writeNpy } from '../../src/data/npy.ts'
import { readRecordRows } from '../../src/data/recordio/rows.ts'
import { writeRecords } from '../../src/data/recordio/writer.ts'
import { checkCells, RowList } from '../../src/data/request/row-list.ts'
import { frameRecords, writeRecord } from '../helpers/judged-formats.ts'

const FEATURES = ['price', 'cost', 'age']
const _ = Number.NaN

/** `.npy` as NumPy writes it. */
function npy(dictionary: string, data: Uint8Array | readonly number[], version = 1): Buffer {
  const header = Buffer.from(`${dictionary}\n`)
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(header.length)
  else length.writeUInt32LE(header.length)
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version, 0)}`, 'latin1'),
    length,
    header,
    Buffer.from(data),
  ])
}

const dictionary = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`

t.test('npy: types, byte orders and element orders', async (t) => {
  const writers: Record<
    string,
    [bytes: number, write: (view: DataView, at: number, value: number, little: boolean) => void]
  > = {
    f4: [4, (view, at, value, little) => view.setFloat32(at, value, little)],
    f8: [8, (view, at, value, little) => view.setFloat64(at, value, little)],
    i1: [1, (view, at, value) => view.setInt8(at, value)],
    i2: [2, (view, at, value, little) => view.setInt16(at, value, little)],
    i4: [4, (view, at, value, little) => view.setInt32(at, value, little)],
    i8: [8, (view, at, value, little) => view.setBigInt64(at, BigInt(value), little)],
    u1: [1, (view, at, value) => view.setUint8(at, value)],
    u2: [2, (view, at, value, little) => view.setUint16(at, value, little)],
    u4: [4, (view, at, value, little) => view.setUint32(at, value, little)],
    u8: [8, (view, at, value, little) => view.setBigUint64(at, BigInt(value), little)],
  }
  for (const [kind, [bytes, write]] of Object.entries(writers)) {
    for (const order of bytes === 1 ? ['|'] : ['<', '>', '=']) {
      const view = new DataView(new ArrayBuffer(6 * bytes))
      for (let at = 0; at < 6; at++)
        write(view, at * bytes, kind.startsWith('u') ? at : at - 3, order !== '>')
      const values = Array.from({ length: 6 }, (_, at) => (kind.startsWith('u') ? at : at - 3))
      const data = new Uint8Array(view.buffer)
      const c = readNpy(npy(dictionary(order + kind, '(2, 3)'), data), FEATURES)
      t.same([...c.values], values, order + kind)
      const fortran = readNpy(npy(dictionary(order + kind, '(2, 3)', 'True'), data), FEATURES)
      t.same(
        [...fortran.values],
        [0, 2, 4, 1, 3, 5].map((at) => values[at]),
        `${order}${kind} in Fortran's order`,
      )
    }
  }
  const one = Buffer.from(Float32Array.of(1, _, 3).buffer)
  t.match(readNpy(npy(dictionary('<f4', '(3,)'), one), FEATURES), { count: 1, width: 3 }, 'one row')
  t.same([...readNpy(npy(dictionary('<f4', '(1, 3)'), one, 2), FEATURES).values], [1, _, 3])
  t.equal(readNpy(npy(dictionary('<f4', '(0, 3)'), []), FEATURES).count, 0)
  const python2 = `{'shape': (1L, 3L), 'fortran_order': False, 'descr': '<f4'}`
  t.equal(readNpy(npy(python2, one, 3), FEATURES).count, 1)
})

t.test('npy: what is written is what NumPy reads', async (t) => {
  const written = writeNpy([1.5, -2, _])
  t.equal(written.length % 4, 0)
  t.equal(written.readUInt16LE(8) % 64, 54, 'elements start at a multiple of 64 bytes')
  t.same([...readNpy(written, FEATURES).values], [1.5, -2, _])
  t.match(
    written.toString('latin1', 10),
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3,\), \} *\n/,
  )
})

t.test('npy: what is refused', async (t) => {
  const row = Buffer.from(Float32Array.of(1, 2, 3).buffer)
  const cases: [code: string, body: Buffer, message: RegExp][] = [
    ['BODY_EMPTY', Buffer.alloc(0), /./],
    ['BODY_UNREADABLE', Buffer.from('1,2,3'), /no \.npy/],
    ['BODY_UNREADABLE', npy(dictionary('<f4', '(1, 3)'), row).subarray(0, 9), /cut off/],
    ['BODY_UNREADABLE', npy(dictionary('<f4', '(1, 3)'), row).subarray(0, 30), /cut off/],
    ['BODY_UNREADABLE', npy(dictionary('<f4', '(1, 3)'), row, 9), /version is 9/],
    ['BODY_UNREADABLE', npy(dictionary('<f4', '(2, 3)'), row), /needs 24 bytes of data, and 12/],
    [
      'BODY_UNREADABLE',
      npy(dictionary('<f4', '(1, 3)'), Buffer.concat([row, row])),
      /needs 12 bytes of data, and 24/,
    ],
    ['BODY_UNREADABLE', npy(dictionary('<f4', '(99999999999999999999, 3)'), row), /needs/],
    ['BODY_UNREADABLE', npy(dictionary('<f4', '(-1, 3)'), row), /none of NumPy/],
    ['BODY_UNREADABLE', npy('{}', row), /none of NumPy/],
    ['BODY_UNREADABLE', npy('x'.repeat(70_000), row, 2), /cut off/],
    ['BAD_ARRAY', npy(dictionary('|O', '(1, 3)'), row), /type "\|O".*integers/],
    ['BAD_ARRAY', npy(dictionary('<U8', '(1, 3)'), row), /<U8/],
    ['BAD_ARRAY', npy(dictionary('|b1', '(1, 3)'), row.subarray(0, 3)), /b1/],
    ['BAD_ARRAY', npy(dictionary('__proto__', '(1, 3)'), row), /__proto__/],
    ['BAD_ARRAY', npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}", row), /records/],
    ['BAD_ARRAY', npy(dictionary('<f4', '()'), row.subarray(0, 4)), /0 dimensions/],
    ['BAD_ARRAY', npy(dictionary('<f4', '(1, 1, 3)'), row), /3 dimensions/],
    ['WRONG_WIDTH', npy(dictionary('<f4', '(3, 1)'), row), /1 value: .* 3 features/],
    [
      'BAD_VALUE',
      npy(dictionary('<f4', '(1, 3)'), new Uint8Array(Float32Array.of(1, 2, Infinity).buffer)),
      /row 1, column "age" is Infinity/,
    ],
    [
      'BAD_VALUE',
      npy(dictionary('<f8', '(3,)'), new Uint8Array(Float64Array.of(1, 1e39, 2).buffer)),
      /1e\+39/,
    ],
  ]
  for (const [code, body, message] of cases)
    t.throws(() => readNpy(body, FEATURES), { code, message }, String(message))
})

t.test('libsvm: index i is column i, label and qid do not matter', async (t) => {
  const read = (text: string, base: 0 | 1 = 0) => {
    const { values, count } = readLibsvmRows(Buffer.from(text), 3, base)
    return Array.from({ length: count }, (_, row) => [...values.subarray(row * 3, row * 3 + 3)])
  }
  t.same(read('0:1 2:3\n'), [[1, _, 3]])
  t.same(read('4 0:1 2:3'), [[1, _, 3]], 'a label')
  t.same(
    read('4 qid:7 0:1 2:3\r\n-1 qid:2 1:5\n'),
    [
      [1, _, 3],
      [_, 5, _],
    ],
    'qids in any order',
  )
  t.same(read('qid:7 1:5'), [[_, 5, _]])
  t.same(read('4:0.5 qid:7 1:5'), [[_, 5, _]], 'a label with its weight, before a qid')
  t.same(read('1:0.5 2:5'), [[_, 0.5, 5]], 'else a pair')
  t.same(read('2:3 0:1 # note'), [[1, _, 3]])
  t.same(
    read('1\n\n2\n'),
    [
      [_, _, _],
      [_, _, _],
      [_, _, _],
    ],
    'an empty line is a row of missing values',
  )
  t.same(read('1 1:1 3:3', 1), [[1, _, 3]], 'from 1 where the model was trained so')
  t.same(read('0:nan 1:-0'), [[_, -0, _]])

  const refused: [code: string, text: string, message: RegExp, base?: 0 | 1][] = [
    ['BODY_EMPTY', '', /empty/],
    ['INDEX_PAST_WIDTH', '0:1\n1:2 3:1', /row 2 has index 3: the model takes 3 features, indices 0 to 2/],
    ['INDEX_PAST_WIDTH', '4:1', /index 4: .* indices 1 to 3/, 1],
    ['LIBSVM_TOKEN', '2147483648:1', /line 1 has "2147483648:1"/],
    ['LIBSVM_TOKEN', '-1:1', /"-1:1"/],
    ['LIBSVM_TOKEN', '0:1', /index from 1/, 1],
    ['LIBSVM_TOKEN', '1 a:1', /"a:1"/],
    ['LIBSVM_TOKEN', '1 1:', /"1:"/],
    ['LIBSVM_TOKEN', '1 1:inf', /finite/],
    ['LIBSVM_TOKEN', 'x 1:1', /label/],
    ['LIBSVM_TOKEN', '1 qid:x 1:1', /qid/],
    ['LIBSVM_TOKEN', '1:1 1:2', /once/],
    ['LIBSVM_TOKEN', '0:1\n# note', /line 2 has "# note"/],
    ['LIBSVM_TOKEN', '1,2,3', /"1,2,3"/],
  ]
  for (const [code, text, message, base] of refused) {
    t.throws(() => read(text, base), { code, message }, JSON.stringify(text))
  }
})

t.test('recordio-protobuf: dense and sparse records', async (t) => {
  const dense = (values: number[]) => writeRecord({ values: { values } }, {})
  const read = (...payloads: Uint8Array[]) => {
    const { values, count } = readRecordRows(frameRecords(payloads), 3)
    return Array.from({ length: count }, (_, row) => [...values.subarray(row * 3, row * 3 + 3)])
  }
  const label = { values: { values: [1, 2] } }
  t.same(read(dense([1, 2, 3]), dense([4, _, 6])), [
    [1, 2, 3],
    [4, _, 6],
  ])
  const sparse = { values: [7, 8], keys: [2, 0], shape: [3] }
  t.same(read(writeRecord({ values: sparse }, label)), [[8, _, 7]], 'and whatever label')

  const cases: [code: string, status: number, body: Uint8Array, message: RegExp][] = [
    ['BODY_EMPTY', 400, new Uint8Array(0), /empty/],
    [
      'WRONG_WIDTH',
      422,
      frameRecords([dense([1, 2, 3]), dense([1, 2])]),
      /row 2 has 2 values: .* 3 features/,
    ],
    [
      'INDEX_PAST_WIDTH',
      422,
      frameRecords([writeRecord({ values: { ...sparse, keys: [2, 3], shape: [4] } }, {})]),
      /index 3/,
    ],
    ['RECORD_CONTENT', 422, frameRecords([writeRecord({}, {})]), /absent/],
    ['RECORD_CONTENT', 422, frameRecords([dense([1, 2, Infinity])]), /Infinity/],
    ['RECORD_DAMAGED', 400, Buffer.from('1,2,3\n4,5,6'), /magic/],
    ['RECORD_DAMAGED', 400, frameRecords([dense([1, 2, 3])]).subarray(0, -1), /it ends after/],
    ['RECORD_DAMAGED', 400, frameRecords([Uint8Array.of(0xff, 0xff)]), /protobuf/],
  ]
  for (const [code, status, body, message] of cases) {
    t.throws(() => readRecordRows(body, 3), { code, status, message }, String(message))
  }
  const answer = writeRecords([{ label: { score: [1.5] }, uid: 'a' }, { label: { score: [2], rank: [1] } }])
  t.throws(() => readRecordRows(answer, 3), { code: 'RECORD_CONTENT' }, 'records, but of no features')
})

t.test('a small body does not become large', async (t) => {
  const most = {
    code: 'TOO_MANY_CELLS',
    status: 413,
    message: /67109 rows of 1000 features.* at most 67108 rows/,
  }
  t.throws(() => checkCells(67_109, 1000), most)
  t.doesNotThrow(() => checkCells(67_108, 1000))
  const nearly = new RowList(1 << 25, 1)
  nearly.add()
  nearly.add()
  t.throws(() => nearly.add(), { code: 'TOO_MANY_CELLS' })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (rows) => {
      const list = new RowList(2, 1)
      for (let row = 0; row < rows; row++) {
        const at = list.add()
        list.values.fill(row, at, at + 2)
      }
      return list.finish().values.every((value, at) => value === Math.floor(at / 2))
    }),
    { numRuns: 5 },
  )
  t.pass()
})
