import { gzipSync } from 'node:zlib'
import { columnFromArray, float64, int32, tableFromColumns, tableToIPC, utf8 } from '@uwdata/flechette'
import fc from 'fast-check'
import { frameRecords, writeRecord } from './judged-formats.ts'
import type { TestServer } from './server.ts'

export interface Request {
  readonly type: string
  readonly body: Buffer
}

/** Bodies that are right but for a few bytes: the ways into a reader's depths. */
function damaged(whole: Uint8Array): fc.Arbitrary<Buffer> {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))
  const change = fc.tuple(fc.nat(whole.length - 1), byte)
  return fc
    .record({
      changes: fc.array(change, { maxLength: 4 }),
      cut: fc.option(fc.nat(whole.length)),
      twice: fc.boolean(),
    })
    .map(({ changes, cut, twice }) => {
      const bytes = Buffer.from(whole)
      for (const [at, value] of changes) bytes[at] = value
      return twice ? Buffer.concat([bytes, bytes]) : bytes.subarray(0, cut ?? bytes.length)
    })
}

const pieces = (...parts: string[]) =>
  fc.array(fc.constantFrom(...parts)).map((list) => Buffer.from(list.join('')))

const HOSTILE_CELLS = [
  'nan',
  'inf',
  '-Infinity',
  '1e39',
  '-0',
  '1e-400',
  '1e400',
  '9'.repeat(400),
  '0x10',
  '1_0',
  '١',
  '"1"',
  '"',
  ' 1 ',
]
const csvPieces = pieces(
  '1',
  ',',
  ',',
  '\n',
  '\r\n',
  '\r',
  '\t',
  '9,4,1\n',
  '\u0000',
  'é',
  '\uFEFF',
  ...HOSTILE_CELLS,
)
const csvRow = fc
  .array(fc.oneof(fc.double().map(String), fc.constantFrom('', '1', ...HOSTILE_CELLS)), {
    minLength: 3,
    maxLength: 3,
  })
  .map((cells) => `${cells}\n`)
/** Of the right width, so that what is in the cells is read. */
const csv = fc.oneof(
  csvPieces,
  fc.array(csvRow, { minLength: 1, maxLength: 3 }).map((rows) => Buffer.from(rows.join(''))),
)
const libsvm = pieces(
  '1 ',
  ' ',
  '\n',
  '0:1',
  ' 1:2',
  ' 2:3',
  ' 2147483648:1',
  ' -1:1',
  ' qid:1',
  'qid:',
  '#',
  ':',
  '1:0.5 ',
  ' 0:inf',
  ' 99999999999999999999:1',
)

const key = fc.constantFrom('id', 'price', 'cost', 'age', '__proto__', 'constructor', 'toString', 'x', '')
const number = fc.oneof(fc.double(), fc.constantFrom(-0, 1e39, 1e308, 5e-324, 2 ** 53, 2 ** 64))
const json = fc.jsonValue({ maxDepth: 4 })
const item = fc.oneof(
  fc.record({ id: fc.oneof(fc.string(), number), price: number, cost: number, age: fc.constant(null) }),
  fc.dictionary(key, fc.oneof(number, json)),
  json,
)
const options = fc.oneof(
  json,
  fc.record({ output: fc.oneof(json, fc.subarray(['score', 'rank', 'contributions', 'x'])) }),
)
const query = fc.record(
  {
    items: fc.oneof(fc.array(item, { maxLength: 5 }), json),
    limit: fc.oneof(fc.integer({ min: -1, max: 9 }), json),
    explain: fc.oneof(fc.boolean(), json),
    query: json,
    context: json,
    options,
    __proto: json,
  },
  { requiredKeys: ['items'] },
)
const tensor = fc.record(
  {
    values: fc.oneof(fc.array(number), json),
    keys: fc.oneof(fc.array(fc.integer({ min: -1, max: 4 })), json),
    shape: json,
  },
  { requiredKeys: ['values'] },
)
const instance = fc.oneof(
  fc
    .array(fc.oneof(number, fc.constant(null)), { minLength: 3, maxLength: 3 })
    .map((features) => ({ features })),
  json.map((features) => ({ features })),
  tensor.map((features) => ({ data: { features } })),
)
const instances = fc.record(
  { instances: fc.oneof(fc.array(instance), json), options },
  { requiredKeys: ['instances'] },
)
const asJson = (value: unknown) => JSON.stringify(value) ?? 'null'
const jsonText = fc.oneof(
  fc.oneof(query, instances, fc.array(fc.oneof(query, json))).map(asJson),
  fc.json(),
  fc
    .tuple(fc.constantFrom('[', '{"a":', '{"items":[', '{"instances":[['), fc.nat(20_000))
    .map(([part, times]) => part.repeat(times)),
  fc.nat(5000).map((depth) => `{"items":[{"id":1e999,"x":${'['.repeat(depth)}${']'.repeat(depth)}}]}`),
  fc.constant('{"items":[{"id":1,"__proto__":{"price":1},"price":1,"cost":1,"age":1}]}'),
)
const lines = fc
  .array(
    fc.oneof(fc.oneof(query, instance).map(asJson), fc.json(), fc.constantFrom('', '\r', '\uFEFF', '\u0000')),
  )
  .map((list) => Buffer.from(list.join('\n')))

export const record = (values: number[], keys?: number[]) =>
  writeRecord({ values: { values, ...(keys && { keys, shape: [3] }) } }, {})
const RECORDS = frameRecords([record([9, 4, 1]), record([7], [2]), record([Number.NaN, 0, -0])])
const NPY = npyOf([1, 2, 3, Number.NaN, 5, 6], '(2, 3)')
const npyHeader = fc
  .record({
    descr: fc.constantFrom('<f4', '>f8', '|u1', '<i8', '|O', '<U1', '<f2', '|b1', ''),
    order: fc.constantFrom('True', 'False', 'Maybe'),
    shape: fc.constantFrom(
      '(3,)',
      '(1, 3)',
      '(2, 3)',
      '(3, 1)',
      '()',
      '(0, 3)',
      '(-1, 3)',
      '(4294967296, 3)',
      '(1, 3, 1)',
      "('3',)",
    ),
    bytes: fc.constantFrom(0, 3, 12, 24, 48),
  })
  .map(({ descr, order, shape, bytes }) => {
    const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`
    const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')
    head.writeUInt16LE(text.length, 8)
    return Buffer.concat([head, Buffer.from(text), Buffer.alloc(bytes, 1)])
  })
const ARROW = tableToIPC(
  tableFromColumns({
    id: columnFromArray(['a', 'b'], utf8()),
    price: columnFromArray([9, null], float64()),
    cost: columnFromArray([4, 6], int32()),
    age: columnFromArray([1, 2], float64()),
  }),
  { format: 'stream' },
)!

const bytes = fc.uint8Array({ maxLength: 200 }).map((list) => Buffer.from(list))
/** Bodies of every content type for a model of price, cost and age: hostile, damaged, and now and then right. */
export const BODIES: Readonly<Record<string, fc.Arbitrary<Buffer>>> = {
  'text/csv': csv,
  'text/csv; header=present': csv.map((body) => Buffer.concat([Buffer.from('price,cost,age\n'), body])),
  'text/libsvm': libsvm,
  'text/x-libsvm': libsvm,
  'application/json': jsonText.map((text) => Buffer.from(text)),
  'application/jsonlines': lines,
  'application/x-recordio-protobuf': damaged(RECORDS),
  'application/x-npy': fc.oneof(damaged(NPY), npyHeader),
  'application/vnd.apache.arrow.stream': damaged(ARROW),
}

/** float32 in an array of any shape. */
export function npyOf(values: readonly number[], shape: string): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }\n`
  const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')
  head.writeUInt16LE(text.length, 8)
  return Buffer.concat([head, Buffer.from(text), Buffer.from(Float32Array.from(values).buffer)])
}

/** Requests whose answers must not change, whatever was sent before them. */
const GOOD: readonly Request[] = [
  { type: 'text/csv', body: Buffer.from('9,4,1\n11,6,\n') },
  {
    type: 'application/json',
    body: Buffer.from('{"items":[{"id":1,"price":9,"cost":4,"age":1}],"explain":true}'),
  },
  { type: 'application/x-recordio-protobuf', body: RECORDS },
  { type: 'application/vnd.apache.arrow.stream', body: Buffer.from(ARROW) },
]

/** What an answer may be: a file, a module or a stack of ours is never part of it. */
const TELLS = /\.ts\b|node_modules|\bat .+:\d+:\d+|::|\/(?:work|tmp|home|root|opt|usr)\/|undefined|\[object/
const LONGEST_MESSAGE = 1500

/**
 * Sends a server bodies of a type: whatever they are, the answer is a score or a refusal of the client's, tells nothing
 * of the machine, and the next good request is answered as ever.
 * @returns how often each status was given. @throws fast-check's report with the smallest body that breaks it
 */
export async function sendHostile(
  { invoke }: Pick<TestServer, 'invoke'>,
  type: string,
  parameters: fc.Parameters<[Buffer, string, number]>,
): Promise<Map<number, number>> {
  const answerTo = async ({ type, body }: Request) =>
    (await invoke(body, { 'content-type': type, accept: '*/*' })).rawPayload
  const wanted = await Promise.all(GOOD.map(answerTo))
  const statuses = new Map<number, number>()
  const body = BODIES[type]!
  const packed = fc.oneof(
    { weight: 12, arbitrary: body },
    { weight: 2, arbitrary: bytes },
    { weight: 1, arbitrary: body.map((one) => gzipSync(one)) },
  )
  const accept = fc.constantFrom(
    '*/*',
    '*/*',
    '*/*',
    'application/json',
    'text/csv',
    'application/x-npy, */*;q=0.1',
    'application/x-recordio-protobuf',
  )
  const property = fc.asyncProperty(packed, accept, fc.nat(GOOD.length - 1), async (sent, accept, next) => {
    const answer = await invoke(sent, { 'content-type': type, accept })
    const { statusCode, payload } = answer
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    if (![200, 400, 406, 413, 422].includes(statusCode)) throw new Error(`${statusCode}: ${payload}`)
    if (statusCode !== 200) {
      const { code, message } = answer.json().error
      if (!/^[A-Z_]+$/.test(code) || message === '') throw new Error(payload)
      // What was sent may be quoted, and nothing else.
      if (TELLS.test(message.replaceAll(/"(?:[^"\\]|\\.)*"/g, ''))) throw new Error(message)
      if (message.length > LONGEST_MESSAGE) throw new Error(`${message.length} characters`)
    }
    if (!(await answerTo(GOOD[next]!)).equals(wanted[next]!))
      throw new Error('a good request is answered in another way')
  })
  await fc.assert(property, parameters)
  return statuses
}
