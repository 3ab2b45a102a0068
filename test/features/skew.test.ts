import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { SchemaElement } from 'hyparquet'
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer'
import t from 'tap'
import type { Query } from '../../src/data/request/query.ts'
import type { Rows } from '../../src/data/request/row-list.ts'
import { inputFn } from '../../src/serving/input-fn.ts'
import type { ModelInfo } from '../../src/serving/model.ts'
import { emptyFolder } from '../helpers/model.ts'
import { readBySpec } from '../helpers/spec-data.ts'

/** Numbers as files have them: whole, with fractions, tiny, huge and negative. */
const number = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1e-40, 3.3e38, 0.1, 1e15 / 3),
)
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 6 })
const word = fc.constantFrom(
  'oak',
  'Oak',
  'TABLE',
  'café',
  'cafe\u0301',
  '東京',
  'ß',
  'x-1',
  '3',
  '3.0',
  '٣',
  'ﬁne',
  "o'",
)
const text = fc.oneof(
  fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((one) => one.replace(/[\0\ufeff\ufffd]/gu, '')),
)
const category = fc.oneof(word, fc.constantFrom('new', 'old', ' new ', '7', '07', '7.0'))
const date = fc.constantFrom(
  '2026-01-02',
  '2026-01-02T03:04:05.678Z',
  '2020-02-29T23:59:59+05:30',
  '1969-12-31 10:00',
)
const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -9, max: 9 }), {
  minLength: 3,
  maxLength: 3,
})

const item = fc.record({
  n1: some(number),
  n2: some(number),
  'a name': some(number),
  c1: some(category),
  t1: some(text),
  d1: some(date),
  v1: some(vector),
  unused: fc.oneof(some(text), fc.boolean(), fc.constant([{}])),
})
const query = fc.record({
  query: fc.record({ n: some(number), t: some(text), d: some(date), v: some(vector), c: some(category) }),
  items: fc.array(item, { minLength: 1, maxLength: 5 }),
})
type Judged = typeof query extends fc.Arbitrary<infer T> ? T : never

/** Something of each kind, of which a spec takes some in any order. */
const FEATURES: readonly object[] = [
  { kind: 'numeric', column: 'n1' },
  { kind: 'numeric', column: 'query.n' },
  { kind: 'derived', name: 'margin', expr: '(n1 - n2) / n1' },
  {
    kind: 'derived',
    name: 'mix',
    expr: 'missing(n2) ? query.n * 2 : max(item["a name"], log1p(abs(n1)), 0.1)',
  },
  { kind: 'categorical', name: 'native', column: 'c1', max: 3 },
  { kind: 'categorical', name: 'one hot', column: 'c1', encode: 'onehot', max: 2, other: false },
  { kind: 'categorical', name: 'of query', column: 'query.c' },
  { kind: 'categorical', name: 'of numbers', column: 'n2', encode: 'onehot', max: 2 },
  {
    kind: 'text',
    name: 'words',
    column: 't1',
    against: 'query.t',
    measures: ['shared', 'coverage', 'bm25', 'phrase', 'first', 'trigrams', 'length'],
    hash: { buckets: 3, ngrams: 2 },
  },
  {
    kind: 'text',
    name: 'several',
    column: ['c1', 't1', 'query.c'],
    against: 'query.t',
    measures: ['trigrams', 'bm25', 'phrase'],
    plurals: true,
  },
  { kind: 'date', name: 'age', column: 'd1', at: 'query.d', unit: 'hours' },
  {
    kind: 'group',
    name: 'g',
    of: 'n1',
    measures: ['rank', 'percentile', 'zscore', 'minmax', 'from_best', 'from_median'],
  },
  { kind: 'group', name: 'low', of: 'n2', measures: ['rank', 'percentile', 'from_best'], best: 'lowest' },
  { kind: 'embedding', name: 'spread', column: 'v1' },
  { kind: 'embedding', name: 'near', column: 'v1', against: 'query.v', measures: ['cosine', 'dot', 'l2'] },
  { kind: 'position', name: 'place', column: 'place', serve: 2 },
  { kind: 'prior', name: 'rate', columns: ['c1', 'query.c'], smoothing: 3, folds: 2 },
]
/** What training alone knows of training rows. */
const ONLY_TRAINING = new Set(['position', 'prior'])

const jsonLine = ({ query, items }: Judged, qid: number, grade: (row: number) => number): string =>
  JSON.stringify({ qid, query, items: items.map((one, row) => ({ label: grade(row), place: row, ...one })) })

const cell = (value: unknown): string => {
  const text =
    value === null || value === undefined ? '' : Array.isArray(value) ? JSON.stringify(value) : String(value)
  // Words of a table that is meant to hold them: an empty cell and "" are the same.
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A table with its rows and columns in an order of their own. */
function toTable(queries: readonly Judged[], grade: (row: number) => number, turn: number): string {
  const names = ['label', 'qid', 'place', ...Object.keys(queries[0]!.items[0]!)]
  const ofQuery = Object.keys(queries[0]!.query)
  const header = rotated([...names, ...ofQuery.map((name) => `query.${name}`)], turn)
  const rows = queries.flatMap(({ query, items }, qid) =>
    items.map((one, row): Record<string, unknown> => {
      const prefixed = Object.fromEntries(
        Object.entries(query).map(([name, value]) => [`query.${name}`, value]),
      )
      return { label: grade(row), qid: `q${qid}`, place: row, ...one, ...prefixed }
    }),
  )
  // Queries one after the other, and yet the rows of a query apart.
  const order = rows.map((row, at) => [at % 2, row] as const).sort(([a], [b]) => a - b)
  return [header.map(cell), ...order.map(([, row]) => header.map((name) => cell(row[name])))].join('\n')
}

const rotated = <T>(list: readonly T[], turn: number): T[] => {
  const at = turn % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

const bits = (values: Float32Array): string =>
  Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join()

t.test('the matrix of training is the matrix of serving, to the bit', { timeout: 60_000 }, async (t) => {
  const folder = emptyFolder(t)
  let columns = 0
  const property = fc.asyncProperty(
    fc.shuffledSubarray([...FEATURES], { minLength: 1 }),
    fc.array(query, { minLength: 3, maxLength: 6 }),
    fc.array(query, { minLength: 1, maxLength: 4 }),
    fc.nat(20),
    async (features, train, validation, turn) => {
      const grade = (row: number) => row % 3
      // Without a vector, or any value, there is nothing to learn of it.
      Object.assign(train[0]!.items[0]!, { v1: [1, 2, 3], c1: 'new', n2: 4 })
      Object.assign(train[0]!.query, { v: [1, 0, 0], c: 'web' })
      writeFileSync(
        join(folder, 'train.jsonl'),
        train.map((one, qid) => jsonLine(one, qid, grade)).join('\n'),
      )
      writeFileSync(join(folder, 'validation.csv'), toTable(validation, grade, turn))
      writeFileSync(join(folder, 'test.csv'), toTable(train, grade, turn))
      const read = await readBySpec(t, JSON.stringify({ features }), {
        train: join(folder, 'train.jsonl'),
        validation: join(folder, 'validation.csv'),
        test: join(folder, 'test.csv'),
      })
      const { pipeline } = read.features!
      // As a manifest has it.
      const fitted = JSON.parse(JSON.stringify(pipeline.fitted))
      const model = {
        featureNames: pipeline.featureNames,
        features: { fitted, group: 'qid' },
      } as unknown as ModelInfo
      const invoke = (body: string, type: string) => inputFn(Buffer.from(body), type, { model })
      const { width } = pipeline
      columns += width

      const { train: learnt, validation: seen, test } = read.datasets
      const matrix = (data: typeof learnt) => data.matrix.view(0, data.rows).slice()
      const served = (queries: readonly Judged[], ids: readonly string[]) =>
        ids.map((id) => {
          const { query, items } = queries[Number(id.replace('q', ''))]!
          const numbered = items.map((one, id) => ({ id, ...one }))
          const straight = invoke(JSON.stringify({ query, items: numbered }), 'application/json') as Query
          const turned = invoke(
            JSON.stringify({ query, items: rotated(numbered, turn) }),
            'application/json',
          ) as Query
          for (const [at, id] of turned.ids.entries()) {
            const rowOf = (from: Query, row: number) =>
              bits(from.values.subarray(row * width, (row + 1) * width))
            if (rowOf(turned, at) !== rowOf(straight, id as number))
              throw new Error('the order of items shows')
          }
          return bits(straight.values)
        })
      // Rows of a query in the order of the file, which put the odd ones last.
      const reordered = (queries: readonly Judged[]): Judged[] => {
        let row = 0
        return queries.map(({ query, items }) => {
          const sides = items.map((one) => [row++ % 2, one] as const)
          return { query, items: sides.toSorted(([a], [b]) => a - b).map(([, one]) => one) }
        })
      }
      const same = (data: typeof learnt, queries: readonly Judged[]) => {
        const rows = served(queries, data.groups!.ids)
        if (bits(matrix(data)) !== rows.filter((one) => one !== '').join()) {
          throw new Error(`training ${bits(matrix(data))}\nserving  ${rows.join()}`)
        }
      }
      same(seen!, reordered(validation))
      same(test!, reordered(train))
      if (!features.some((one) => ONLY_TRAINING.has((one as { kind: string }).kind))) same(learnt, train)

      // The file itself as a request, rows in its own order.
      const table = invoke(toTable(validation, grade, turn), 'text/csv; header=present') as Rows
      const byRow = Array.from({ length: table.count }, (_, row) =>
        bits(table.values.subarray(row * width, (row + 1) * width)),
      )
      const values = matrix(seen!)
      const wanted = Array.from({ length: seen!.rows }, (_, row) =>
        bits(values.subarray(row * width, (row + 1) * width)),
      )
      if (byRow.toSorted().join(';') !== wanted.toSorted().join(';')) throw new Error('CSV gives other rows')
    },
  )
  await fc.assert(property, { numRuns: 40, seed: 7 })
  t.ok(columns > 40 * 5, `${columns} columns were compared`)
})

type Column = { readonly name: string; readonly data: readonly unknown[]; readonly type?: BasicType }

/** A file of Parquet: columns of one row, `x` among them, which may be a list. */
function parquet(columns: readonly Column[], list?: SchemaElement['type']): Buffer {
  const schema = list && [
    { name: 'root', num_children: columns.length },
    ...columns.flatMap(({ name, type }): SchemaElement[] =>
      name === 'x'
        ? [
            { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
            { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
            { name: 'element', type: list, repetition_type: 'OPTIONAL' },
          ]
        : [
            type === 'DOUBLE'
              ? { name, type, repetition_type: 'OPTIONAL' }
              : { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
          ],
    ),
  ]
  const columnData = schema ? columns.map(({ name, data }) => ({ name, data })) : columns
  return Buffer.from(parquetWriteBuffer({ columnData, ...(schema && { schema }) } as never))
}

t.test('the same value is the same feature in every format', { timeout: 60_000 }, async (t) => {
  const folder = emptyFolder(t)
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const query = { q: 'b 3', t: '2026-11-01' }
  const ofQuery = [
    { name: 'query.q', data: [query.q], type: 'STRING' },
    { name: 'query.t', data: [query.t], type: 'STRING' },
  ] as const
  const roles = [
    { name: 'label', data: [0], type: 'DOUBLE' },
    { name: 'qid', data: ['1'], type: 'STRING' },
  ] as const
  /** Of each kind: the values of training, and others, each as text of CSV, as JSON, and as a type of Parquet. */
  const kinds: readonly [
    object,
    readonly unknown[],
    readonly (readonly [csv: string, json: unknown, type?: BasicType | 'LIST', parquet?: unknown])[],
  ][] = [
    [
      { kind: 'numeric', column: 'x' },
      [1],
      [
        ['0.1', 0.1, 'DOUBLE'],
        ['16777217', 16777217, 'INT64', 16777217n],
        ['', null, 'DOUBLE'],
        ['1', 1, 'BOOLEAN', true],
      ],
    ],
    [
      { kind: 'categorical', column: 'x' },
      ['a', '0.1', 'true', '2026-01-02', 'é', '🙂', '9007199254740993', 'מזון'],
      [
        [' a ', ' a ', 'STRING'],
        ['0.1', 0.1, 'FLOAT', Math.fround(0.1)],
        ['.10', 0.1, 'DOUBLE'],
        ['True', true, 'BOOLEAN'],
        ['2026-01-02', '2026-01-02', 'STRING'],
        ['e\u0301', 'e\u0301', 'STRING'],
        ['🙂', '🙂', 'STRING'],
        ['9007199254740993', '9007199254740993', 'INT64', 9007199254740993n],
        ['\ufeffמזון\u00a0', 'מזון', 'STRING'],
        ['', null, 'STRING'],
        [' ', ' ', 'STRING'],
        ['never seen', 'never seen', 'STRING'],
      ],
    ],
    [
      { kind: 'text', column: 'x', against: 'query.q', measures: ['length', 'shared', 'trigrams'] },
      ['b'],
      [
        ['3', 3, 'INT32'],
        ['a"b, c\nd', 'a"b, c\nd', 'STRING'],
        ['\u200fe\u0301 🙂 b', '\u200fe\u0301 🙂 b', 'STRING'],
        ['x'.repeat(70_000), 'x'.repeat(70_000), 'STRING'],
        ['', null, 'STRING'],
      ],
    ],
    [
      { kind: 'date', column: 'x', at: 'query.t', unit: 'seconds' },
      ['2026-01-01'],
      [
        ['2026-01-02', '2026-01-02', 'STRING'],
        ['2026-01-02 03:04:05.6', '2026-01-02T03:04:05.6Z', 'TIMESTAMP', new Date('2026-01-02T03:04:05.6Z')],
        ['', null, 'STRING'],
      ],
    ],
    [
      { kind: 'embedding', column: 'x' },
      ['[1,2]'],
      [
        ['[0.1, -2]', [0.1, -2], 'LIST'],
        ['AACAPwAAAEA=', 'AACAPwAAAEA=', 'STRING'],
        ['', null, 'LIST'],
      ],
    ],
  ]
  for (const [feature, seen, values] of kinds) {
    const spec = JSON.stringify({ features: [feature] })
    const lines = seen.map((x, qid) => JSON.stringify({ qid, query, items: [{ label: 0, x }] }))
    const train = file('train.jsonl', lines.join('\n'))
    for (const [csv, json, type, given = json] of values) {
      const table = `label,qid,x,query.q,query.t\n0,1,${cell(csv)},${query.q},${query.t}\n`
      const x = { name: 'x', data: [given], ...(type !== 'LIST' && { type }) } as Column
      const columns = [...roles, x, ...ofQuery]
      const bytes = parquet(columns, type === 'LIST' ? 'FLOAT' : undefined)
      const tests = {
        csv: file('x.csv', table),
        jsonl: file('x.jsonl', JSON.stringify({ qid: 1, query, items: [{ label: 0, x: json }] })),
        parquet: file('x.parquet', bytes),
      }
      const found: Record<string, string> = {}
      let model: ModelInfo | undefined
      for (const [format, test] of Object.entries(tests)) {
        const { datasets, features } = await readBySpec(t, spec, { train, test })
        found[format] = bits(datasets.test!.matrix.view(0, 1).slice())
        const { featureNames, fitted } = features!.pipeline
        model = {
          featureNames,
          features: { fitted: JSON.parse(JSON.stringify(fitted)), group: 'qid' },
        } as never
      }
      const invoke = (body: string, type: string) =>
        inputFn(Buffer.from(body), type, { model: model! }) as Rows
      found.request = bits(
        invoke(JSON.stringify({ query, items: [{ id: 1, x: json }] }), 'application/json').values,
      )
      found['request of CSV'] = bits(invoke(table, 'text/csv; header=present').values)
      t.equal(
        new Set(Object.values(found)).size,
        1,
        `${csv.slice(0, 30)}: ${JSON.stringify(found).slice(0, 300)}`,
      )
    }
  }
})

t.test('what no request can say is refused before training', async (t) => {
  const folder = emptyFolder(t)
  const refused = async (features: object[], x: string, sentence: RegExp | undefined) => {
    const train = join(folder, 'train.csv')
    writeFileSync(train, `label,qid,x,query.t\n0,1,${x},1700009999\n1,1,1700000100,1700009999\n`)
    const read = () => readBySpec(t, JSON.stringify({ features }), { train })
    if (sentence) await t.rejects(read, { message: sentence })
    else await t.resolves(read)
  }
  const number = { kind: 'numeric', column: 'x' }
  const category = { kind: 'categorical', name: 'c', column: 'x' }
  const text = { kind: 'text', name: 't', column: 'x', measures: ['length'] }
  const date = { kind: 'date', name: 'd', column: 'x', at: 'query.t', epoch: 'seconds' }
  await refused(
    [number, category],
    'nan',
    /features\[1\] makes "c" \d of a row of training and missing of the same row/,
  )
  await refused([number, text], '3.0', /features\[1\] makes "t\.length" 2 of a row of training and 1 of/)
  await refused([number, category, date], '1700000000.5', undefined)
  await refused([number, date], '1700000000', undefined)
  await refused([date], '253402300800', /column "x" is "253402300800": wanted seconds since 1970/)
  await refused(
    [
      { ...category, encode: 'onehot' },
      { ...number, name: 'c=3' },
    ],
    '3',
    /features\[1\] makes a value called "c=3"/,
  )
  const other = { ...category, encode: 'onehot', max: 1 }
  await refused([other], '(other)', undefined)
})
