import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import t, { type Test } from 'tap'
import type { Dataset } from '../../src/data/dataset/dataset.ts'
import { jobPaths, readChannels } from '../../src/sagemaker/job.ts'
import { readDatasets } from '../../src/training/datasets.ts'
import { parseHyperparameters } from '../../src/training/hyperparameters.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { judgedData } from '../helpers/judged-data.ts'
import {
  toJsonLines,
  toLibsvm,
  toNumberedCsv,
  toParquet,
  toQueryLines,
  toRecordIo,
  toUnnamedCsv,
} from '../helpers/judged-formats.ts'

const data = judgedData({ queries: 12, perQuery: 9, width: 5, missing: 0.2 })

type Content = string | Uint8Array
interface Job {
  /** Below input/data. */
  readonly files: Record<string, Content>
  readonly config?: object
  readonly parameters?: Record<string, string>
}

function layOut(t: Test, { files, config }: Job): string {
  const root = t.testdir({})
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'input/data', path)), { recursive: true })
    writeFileSync(join(root, 'input/data', path), content)
  }
  if (config) writeTree(root, { 'input/config/inputdataconfig.json': config })
  return root
}

async function read(root: string, parameters: Record<string, string> = {}) {
  const events: string[] = []
  const closed: { close(): void }[] = []
  const plan = {
    channels: readChannels(jobPaths(root)),
    hyperparameters: parseHyperparameters(parameters),
    threads: 1,
    memory: { limitBytes: Number.POSITIVE_INFINITY, folder: tmpdir() },
    s3: { pathStyle: false },
    modelName: 'test',
  }
  const own = <C extends { close(): void }>(closeable: C): C => {
    closed.push(closeable)
    return closeable
  }
  try {
    const { datasets } = await readDatasets(plan, (event) => 'text' in event && events.push(event.text), own)
    const plain = Object.fromEntries(Object.entries(datasets).map(([name, one]) => [name, toPlain(one)]))
    return { ...plain, warnings: events.filter((text) => !/^\w+: [\d,]+ rows?\b/.test(text)) } as {
      train: ReturnType<typeof toPlain>
      validation: ReturnType<typeof toPlain>
      warnings: string[]
    }
  } finally {
    for (const closeable of closed) closeable.close()
  }
}

const toPlain = ({ featureNames, rows, matrix, labels, groups, weights }: Dataset) => ({
  featureNames: [...featureNames],
  values: Float32Array.from(matrix.view(0, rows)),
  labels,
  ids: groups?.ids,
  sizes: groups?.sizes,
  weights,
})

const wanted = {
  featureNames: data.featureNames,
  values: data.values,
  labels: data.labels,
  ids: Array.from(data.groups.ids, (_, query) => String(query)),
  sizes: data.groups.sizes,
  weights: undefined,
}

t.test('every format gives the same dataset, plain or gzip', async (t) => {
  const formats: [string, string, Content, Record<string, string>?][] = [
    ['a.csv', 'text/csv', toNumberedCsv(data)],
    ['b.csv', 'text/csv; label_size=1', toUnnamedCsv(data), { group: '1' }],
    ['a.libsvm', 'text/libsvm', toLibsvm(data)],
    ['a.svm', 'text/x-libsvm', toLibsvm(data, 1), { libsvm_index_base: '1' }],
    ['a.jsonl', 'application/jsonlines', toJsonLines(data)],
    ['a.ndjson', 'Application/JsonLines;charset=utf-8', toQueryLines(data)],
    ['a.parquet', 'application/x-parquet', toParquet(data)],
    ['a.pbr', 'application/x-recordio-protobuf', toRecordIo(data)],
    ['noextension', 'libsvm', toLibsvm(data)],
  ]
  for (const [file, contentType, content, parameters] of formats) {
    const gzip = gzipSync(content)
    const cases: [string, Job][] = [
      ['by name', { files: { [`train/${file}`]: content } }],
      ['by name, gzip', { files: { [`train/${file}.gz`]: gzip } }],
      ['gzip under a plain name', { files: { [`train/${file}`]: gzip } }],
      [
        'by content type',
        { files: { 'train/x.dat': content }, config: { train: { ContentType: contentType } } },
      ],
    ]
    for (const [name, job] of cases) {
      const { train } = await read(layOut(t, job), parameters)
      t.same(train, wanted, `${file}, ${name}`)
    }
  }
})

t.test('files of a channel: any depth, by name, hidden ones skipped, formats mixed', async (t) => {
  const csv = toNumberedCsv(data)
  const [header, ...lines] = csv.trimEnd().split('\n')
  const part = (from: number, to: number) => `${[header, ...lines.slice(from, to)].join('\n')}\n`
  const rest = judgedData({ queries: 12, perQuery: 9, width: 5, missing: 0.2 })
  const root = layOut(t, {
    files: {
      'train/b/deep/er/2.csv': part(20, 50),
      'train/a/1.csv': part(0, 20),
      'train/c.csv.gz': gzipSync(part(50, lines.length)),
      'train/_SUCCESS': '',
      'train/.a.csv.crc': 'x',
      'train/_temporary/0/x.csv': 'x',
      'train/a/.hidden/x.csv': 'x',
      'validation/v.parquet': toParquet(rest),
    },
    config: {
      train: { TrainingInputMode: 'FastFile', S3DistributionType: 'ShardedByS3Key' },
      validation: { TrainingInputMode: 'File', RecordWrapperType: 'None' },
    },
  })
  symlinkSync(join(root, 'input/data/validation/v.parquet'), join(root, 'input/data/validation/w.parquet'))
  const { train, validation } = await read(root)
  t.same(train, wanted)
  t.equal(validation.labels.length, 2 * data.rows, 'a link to a file is that file')

  const mixed = layOut(t, { files: { 'train/a.csv': part(0, 20), 'train/b.jsonl': toJsonLines(data) } })
  t.equal((await read(mixed)).train.labels.length, 20 + data.rows)
})

t.test('what is no plain file is said', async (t) => {
  const refused = async (make: (folder: string) => void, message: RegExp) => {
    const root = layOut(t, { files: { 'train/a.csv': toNumberedCsv(data) } })
    make(join(root, 'input/data/train'))
    await t.rejects(read(root), { code: 'NOT_A_FILE', message })
  }
  await refused(
    (folder) => symlinkSync(join(folder, 'gone'), join(folder, 'b.csv')),
    /b\.csv is a broken link/,
  )
  await refused(
    (folder) => symlinkSync('.', join(folder, 'b')),
    /train\/b is a link back to a folder it is in/,
  )
  await refused((folder) => symlinkSync('b', join(folder, 'b')), /train\/b is a link to itself/)
  await refused((folder) => execFileSync('mkfifo', [join(folder, 'b')]), /train\/b is a FIFO/)
  await refused((folder) => symlinkSync('/dev/null', join(folder, 'b')), /train\/b is a device/)
})

t.test('Pipe mode reads the FIFO of the first epoch to its end', async (t) => {
  for (const [contentType, content] of [
    ['text/csv', toNumberedCsv(data)],
    ['text/csv', gzipSync(toNumberedCsv(data))],
    ['text/libsvm', toLibsvm(data)],
    ['application/x-parquet', toParquet(data)],
  ] as const) {
    const root = layOut(t, {
      files: { 'data.bin': content },
      config: { train: { TrainingInputMode: 'Pipe', ContentType: contentType } },
    })
    const [pipe, source] = [join(root, 'input/data/train_0'), join(root, 'data.bin')]
    writeFileSync(source, content)
    execFileSync('rm', [join(root, 'input/data/data.bin')])
    // The platform makes the FIFOs while the container starts, one an epoch.
    const writer = spawn('sh', [
      '-c',
      `sleep 0.2; mkfifo ${pipe} ${pipe.replace('_0', '_1')}; cat ${source} > ${pipe}`,
    ])
    const { train } = await read(root)
    t.same(train, wanted, contentType)
    if (writer.exitCode === null) await new Promise((resolve) => writer.on('exit', resolve))
    t.equal(writer.exitCode, 0)
  }

  const root = layOut(t, { files: {} })
  mkdirSync(join(root, 'input/data'), { recursive: true })
  execFileSync('mkfifo', [join(root, 'input/data/train_0'), join(root, 'input/data/train_1')])
  spawn('sh', ['-c', `printf '1 qid:1 0:1\\n0 qid:1 0:2\\n' > ${join(root, 'input/data/train_0')}`])
  t.same(
    (await read(root)).train.labels,
    Float32Array.of(1, 0),
    'FIFOs without a configuration are Pipe mode too',
  )

  const wrapped = layOut(t, {
    files: {},
    config: { train: { TrainingInputMode: 'Pipe', RecordWrapperType: 'RecordIO' } },
  })
  await t.rejects(read(wrapped), { code: 'CONFIG_UNREADABLE', message: /wraps its objects in RecordIO/ })
})

t.test('header-less CSV: roles by index', async (t) => {
  const read3 = (parameters: Record<string, string>, text = '7,2,0.5,1,10\n8,2,0.5,0,20\n,3,0.25,2,30\n') =>
    read(layOut(t, { files: { 'train/a.csv': text, 'train/b.csv': '1,2,0.5,1,40\n' } }), parameters)
  const { train } = await read3({ label: '3', group: '1', weight: '2' })
  t.same(train, {
    featureNames: ['f0', 'f1'],
    values: Float32Array.of(7, 10, 8, 20, 1, 40, Number.NaN, 30),
    labels: Float32Array.of(1, 0, 1, 2),
    ids: ['2', '3'],
    sizes: Uint32Array.of(3, 1),
    weights: Float32Array.of(0.5, 0.25),
  })
  const pointwise = await read3({ objective: 'reg:squarederror', item: '4' }, '1,2,3,4,5\n')
  t.same(
    pointwise.train.featureNames,
    ['f0', 'f1', 'f2'],
    'without queries column 0 is the label, and no group is needed',
  )

  for (const [parameters, code, message] of [
    [
      {},
      'COLUMN_INDEX_NEEDED',
      /a\.csv has no header line, .*hyperparameter group is "qid", wanted a number/,
    ],
    [{ group: 'query' }, 'COLUMN_INDEX_NEEDED', /hyperparameter group is "query"/],
    [{ label: 'grade', group: '1' }, 'COLUMN_INDEX_NEEDED', /label is "grade"/],
    [
      { group: '5' },
      'COLUMN_INDEX_OUTSIDE',
      /has 5 columns .* group is 5, wanted a zero-based index up to 4/,
    ],
    [{ group: '0' }, 'COLUMN_INDEX_TAKEN', /label and group both name its column 0/],
  ] as const) {
    await t.rejects(read3(parameters), { code, message })
  }
  const named = layOut(t, { files: { 'train/a.csv': '1,2,3\n', 'train/b.csv': 'label,qid,x\n1,1,1\n' } })
  await t.rejects(read(named, { group: '1' }), {
    code: 'COLUMN_MISSING',
    message: /b\.csv has no group column "1"/,
  })
})

t.test('numbered rows: width, weights, and what other channels have beside', async (t) => {
  const files = {
    'train/a.libsvm': '1:2 qid:1 1:5 3:7\n0:2 qid:1 3:1\n',
    // The qid of the file before, and one below it: each file is in order.
    'train/b.libsvm': '2:2 qid:1 3:2\n',
    'validation/v.libsvm': '1:1 qid:9 0:4 5:6 1:3\n',
  }
  const { train, validation, warnings } = await read(layOut(t, { files }))
  const NaN32 = Number.NaN
  t.same(train.featureNames, ['f0', 'f1', 'f2', 'f3'], 'index i is column i, and an empty column stays')
  t.same(train.values, Float32Array.of(NaN32, 5, NaN32, 7, NaN32, NaN32, NaN32, 1, NaN32, NaN32, NaN32, 2))
  t.same([train.ids, train.weights], [['1'], Float32Array.of(2)])
  t.same(validation.values, Float32Array.of(4, 3, NaN32, NaN32))
  t.match(warnings, [
    /train: no row has index 0: .*libsvm_index_base/,
    /validation: columns f4 to f5 are not in train and are not used/,
    /validation: 1 of 1 query has a single row/,
  ])
  await t.rejects(
    read(layOut(t, { files: { 'train/a.libsvm': '1 0:1\n' } }), { objective: 'rank:pairwise' }),
    {
      code: 'QID_MISSING',
      message: /a\.libsvm line 1 names no query/,
    },
  )
  const pointwise = await read(layOut(t, { files: { 'train/a.libsvm': '1:3 0:1\n0:4 qid:7 0:2\n' } }), {
    objective: 'binary:logistic',
  })
  t.same(pointwise.train.weights, Float32Array.of(3, 4), 'without queries a weight is a row’s own')
  await t.rejects(read(layOut(t, { files: { 'train/a.libsvm': '1:3 qid:1 0:1\n0 qid:1 0:2\n' } })), {
    code: 'WEIGHT_MISSING',
    message: /line 2 has no weight where rows before it have one/,
  })
  await t.rejects(read(layOut(t, { files: { 'train/a.libsvm': '1:3 qid:1 0:1\n0:4 qid:1 0:2\n' } })), {
    code: 'BAD_WEIGHT',
    message: /line 2, column "weight" \(the weight\) is "4": wanted 3/,
  })
  const wide = Array.from({ length: 5000 }, (_, row) => `1 qid:${row} ${row}:1 999999:1\n`).join('')
  await t.rejects(read(layOut(t, { files: { 'train/a.libsvm': wide } })), {
    code: 'MATRIX_TOO_LARGE',
    message: /line 4295 has index 999999, .* 17 GB: wanted at most 16 GB/,
  })
})

t.test('formats of a channel', async (t) => {
  const refused = async (job: Job, code: string, message: RegExp) =>
    t.rejects(read(layOut(t, job)), { code, message })
  const csv = toNumberedCsv(data)
  for (const contentType of ['text/plain', 'application/json', 'csv2', '']) {
    const job = { files: { 'train/a.csv': csv }, config: { train: { ContentType: contentType } } }
    await refused(job, 'UNKNOWN_CONTENT_TYPE', /channel "train".*wanted text\/csv, text\/libsvm/)
  }
  await refused(
    { files: { 'train/a.libsvm': toLibsvm(data), 'train/b.csv': csv } },
    'MIXED_FORMATS',
    /a\.libsvm is libsvm and train\/b\.csv is CSV/,
  )
  await refused(
    { files: { 'train/README': 'how this came to be', 'train/a.csv': csv } },
    'MIXED_FORMATS',
    /README is taken for libsvm, since neither a content type nor its name says what it is, and train\/a\.csv is CSV/,
  )
  await refused(
    { files: { 'train/table.txt': csv } },
    'LIBSVM_TOKEN',
    /table\.txt line 1 has "label,qid,f0.*neither a content type nor its name/,
  )
  await refused(
    { files: { 'train/a.csv': csv }, config: { train: { ContentType: 'text/libsvm' } } },
    'LIBSVM_TOKEN',
    /a\.csv line 1.*wanted a label first, as in label\[:weight\] \[qid:N\] index:value …$/,
  )
  await refused(
    { files: { 'train/a.csv': csv.replaceAll('f4', 'x4'), 'validation/a.libsvm': toLibsvm(data) } },
    'COLUMN_MISSING',
    /a\.libsvm has no feature column "x4"/,
  )
  await refused(
    { files: { 'train/a.csv': csv }, config: { train: {}, test: {} } },
    'CHANNEL_MISSING',
    /"test"/,
  )
})

t.test('damaged files are named', async (t) => {
  const gzip = gzipSync(toNumberedCsv(data))
  const second = Buffer.concat([gzip, gzip])
  second[gzip.length] = 0
  const flipped = Buffer.from(gzip)
  flipped[flipped.length - 6]! ^= 1
  const parquet = toParquet(data)
  const recordio = toRecordIo(data)
  const cases: [string, Content, RegExp][] = [
    ['a.csv.gz', gzip.subarray(0, -9), /a\.csv\.gz is a damaged gzip file: unexpected end of file/],
    ['a.csv.gz', flipped, /incorrect data check/],
    ['a.csv.gz', second, /\d+ bytes after its last member are no gzip/],
    ['a.csv.gz', Buffer.concat([gzip, Buffer.from('more')]), /damaged gzip file/],
    ['a.csv', '', /a\.csv is empty/],
    ['a.csv.gz', gzipSync(''), /a\.csv\.gz is empty/],
    ['a.csv', 'label,qid,x\n', /a\.csv has no row/],
    ['a.libsvm', '# a comment\n\n', /a\.libsvm is empty/],
    ['a.jsonl', '\n', /a\.jsonl is empty/],
    ['a.pbr', '', /a\.pbr is empty/],
    ['a.pbr', recordio.subarray(0, -7), /a\.pbr record 108 is damaged: it ends after/],
    ['a.pbr', recordio.subarray(1), /a\.pbr record 1 is damaged: it starts with 0x/],
    ['a.parquet', '', /a\.parquet is empty/],
    ['a.parquet', parquet.subarray(0, -30), /a\.parquet is not a whole Parquet file: .*PAR1/],
    ['a.parquet', parquet.subarray(100), /a\.parquet is not a whole Parquet file/],
    ['a.parquet', 'PAR1', /a\.parquet is not a whole Parquet file: it points to where it has nothing/],
    ['a.csv', 'label,qid,x\r1,a,2\r', /a\.csv line 1 holds a carriage return without a line feed/],
    ['a.csv', '1,2,3\r0,2,4\r', /a\.csv line 1 holds a carriage return without a line feed/],
  ]
  for (const [file, content, message] of cases) {
    await t.rejects(
      read(layOut(t, { files: { [`train/${file}`]: content } })),
      { message },
      `${file} ${message}`,
    )
  }

  const members = Buffer.concat([gzip, gzipSync(toNumberedCsv(data))])
  const { train } = await read(layOut(t, { files: { 'train/a.csv.gz': members } }))
  t.equal(train.labels.length, 2 * data.rows, 'members follow each other, and so do files with a header each')
})

t.test('text is text where values have types, though it spells a number', async (t) => {
  const rows = [
    { label: 1, qid: 1, x: 2, sku: '0017' },
    { label: 0, qid: 1, x: 3, sku: '0018' },
  ]
  const lines = (change: object) => rows.map((row) => JSON.stringify({ ...row, ...change })).join('\n')
  const parquet = parquetWriteBuffer({
    columnData: (['label', 'qid', 'x', 'sku'] as const).map((name) => ({
      name,
      data: rows.map((row) => row[name]),
    })),
  })
  for (const files of [{ 'train/a.jsonl': lines({}) }, { 'train/a.parquet': new Uint8Array(parquet) }]) {
    const { train, warnings } = await read(layOut(t, { files: files as Record<string, Content> }))
    t.same(train.featureNames, ['x'])
    t.match(warnings[0], /column "sku" holds text and is left out/)
  }
  for (const [change, message] of [
    [{ label: '1' }, /column "label" \(the label\) is the text "1": wanted a whole grade/],
    [{ x: 1e300 }, /column "x" is "1e\+300": wanted a finite number/],
  ] as const) {
    await t.rejects(read(layOut(t, { files: { 'train/a.jsonl': lines(change) } })), { message })
  }
  const mixed = `${lines({})}\n${lines({ x: '5' })}`
  await t.rejects(read(layOut(t, { files: { 'train/a.jsonl': mixed } })), {
    code: 'TEXT_IN_NUMERIC_COLUMN',
    message: /line 3, column "x" is the text "5": wanted a number .* as on line 1 \("2"\)/,
  })
})

t.test('a weight that float32 cannot add up', async (t) => {
  for (const weight of ['1e-40', '3e38', '-1', 'nan', 'x']) {
    const files = { 'train/a.csv': `label,qid,x,w\n1,a,1,${weight}\n0,a,2,${weight}\n` }
    await t.rejects(read(layOut(t, { files }), { weight: 'w' }), {
      message: /column "w" \(the weight\) is ".*": wanted 0, or a number from 1e-30 to 1e30/,
    })
  }
})

t.test('what teaches nothing is allowed, with a count', async (t) => {
  const text = 'label,qid,x\n1,a,1\n0,b,1\n0,b,2\n2,c,1\n2,c,2\n1,d,1\n0,d,2\n'
  const { warnings } = await read(layOut(t, { files: { 'train/a.csv': text } }))
  t.same(warnings, [
    'train: 1 of 4 queries has a single row, so no pair to learn from',
    'train: 1 of 4 queries has no relevant row (no label above 0)',
    'train: 2 of 4 queries have constant labels, so no pair to learn from',
  ])
  const constant = await read(layOut(t, { files: { 'train/a.csv': 'label,x\n3,1\n3,2\n' } }), {
    objective: 'reg:squarederror',
  })
  t.same(constant.warnings, ['train: all 2 labels are 3'])
})

t.test('a whole job learns from numbered rows, and keeps their base', async (t) => {
  const root = layOut(t, { files: { 'train/a.svm.gz': gzipSync(toLibsvm(data, 1)) } })
  writeTree(root, { 'input/config/hyperparameters.json': { num_round: '3', libsvm_index_base: '1' } })
  const { code, stderr } = await ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root } })
  t.equal(code, 0, stderr)
  const manifest = JSON.parse(readFileSync(join(root, 'model/ranker.json'), 'utf8'))
  t.equal(manifest.hyperparameters.libsvm_index_base, 1)
  t.same(manifest.featureNames, data.featureNames)
})
