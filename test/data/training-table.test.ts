import t from 'tap'
import { readCsvTable } from '../../src/data/csv-table.ts'
import { type TableOptions, TrainingTable } from '../../src/data/training-table.ts'
import { nameUnnamedColumns } from '../../src/data/unnamed-columns.ts'
import { labelCheck } from '../../src/training/objective.ts'

const NaN32 = Number.NaN

async function read(files: Record<string, string>, options: Partial<TableOptions> = {}) {
  const warnings: string[] = []
  const table = new TrainingTable({
    roles: { label: 'label', group: 'qid' },
    grouped: true,
    refuseLabel: labelCheck('rank:ndcg'),
    warn: (sentence) => warnings.push(sentence),
    ...options,
  })
  for (const [file, text] of Object.entries(files)) {
    const roles = { label: 'label', group: 'qid', ...options.roles }
    const nameColumns = (name: string, count: number) =>
      nameUnnamedColumns(roles, options.grouped ?? true, name, count)
    await readCsvTable(file, [new TextEncoder().encode(text)], nameColumns, table)
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

t.test('columns without a number are left out, with a word', async (t) => {
  const { data, warnings } = await read({
    'a.csv': 'label,qid,title,x,none\n1,a,lamp,1,\n0,a,"desk, old",2,nan\n',
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
  for (const weight of ['-1', '', 'inf', 'x']) {
    await t.rejects(
      read({ 'a.csv': `label,qid,w,x\n1,a,${weight},1\n` }, { roles }),
      { code: 'BAD_WEIGHT' },
      weight,
    )
  }
})

t.test('without queries a group column is neither needed nor a feature', async (t) => {
  for (const text of ['label,qid,x\n1,7,5\n0,7,6\n', 'label,x\n1,5\n0,6\n']) {
    const { data, warnings } = await read({ 'a.csv': text }, { grouped: false })
    t.same(data.featureNames, ['x'])
    t.equal(data.groups, undefined)
    t.same(warnings, [])
  }
})

t.test('what is refused, each with file, line and column', async (t) => {
  const refused: [string, string, RegExp][] = [
    ['FILE_EMPTY', '', /f\.csv is empty/],
    ['FILE_EMPTY', '\n', /f\.csv is empty/],
    ['NO_ROWS', 'label,qid,x\n', /no row/],
    ['NO_ROWS', 'label,qid,x\n\n \n', /no row/],
    ['HEADER_MISSING', '1,a,3\n1,a,3\n', /wanted a header/],
    ['RAGGED_ROW', 'label,qid,x\n1,a,1\n1,a\n', /line 3 has 2 cells: wanted 3/],
    ['RAGGED_ROW', 'label,qid,x\n1,a,1,4\n', /line 2 has 4 cells: wanted 3/],
    ['DUPLICATE_COLUMN', 'label,qid,x,x\n1,a,1,1\n', /two columns named "x"/],
    ['UNNAMED_COLUMN', 'label,,x\n1,a,1\n', /column 2/],
    [
      'COLUMN_MISSING',
      'grade,qid,x\n1,a,1\n',
      /no label column "label": its columns are "grade", "qid", "x"/,
    ],
    ['COLUMN_MISSING', 'label,query,x\n1,a,1\n', /no group column "qid"/],
    ['NO_FEATURES', 'label,qid\n1,a\n', /no feature column/],
    ['NO_FEATURES', 'label,qid,t\n1,a,red\n', /no feature column/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,1\n0,a,red\n', /line 3, column "x" is "red".*as on line 2/],
    ['TEXT_IN_NUMERIC_COLUMN', 'label,qid,x\n1,a,red\n0,a,1\n', /line 2, column "x" is "red".*as on line 3/],
    ['INFINITE_CELL', 'label,qid,x\n1,a,1\n0,a,-inf\n', /line 3, column "x" is "-inf"/],
    ['INFINITE_CELL', 'label,qid,x\n1,a,1\n0,a,1e39\n', /1e39/],
    ['BAD_LABEL', 'label,qid,x\n,a,1\n', /line 2, column "label".*wanted a finite number/],
    ['BAD_LABEL', 'label,qid,x\nnan,a,1\n', /"nan"/],
    ['BAD_LABEL', 'label,qid,x\ngood,a,1\n', /"good"/],
    ['BAD_LABEL', 'label,qid,x\n-1,a,1\n', /wanted a whole grade from 0 to 31/],
    ['BAD_LABEL', 'label,qid,x\n32,a,1\n', /wanted a whole grade from 0 to 31/],
    ['BAD_LABEL', 'label,qid,x\n0.5,a,1\n', /wanted a whole grade from 0 to 31/],
    ['GROUP_EMPTY', 'label,qid,x\n1, ,1\n', /line 2, column "qid"/],
    ['UNCLOSED_QUOTE', 'label,qid,x\n1,"a,1\n', /line 2/],
  ]
  for (const [code, text, message] of refused) {
    await t.rejects(read({ 'f.csv': text }), { code, message }, `${code} ${JSON.stringify(text)}`)
  }
  await t.rejects(read({ 'f.csv': 'label,qid,x\n2,a,1\n' }, { refuseLabel: labelCheck('rank:map') }), {
    code: 'BAD_LABEL',
    message: /0 or 1 for rank:map/,
  })
})
