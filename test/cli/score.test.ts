import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { hasHeader } from '../../src/cli/candidates.ts'
import { formatTable } from '../../src/cli/table.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { emptyFolder, FOREST, manifestOf, modelFolder, onnxOf } from '../helpers/model.ts'

const QUERY = {
  items: [
    { id: 'dear', price: 11, cost: 6, age: 1 },
    { id: 7, price: 9, cost: 4, age: 1 },
    { id: 'kept', price: 9, cost: 6, age: 1 },
  ],
}
const QUERY_TEXT = JSON.stringify(QUERY)

t.test('a query is shown as a table, best item first', async (t) => {
  const cwd = emptyFolder(t)
  writeTree(cwd, { 'query.json': QUERY_TEXT })
  const model = modelFolder(t)
  const score = (...argv: string[]) =>
    ranker(['score', '--model-path', model, ...argv], { cwd, stdin: QUERY_TEXT })
  t.match(await score('--input', 'query.json'), {
    code: 0,
    stderr: '',
    stdout: `rank  item    score
   1  kept   1.7500
   2  7      1.5000
   3  dear  -0.2500
`,
  })
  const top = await score('--input', '-', '--limit', '1')
  t.equal(top.stdout, 'rank  item   score\n   1  kept  1.7500\n')
  const json = await score('--input', 'query.json', '--format', 'json', '--limit=2')
  t.match(json.stdout, /^\{"ranking":\[\{"id":"kept".*"id":7,.*\}\n$/, 'as the server answers')
  t.notMatch(json.stdout, 'dear')
  t.equal((await score('--input', 'query.json', '--format', 'csv', '--limit', '1')).stdout, 'kept,1,1.75\n')
})

t.test('CSV with a header is ranked query by query, with price and margin', async (t) => {
  const cwd = emptyFolder(t)
  const featureNames = ['retail_price', 'cost', 'age']
  const goldenRows = { ...manifestOf().goldenRows, columns: featureNames }
  const model = modelFolder(t, {}, manifestOf({ featureNames, goldenRows }))
  writeTree(cwd, {
    'lots.csv': `qid,label,title,retail_price,cost,age
q1,0,"Lamp, red",20,12,1
q2,1,Chair,9,4,
q1,2,Table\u001b[31m,8,6,2
q1,1,Vase,,3,
`,
  })
  const score = (...argv: string[]) =>
    ranker(['score', '--model-path', model, '--input', 'lots.csv', ...argv], { cwd })
  const table = `query  rank  item          score  price  margin
q1        1  Table [31m   1.7500   8.00  25.0 %
q1        2  Lamp, red   -0.2500  20.00  40.0 %
q1        3  Vase        -0.5000
q2        1  Chair        1.5000   9.00  55.6 %
`
  t.equal((await score()).stdout, table)
  t.equal((await score('--limit', '1')).stdout.split('\n').length, 4)
  t.match(
    (await score('--group', 'label', '--item', 'qid')).stdout,
    /^query +rank +item .*\n0 +1 +q1 .*\n1 +1 +q2 /,
  )
  t.equal((await score('--format', 'csv')).stdout, '-0.25\n1.5\n1.75\n-0.5\n', 'in input order')
  t.match(await score('--format', 'csv', '--limit', '1'), { code: 1, stderr: /--limit goes with/ })
})

t.test('price and margin are shown where the input has their columns', async (t) => {
  const model = modelFolder(t)
  const score = async (items: object[], ...argv: string[]) => {
    const stdin = JSON.stringify({ items: items.map((item) => ({ price: 9, cost: 4, age: 1, ...item })) })
    return (await ranker(['score', '--model-path', model, '--input', '-', ...argv], { stdin })).stdout
  }
  const cases: [items: object[], table: string][] = [
    [[{ id: 'a' }], 'rank  item   score\n   1  a     1.5000\n'],
    [
      [{ id: 'a', retail_price: 8 }],
      'rank  item   score  price  margin\n   1  a     1.5000   8.00  50.0 %\n',
    ],
    [[{ id: 'a', retail_price: null }], 'rank  item   score  price  margin\n   1  a     1.5000\n'],
    [[{ id: 'a', retail_price: ' ' }], 'rank  item   score  price  margin\n   1  a     1.5000\n'],
    [[{ id: 'a', retail_price: [] }], 'rank  item   score  price  margin\n   1  a     1.5000\n'],
    [
      [{ id: 'a', title: { en: 'x' }, retail_price: '4' }],
      'rank  item   score  price  margin\n   1  a     1.5000   4.00   0.0 %\n',
    ],
    [[], 'rank  item  score\n'],
  ]
  for (const [items, table] of cases) t.equal(await score(items), table, JSON.stringify(items))

  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'model.onnx'), onnxOf({ ...FOREST, width: 1, trees: [] }))
  writeTree(folder, { 'lots.csv': 'f0,retail_price\n1,2.5\n', 'empty.csv': 'f0,retail_price,cost\n1,,\n' })
  const lots = (input: string) => ranker(['score', '--model-path', folder, '--input', join(folder, input)])
  t.equal((await lots('lots.csv')).stdout, 'rank  item    score  price\n   1  row 1  0.5000   2.50\n')
  t.equal((await lots('empty.csv')).stdout, 'rank  item    score  price  margin\n   1  row 1  0.5000\n')
})

t.test('a byte-order mark does not hide what the input is', async (t) => {
  const model = modelFolder(t)
  const cwd = emptyFolder(t)
  const text = JSON.stringify({ items: [{ id: 'a', title: 'Lamp', price: 9, cost: 4, age: 1 }] })
  writeTree(cwd, { 'query.json': `\ufeff${text}` })
  const score = (...argv: string[]) =>
    ranker(['score', '--model-path', model, ...argv], { cwd, stdin: `\ufeff${text}` })
  for (const input of ['query.json', '-']) {
    t.match((await score('--input', input)).stdout, /Lamp/)
    t.match(await score('--input', input, '--format', 'json', '--limit', '1'), {
      code: 0,
      stdout: /"ranking"/,
    })
  }
})

t.test('rows without names are numbered', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'model.onnx'), onnxOf(FOREST))
  writeTree(cwd, {
    'rows.csv': '11,6,\n9,4,1\n',
    'rows.json': { instances: [{ features: [9, 4, 1] }] },
    x: '9,4,1',
  })
  const score = (...argv: string[]) => ranker(['score', '--model-path', '.', ...argv], { cwd })
  t.equal(
    (await score('--input', 'rows.csv')).stdout,
    'rank  item     score\n   1  row 2   1.5000\n   2  row 1  -0.2500\n',
  )
  t.equal((await score('--input', 'rows.json')).stdout, 'rank  item    score\n   1  row 1  1.5000\n')
  t.equal((await score('--input', 'x', '--content-type', 'text/csv', '--format=csv')).stdout, '1.5\n')
  const base = await ranker(['score', '--input', join(cwd, 'rows.csv')], { env: { SAGEMAKER_BASE_DIR: cwd } })
  t.match(base, { code: 1, stderr: /^error: no model found/ })
})

t.test("the model's hooks are used", async (t) => {
  const model = modelFolder(t, { 'code/inference.js': 'exports.outputFn = () => ({ own: true })' })
  const answer = await ranker(['score', '--model-path', model, '--input', '-'], { stdin: '9,4,1' })
  t.match(answer, { code: 0, stdout: '{"own":true}\n' })
  writeTree(model, { 'code/p.js': 'exports.predictFn = () => { throw new Error("boom") }' })
  const env = { SAGEMAKER_PROGRAM: 'p.js' }
  const failed = await ranker(['score', '--model-path', model, '--input', '-'], { stdin: '9,4,1', env })
  t.match(failed, { code: 1, stdout: '', stderr: 'error: boom\n' })
})

t.test('wrong arguments and inputs are one sentence', async (t) => {
  const cwd = emptyFolder(t)
  writeTree(cwd, { 'a.csv': '1,2\n', 'a.jsonl': '{}\n', 'a.txt': 'x', 'bad.json': '{' })
  const model = modelFolder(t)
  const cases: [argv: string[], sentence: RegExp][] = [
    [[], /needs --input/],
    [['--input', 'none.csv'], /^error: none\.csv cannot be read/],
    [['--input', 'a.txt'], /the name of a\.txt/],
    [['--input', 'a.csv'], /row 1 has 2 values: the model takes 3 features/],
    [['--input', 'a.jsonl'], /"application\/jsonlines" is not supported/],
    [['--input', 'bad.json'], /not JSON/],
    [['--input', 'a.csv', '--format', 'xml'], /--format is "xml": wanted table, json, csv/],
    [['--input', 'a.csv', '--limit', '0'], /--limit is "0"/],
    [['--input', 'a.csv', '--top', '3'], /unknown flag "--top"/],
  ]
  for (const [argv, sentence] of cases) {
    const { code, stdout, stderr } = await ranker(['score', '--model-path', model, ...argv], { cwd })
    t.match({ code, stdout, stderr }, { code: 1, stdout: '', stderr: sentence }, argv.join(' '))
    t.equal(stderr.split('\n').length, 2)
  }
})

t.test('a signal ends it while it waits for its input', async (t) => {
  const stop = new AbortController()
  const answer = ranker(['score', '--input', '-'], { stdin: new PassThrough(), stop: stop.signal })
  stop.abort('SIGINT')
  t.match(await answer, { code: 130, stdout: '', stderr: '' })
})

t.test('a header is a first line with a word in it', async (t) => {
  const cases: [string, boolean][] = [
    ['a,b\n1,2', true],
    ['1,b', true],
    ['1,,nan\na', false],
    ['inf,1', true],
    ['', false],
  ]
  for (const [csv, expected] of cases) t.equal(hasHeader(Buffer.from(csv)), expected, csv)
})

t.test('a table', async (t) => {
  t.equal(
    formatTable([
      { title: 'a', cells: ['x'.repeat(80), '\u0007y\n'] },
      { title: 'n', cells: ['1', '10'], align: 'right' },
    ]),
    `a${' '.repeat(59)}   n\n${'x'.repeat(59)}…   1\n y ${' '.repeat(57)}  10\n`,
  )
  t.equal(formatTable([]), '')
  t.equal(
    formatTable([
      { title: 'a', cells: ['茶碗', 'Cafe\u0301', '茶'.repeat(40)] },
      { title: 'n', cells: ['1', '2', '3'], align: 'right' },
    ]),
    [
      `a${' '.repeat(58)}  n`,
      `茶碗${' '.repeat(55)}  1`,
      `Cafe\u0301${' '.repeat(55)}  2`,
      `${'茶'.repeat(29)}…  3`,
      '',
    ].join('\n'),
    'columns are those of a terminal',
  )
  const many = formatTable([{ title: 'a', cells: Array.from({ length: 300_000 }, String) }])
  t.equal(many.length, 'a\n'.length + Array.from({ length: 300_000 }, String).join('\n').length + 1)
})
