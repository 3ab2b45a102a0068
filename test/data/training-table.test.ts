import t from 'tap'
import { readCsvTable } from '../../src/data/csv/table.ts'
import { type TableOptions, TrainingTable } from '../../src/data/table/training-table.ts'
import { nameUnnamedColumns } from '../../src/data/table/unnamed-columns.ts'
import { labelCheck } from '../../src/training/data-needs.ts'
import { parseHyperparameters } from '../../src/training/hyperparameters.ts'

const NaN32 = Number.NaN

async function read(files: Record<string, string | Uint8Array>, options: Partial<TableOptions> = {}) {
  const warnings: string[] = []
  const table = new TrainingTable({
    roles: { label: 'label', group: 'qid' },
    grouped: true,
    refuseLabel: labelCheck(parseHyperparameters({})),
    warn: (sentence) => warnings.push(sentence),
    ...options,
  })
  for (const [file, text] of Object.entries(files)) {
    const roles = { label: 'label', group: 'qid', ...options.roles }
    const nameColumns = (name: string, count: number) =>
      nameUnnamedColumns(roles, options.grouped ?? true, name, count)
    await readCsvTable(
      file,
      [typeof text === 'string' ? new TextEncoder().encode(text) : text],
      nameColumns,
      table,
    )
  }
  return { data: table.finish(), warnings }
}

t.test('scattered queries come together, in order of first appearance', async (t) => {
  const { data } = await read({
    'a.csv': 'qid,label,x,y\nq2,1,1,10\nq1,0,2,\nq2,0,3,30\n',
    'b.csv': 'y,x,label,qid\n40,4,2,q1\n50,5,0,q3\n',
  })
  t.same(data.featureNames, ['x', 'y'])
  t.same(data.groups, { ids: ['q2', 'q1', 'q3'], sizes: Uint32Array.of(2, 2, 1) })
  t.same(
    data.matrix.view(0, data.rows),
    Float32Array.of(1, 10, 3, 30, 2, NaN32, 4, 40, 5, 50),
    'columns match by name over files',
  )
  t.same(data.labels, Float32Array.of(1, 0, 0, 2, 0))
})

t.test('more rows than a block holds', async (t) => {
  const rows = 300_000
  const lines = Array.from({ length: rows }, (_, row) => `${row % 7},${row % 3},${row},${row / 2},${-row},1`)
  const { data } = await read({ 'a.csv': `qid,label,a,b,c,d\n${lines.join('\n')}` })
  t.equal(data.rows, rows)
  const values = data.matrix.view(0, rows)
  let at = 0
  for (let query = 0; query < 7; query++) {
    for (let row = query; row < rows; row += 7, at++) {
      if (values[4 * at] !== row || values[4 * at + 2] !== -row) t.fail(`row ${row} went astray`)
    }
  }
})

t.test('blank lines may come first', async (t) => {
  t.equal((await read({ 'a.csv': '\n \r\nlabel,qid,x\n1,a,1\n' })).data.rows, 1)
})

t.test('the item column must be there, when the features are found', async (t) => {
  const csv = 'label,qid,sku,x\n1,a,17,1\n'
  const roles = { label: 'label', group: 'qid', item: 'sku' }
  t.same((await read({ 'a.csv': csv }, { roles })).data.featureNames, ['x'])
  await t.rejects(read({ 'a.csv': csv }, { roles: { ...roles, item: 'skew' } }), {
    code: 'COLUMN_MISSING',
    message: /no item column "skew"/,
  })
  const later = await read({ 'a.csv': 'label,qid,x\n1,a,1\n' }, { roles, featureNames: ['x'] })
  t.equal(later.data.rows, 1)
})

t.test('columns without a number are left out, with a word', async (t) => {
  const { data, warnings } = await read({
    'a.csv': 'label,qid,title,x,none\n1,a,Infinity,1,\n0,a,"desk, old",2,nan\n',
  })
  t.same(data.featureNames, ['x'])
  t.match(warnings, [/"title" holds text/, /"none" has no numeric cell/])
})

t.test('later data takes the features of the model', async (t) => {
  const text = 'label,qid,extra,y,x\n1,a,7,2,1\n'
  const { data, warnings } = await read({ 'v.csv': text }, { featureNames: ['x', 'y'] })
  t.same(data.matrix.view(0, data.rows), Float32Array.of(1, 2))
  t.match(warnings, [/v\.csv.*extra/])
  await t.rejects(read({ 'v.csv': 'label,qid,x\n1,a,1\n' }, { featureNames: ['x', 'y'] }), {
    code: 'COLUMN_MISSING',
    message: /v\.csv has no feature column "y"/,
  })
  await t.rejects(read({ 'v.csv': 'label,qid,x\n1,a,red\n' }, { featureNames: ['x'] }), {
    code: 'TEXT_IN_NUMERIC_COLUMN',
    message: /v\.csv line 2, column "x" is "red"/,
  })
})

t.test('weights are one a query', async (t) => {
  const roles = { label: 'label', group: 'qid', weight: 'w' }
  const { data } = await read({ 'a.csv': 'label,qid,w,x\n1,a,2,1\n0,b,0.5,2\n1,a,2,3\n' }, { roles })
  t.same(data.weights, Float32Array.of(2, 0.5))
  await t.rejects(read({ 'a.csv': 'label,qid,w,x\n1,a,2,1\n0,a,3,2\n' }, { roles }), {
    code: 'BAD_WEIGHT',
    message: /line 3, column "w".*wanted 2/,
  })
  await t.rejects(read({ 'a.csv': 'label,qid,w,x\n1,a,0,1\n0,b,0,2\n' }, { roles }), { code: 'WEIGHTS_ZERO' })
  for (const weight of ['-1', '', 'inf', 'x']) {
    await t.rejects(
      read({ 'a.csv': `label,qid,w,x\n1,a,${weight},1\n` }, { roles }),
      { code: 'BAD_WEIGHT' },
      weight,
    )
  }
})

t.test('where queries are not needed, a group column is used when it is there, and no feature', async (t) => {
  const without = await read({ 'a.csv': 'label,x\n1,5\n0,6\n' }, { grouped: false })
  t.equal(without.data.groups, undefined)
  const { data, warnings } = await read({ 'a.csv': 'label,qid,x\n1,7,5\n1,8,5\n0,7,6\n' }, { grouped: false })
  t.same(data.featureNames, ['x'])
  t.same(data.groups, { ids: ['7', '8'], sizes: Uint32Array.of(2, 1) })
  t.same(warnings, [])
  const mixed = { 'a.csv': 'label,qid,x\n1,7,5\n', 'b.csv': 'label,x\n1,5\n' }
  await t.rejects(read(mixed, { grouped: false }), { message: /^b\.csv has no group column "qid"/ })
})

t.test('the rows of a query are sorted by position, which is no feature', async (t) => {
  const options = { roles: { label: 'label', group: 'qid', position: 'shown' }, sorted: true }
  const read1 = (rows: string) => read({ 'a.csv': `label,qid,shown,x\n${rows}` }, options)
  const { data, warnings } = await read1('0,a,2,12\n1,b,0,20\n2,a,0,10\n0,b,7,27\n3,a,1,11\n')
  t.same(data.featureNames, ['x'])
  t.same([...data.labels], [2, 3, 0, 1, 0])
  t.same([...data.matrix.view(0, 5)], [10, 11, 12, 20, 27])
  t.same(warnings, [])
  for (const [rows, message] of [
    ['0,a,,1\n', 'a.csv line 2, column "shown" (the position) is "": wanted a whole number from 0'],
    ['0,a,-1,1\n', 'a.csv line 2, column "shown" (the position) is "-1": wanted a whole number from 0'],
    ['0,a,1.5,1\n', 'a.csv line 2, column "shown" (the position) is "1.5": wanted a whole number from 0'],
    ['0,a,x,1\n', 'a.csv line 2, column "shown" (the position) is "x": wanted a whole number from 0'],
    [
      '0,a,3,1\n0,b,3,1\n1,a,3,2\n',
      'a.csv line 4, column "shown" (the position) is "3": wanted a position of its own in its query, and a.csv line 2 has that one',
    ],
  ] as const) {
    await t.rejects(read1(rows), { code: 'BAD_POSITION', message }, rows)
  }
  await t.rejects(read({ 'a.csv': 'label,qid,x\n1,a,1\n' }, options), {
    message: /^a\.csv has no position column "shown"/,
  })
  // Another channel need not have been shown to anybody.
  const other = await read(
    { 'v.csv': 'label,qid,shown,x\n1,a,9,1\n0,a,,2\n', 'w.csv': 'label,qid,x\n1,b,1\n' },
    { ...options, sorted: false, featureNames: ['x'] },
  )
  t.same([...other.data.labels], [1, 0, 1])
  t.same(other.warnings, [])
})

t.test('what is refused, each with file, line and column', async (t) => {
  const refused: [string, string, RegExp][] = [
    ['FILE_EMPTY', '', /f\.csv is empty/],
    ['FILE_EMPTY', '\n', /f\.csv is empty/],
    ['NO_ROWS', 'label,qid,x\n', /no row/],
    ['NO_ROWS', 'label,qid,x\n\n \n', /no row/],
    ['HEADER_MISSING', '1,a,3\n1,a,3\n', /wanted a header/],
    [
      'GROUP_NOT_UTF8',
      'label,qid,x\n1,a\uFFFD,1\n',
      /line 2, column "qid" \(the group\) is .*wanted text in UTF-8/,
    ],
    ['RAGGED_ROW', 'label,qid,x\n1,a,1\n1,a\n', /line 3 has 2 cells: wanted 3/],
    ['RAGGED_ROW', 'label,qid,x\n1,a,1,4\n', /line 2 has 4 cells: wanted 3/],
    ['DUPLICATE_COLUMN', 'label,qid,x,x\n1,a,1,1\n', /two columns named "x"/],
    ['UNNAMED_COLUMN', 'label,,x\n1,a,1\n', /column 2/],
    [
      'COLUMN_MISSING',
      'grade,qid,x\n1,a,1\n',
      /no label column "label": its columns are "grade", "qid", "x";/,
    ],
    ['COLUMN_MISSING', 'label,query,x\n1,a,1\n', /no group column "qid"/],
    ['COLUMN_MISSING', 'grade,qid,x\n1,a,1\n', /; the hyperparameter label names another$/],
    ['CSV_DIVIDED', 'label;qid;x\n1;a;1,5\n', /line 1 has no comma and is divided by ";": wanted commas/],
    ['CSV_DIVIDED', 'label\tqid\tx\n1\ta\t1\n', /divided by tabs/],
    ['CSV_DIVIDED', '1 0 0.5 2\n', /divided by spaces/],
    ['NO_FEATURES', 'label,qid\n1,a\n', /no feature column .*: its columns are "label", "qid"$/],
    ['NO_FEATURES', 'label,qid,t\n1,a,red\n', /no feature column/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,1\n0,a,red\n', /line 3, column "x" is "red".*as on line 2/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,red\n0,a,1\n', /line 2, column "x" is "red".*as on line 3/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,1\n0,a,N/A\n', /; a missing value is an empty cell or nan$/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,1\n0,a,"$1,200"\n', /; numbers have no currency/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,1\n0,a,\u00a05\n', /; numbers have no currency/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,1\n0,a,B07\n', /declared with the hyperparameter item$/],
    ['INFINITE_CELL', 'label,qid,x\n1,a,1\n0,a,-inf\n', /line 3, column "x" is "-inf"/],
    ['INFINITE_CELL', 'label,qid,x\n1,a,1\n0,a,1e39\n', /1e39/],
    ['INFINITE_CELL', 'label,qid,x,y\n1,a,inf,1\n0,a,1e39,2\n', /line 2, column "x" is "inf"/],
    ['BAD_LABEL', 'label,qid,x\n,a,1\n', /line 2, column "label".*wanted a whole grade/],
    ['BAD_LABEL', 'label,qid,x\nnan,a,1\n', /"nan"/],
    ['BAD_LABEL', 'label,qid,x\ngood,a,1\n', /"good"/],
    ['BAD_LABEL', 'label,qid,x\n-1,a,1\n', /wanted a whole grade from 0 to 31/],
    ['BAD_LABEL', 'label,qid,x\n32,a,1\n', /wanted a whole grade from 0 to 31/],
    ['BAD_LABEL', 'label,qid,x\n0.5,a,1\n', /from 0 to 31 \(with ndcg_exp_gain=false any number from 0\)$/],
    ['GROUP_EMPTY', 'label,qid,x\n1, ,1\n', /line 2, column "qid"/],
    ['UNCLOSED_QUOTE', 'label,qid,x\n1,"a,1\n', /line 2/],
  ]
  for (const bytes of [
    Buffer.from('label,qid,x\n1,a,1\n', 'utf16le'),
    Buffer.from('label,qid,prix_\xe9\n1,a,1\n', 'latin1'),
  ]) {
    await t.rejects(read({ 'f.csv': bytes }), { code: 'NOT_UTF8', message: /f\.csv is not CSV in UTF-8/ })
  }
  for (const [code, text, message] of refused) {
    await t.rejects(read({ 'f.csv': text }), { code, message }, `${code} ${JSON.stringify(text)}`)
  }
  await t.rejects(
    read(
      { 'f.csv': 'label,qid,x\n2,a,1\n' },
      { refuseLabel: labelCheck(parseHyperparameters({ objective: 'rank:map' })) },
    ),
    {
      code: 'BAD_LABEL',
      message: /0 or 1 for rank:map/,
    },
  )
})
