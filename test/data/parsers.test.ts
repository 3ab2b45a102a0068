import fc from 'fast-check'
import t from 'tap'
import { decodeText, parseJson } from '../../src/data/json/json.ts'
import { readLibsvmRows } from '../../src/data/libsvm/rows.ts'
import { readPlainCsv } from '../../src/data/plain/csv.ts'
import { readPlainInstances } from '../../src/data/plain/instances.ts'
import { readPlainLibsvm } from '../../src/data/plain/libsvm.ts'
import { parsers } from '../../src/data/plain/parsers.ts'
import { writeScoreText } from '../../src/data/plain/score-text.ts'
import { seededRandom } from '../../src/data/random.ts'
import { readInstances } from '../../src/data/request/instances.ts'
import type { Rows } from '../../src/data/request/row-list.ts'
import { slowlyShortest, tryNumbers } from '../helpers/number-campaign.ts'

const FEATURES = ['a', 'b', 'c']
const WIDTH = FEATURES.length

t.test(
  'any spelling is read as Math.fround(Number(text)), any float32 written as its shortest',
  async (t) => {
    const { tried, wrong } = tryNumbers(Date.now() % 1e9, 30)
    t.same(wrong.slice(0, 5), [])
    t.ok(tried >= 60_000)
  },
)

/** What a reader makes of a body, or why it does not. */
function outcome(read: () => Pick<Rows, 'count' | 'values'>): unknown {
  try {
    const { count, values } = read()
    return [count, ...values]
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
}

/** What is read quickly has to be what the general reader reads. @returns how many were, of several rows */
function agree(
  t: { fail(message: string): void },
  texts: fc.Arbitrary<string>,
  quick: (body: Buffer) => Rows | undefined,
  general: (body: Buffer) => Pick<Rows, 'count' | 'values'>,
): number {
  let several = 0
  fc.assert(
    fc.property(texts, (text) => {
      const body = Buffer.from(text)
      const rows = quick(body)
      if (rows === undefined) return
      if (rows.count > 1) several++
      const wanted = outcome(() => general(body))
      if (JSON.stringify(outcome(() => rows)) !== JSON.stringify(wanted))
        t.fail(`${JSON.stringify(text)}: ${outcome(() => rows)}, wanted ${wanted}`)
    }),
    { numRuns: 3000 },
  )
  return several
}

const value = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map(String),
  },
  { weight: 40, arbitrary: fc.integer({ min: -99, max: 99 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('-0', '1e5', '1E-3', '01', '.5', '5.', '+1', 'nan', 'inf', '1e39', '1.e5'),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '-', 'null', '0.12345678901234567', '٣') },
)
const rare = (text: string, ...others: string[]) =>
  fc.oneof({ weight: 30, arbitrary: fc.constant(text) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

t.test('libsvm: the quick reader and the general one agree', async (t) => {
  const pairs = fc
    .subarray([1, 2, 3, 4])
    .chain((indices) =>
      fc.tuple(
        ...indices.map((index) =>
          fc.tuple(value, rare(':', ' ', '', '::')).map(([v, colon]) => index + colon + v),
        ),
      ),
    )
  const line = fc
    .tuple(
      rare('', '3 ', '3:1 ', 'x ', ' '),
      rare('', 'qid:12 ', 'qid: ', 'qid:a '),
      pairs,
      rare(' ', '  ', '\t'),
      rare('', ' ', '\r', '#', ' \r', ' 0:1', ' qid:1'),
    )
    .map(([label, qid, pairs, blank, end]) => label + qid + pairs.join(blank) + end)
  for (const base of [0, 1] as const) {
    const several = agree(
      t,
      fc.array(line).map((lines) => lines.join('\n')),
      (body) => readPlainLibsvm(body, 5, base),
      // Indices out of order leave the whole body to the general reader.
      (body) => {
        const { values, count } = readLibsvmRows(Buffer.concat([Buffer.from('2:1 1:1\n'), body]), 5, base)
        return { values: values.subarray(5), count: count - 1 }
      },
    )
    t.ok(several > 100, `${several} bodies of several rows were read`)
  }
})

t.test('instances: the quick reader and JSON.parse agree', async (t) => {
  const json = fc.oneof(
    {
      weight: 20,
      arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map(String),
    },
    { weight: 5, arbitrary: fc.constant('null') },
    { weight: 1, arbitrary: value },
  )
  const blank = rare('', ' ', '\n', '\t\r', '\v')
  const row = fc
    .tuple(
      fc.array(
        fc.tuple(blank, json, blank).map((parts) => parts.join('')),
        { minLength: 3, maxLength: 3 },
      ),
      rare('{"features":[', '{ "features" : [ ', '{"featurez":[', '{"features"[', '{"data":['),
      rare(']}', ' ] } ', ']', ']]}', '],"x":1}', '}'),
      rare(',', ' , ', '', ',,'),
    )
    .map(([values, before, after, comma]) => [before + values.join(comma) + after])
  const body = fc
    .tuple(
      fc.array(row, { maxLength: 6 }),
      rare('{"instances":[', ' { "instances" : [', '{"instances":', '\uFEFF{"instances":['),
      rare(']}', ' ] }\n', ']', ']},', '],"explain":true}', '}'),
      rare(',', ' ,\n', ''),
    )
    .map(([rows, before, after, comma]) => before + rows.join(comma) + after)
  const several = agree(
    t,
    body,
    (body) => readPlainInstances(body, WIDTH),
    (body) => readInstances(parseJson(decodeText(body)) as { instances: [] }, FEATURES),
  )
  t.ok(several > 500, `${several} bodies of several rows were read`)
})

t.test('bodies of many pieces', async (t) => {
  const random = seededRandom(8)
  const rows = 30_000
  const cells = Array.from({ length: rows * WIDTH }, () => (random() * 1000).toPrecision(7))
  const wanted = Float32Array.from(cells, Number)
  const row = (index: number) => cells.slice(WIDTH * index, WIDTH * index + WIDTH)
  const each = (write: (row: string[]) => string, between: string) =>
    Array.from({ length: rows }, (_, index) => write(row(index))).join(between)
  const bodies: [Rows | undefined, string][] = [
    [readPlainCsv(Buffer.from(each(String, '\r\n')), WIDTH), 'CSV'],
    [
      readPlainLibsvm(
        Buffer.from(each((row) => row.map((one, at) => `${at}:${one}`).join(' '), '\n')),
        WIDTH,
        0,
      ),
      'libsvm',
    ],
    [
      readPlainInstances(
        Buffer.from(`{"instances":[${each((row) => `{"features": [${row}]}`, ', ')}]}`),
        WIDTH,
      ),
      'JSON',
    ],
  ]
  for (const [read, format] of bodies) {
    t.equal(read?.count, rows, format)
    t.ok(
      read && Buffer.from(read.values.buffer, 0, wanted.byteLength).equals(Buffer.from(wanted.buffer)),
      format,
    )
  }
  t.equal(parsers().kernel.memory.buffer.byteLength, 12 * 65_536, 'the memory is as large as before')
  const long = `${'0'.repeat(200_000)}1`
  t.equal(readPlainCsv(Buffer.from(`1\n${long}\n`), 1), undefined, 'a cell as long as a piece')
  t.equal(readPlainCsv(Buffer.from(`${','.repeat(39_999)}\n`), 40_000), undefined, 'a row of more cells')
  t.equal(
    readPlainLibsvm(Buffer.from('\n'.repeat(1000)), 100_000, 0),
    undefined,
    'empty lines do not fill the memory',
  )
  t.equal(readPlainInstances(Buffer.from(`{"instances":[${' '.repeat(300_000)}`), WIDTH), undefined)
})

t.test('scores as text', async (t) => {
  const json = {
    open: '[',
    before: '{"score":',
    after: '}',
    between: ',',
    close: ']',
    notFinite: () => 'null',
  }
  const scores = Float32Array.of(
    0.1,
    -0,
    1,
    -3.5,
    16777216,
    1e-7,
    1e21,
    2 ** -149,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  )
  t.equal(
    writeScoreText(scores, json).toString(),
    JSON.stringify(Array.from(scores, (score) => ({ score: slowlyShortest(score) }))),
  )
  t.equal(writeScoreText(new Float32Array(0), json).toString(), '[]')
  const many = Float32Array.from({ length: 10_000 }, (_, index) => Math.sin(index))
  t.equal(
    writeScoreText(many, { after: '\n', notFinite: String }).toString(),
    Array.from(many, (score) => `${slowlyShortest(score)}\n`).join(''),
  )
})
