import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import type { CompressionCodec } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import t from 'tap'
import { duplicateKey } from '../../src/data/json/keys.ts'
import { readJsonLines } from '../../src/data/json/table.ts'
import { readParquet } from '../../src/data/parquet/table.ts'
import type { Row, TableSink } from '../../src/data/row.ts'

class Table implements TableSink {
  columns: readonly string[] = []
  readonly rows: { line: number; numbers: number[]; texts: string[] }[] = []
  begin(_file: string, columns: readonly string[]): void {
    this.columns = columns
  }
  row(row: Row): void {
    const cells = Array.from({ length: row.count }, (_, cell) => cell)
    this.rows.push({
      line: row.line,
      numbers: cells.map((cell) => row.number(cell)),
      texts: cells.map((cell) => row.text(cell)),
    })
  }
}

const NaN32 = Number.NaN
const INF = Number.POSITIVE_INFINITY

async function jsonLines(text: string | Uint8Array, item?: string) {
  const table = new Table()
  const warnings: string[] = []
  const bytes = Buffer.from(text)
  const roles = { group: 'qid', weight: 'w', item }
  await readJsonLines('x.jsonl', () => [bytes], { roles, warn: (one) => warnings.push(one) }, table)
  return { ...table, warnings }
}

t.test('JSON Lines: flat rows', async (t) => {
  const text = [
    '\uFEFF{"label":1,"qid":"a","x":0.1,"t":"lamp"}',
    '',
    '{"qid":7,"label":0,"y":null,"x":""}\r',
    ' {"label":2,"qid":"é","__proto__":3,"constructor":4,"y":1e39}',
  ].join('\n')
  const { columns, rows, warnings } = await jsonLines(text)
  t.same(columns, ['label', 'qid', 'x', 't', 'y', '__proto__', 'constructor'], 'all that any row has')
  t.same(
    rows.map(({ line }) => line),
    [1, 3, 4],
  )
  t.same(
    rows.map(({ numbers }) => numbers),
    [
      [1, INF, Math.fround(0.1), INF, NaN32, NaN32, NaN32],
      [0, 7, NaN32, NaN32, NaN32, NaN32, NaN32],
      [2, INF, NaN32, NaN32, INF, 3, 4],
    ],
  )
  t.same(
    rows.map(({ texts }) => texts[1]),
    ['a', '7', 'é'],
  )
  t.same(warnings, [])
  t.equal(({} as { constructor: unknown }).constructor, Object, 'prototypes are as they were')
})

t.test('JSON Lines: queries', async (t) => {
  const text = [
    '{"qid":"a","w":2,"query":{"text":"lamp","budget":30},"items":[{"id":"i1","label":1,"x":5},{"label":0,"y":6}],"limit":3}',
    '{"qid":"b","w":1,"items":[],"user":5}',
    '{"qid":"c","w":1,"items":[{"id":9,"label":2,"x":7}]}',
    '{"qid":"d","w":3,"label":1,"x":8,"id":4}',
  ].join('\n')
  const { columns, rows, warnings } = await jsonLines(text)
  t.same(columns, ['qid', 'w', 'label', 'x', 'y', 'id'], 'an item’s id is no column, a row’s is')
  t.same(
    rows.map(({ line, numbers }) => [line, ...numbers.slice(1)]),
    [
      [1, 2, 1, 5, NaN32, NaN32],
      [1, 2, 0, NaN32, 6, NaN32],
      [3, 1, 2, 7, NaN32, NaN32],
      [4, 3, 1, 8, NaN32, 4],
    ],
  )
  t.same(warnings, ['x.jsonl has columns beside the items that are not used: query.text, query.budget, user'])
  const named = await jsonLines('{"qid":"a","items":[{"id":"i1","label":1},{"id":"i2","label":0}]}', 'id')
  t.same(named.columns, ['qid', 'id', 'label'], 'an id is a column where items are named by it')
  t.same(
    named.rows.map(({ texts }) => texts[1]),
    ['i1', 'i2'],
  )
})

t.test('JSON Lines: what is refused', async (t) => {
  const row = '{"label":1,"qid":"a","x":1}\n'
  const refused: [string, string | Uint8Array, RegExp][] = [
    ['FILE_EMPTY', '', /x\.jsonl is empty/],
    ['FILE_EMPTY', '\n \n', /x\.jsonl is empty/],
    ['NO_ROWS', '{"qid":"a","items":[]}', /x\.jsonl has no row/],
    [
      'JSON_LINE_DAMAGED',
      `${row}{"label":1,`,
      /line 2 cannot be read: it is not JSON: .*wanted one JSON object a line/,
    ],
    ['JSON_LINE_DAMAGED', `${row}[1,2]`, /line 2 cannot be read: it is an array/],
    ['JSON_LINE_DAMAGED', `${row}5`, /line 2 cannot be read: it is no object/],
    ['JSON_LINE_DAMAGED', '{\n  "label": 1\n}', /line 1 cannot be read/],
    ['JSON_LINE_DAMAGED', Buffer.from(row, 'utf16le'), /line 1 cannot be read/],
    ['JSON_LINE_DAMAGED', Buffer.from('{"label":1,"t":"\xff"}', 'latin1'), /it is not UTF-8/],
    ['JSON_LINE_DAMAGED', `${'['.repeat(200_000)}`, /not JSON/],
    ['JSON_LINE_DAMAGED', '{"label":NaN}', /not JSON/],
    [
      'JSON_CELL',
      `${row}{"label":1,"x":true}`,
      /line 2, column "x" is true: wanted 0 or 1 for false or true/,
    ],
    ['JSON_CELL', '{"label":1,"x":{"y":1}}', /column "x" is an object: wanted a number, text or null/],
    ['JSON_CELL', '{"label":1,"x":[1,2]}', /column "x" is an array/],
    ['JSON_CELL', '{"qid":"a","items":{"label":1}}', /column "items" is an object: wanted an array of items/],
    ['JSON_CELL', '{"qid":"a","items":null}', /column "items" is null/],
    ['JSON_CELL', '{"qid":"a","items":[1]}', /column "items" is 1: wanted objects in it/],
    [
      'JSON_CELL',
      '{"qid":"a","query":"lamp","items":[{"label":1}]}',
      /column "query" is "lamp": wanted an object/,
    ],
    ['JSON_CELL', '{"qid":9007199254740993,"label":1}', /column "qid" is 9007199254740992: wanted text/],
    ['JSON_COLUMN_TWICE', '{"label":1,"x":1,"x":2}', /line 1 has the column "x" twice/],
    ['JSON_COLUMN_TWICE', '{"qid":"a","items":[{"label":1,"x":1,"x":2}]}', /"x" twice/],
    ['JSON_COLUMN_TWICE', '{"qid":"a","items":[{"label":1,"qid":"b"}]}', /"qid" twice/],
  ]
  for (const [code, text, message] of refused) {
    await t.rejects(jsonLines(text), { code, message }, `${code} ${String(text).slice(0, 40)}`)
  }
})

t.test('a key is found twice exactly where it is', async (t) => {
  const key = fc.constantFrom('a', 'b', 'a"', '\\', 'a:', '{', '\u00e9', '__proto__', '\\"')
  const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('1', 'null', '":"', '"{\\"a\\":1}"', '"\\\\"', '[]', '{}'),
      fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`),
      fc
        .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 3, selector: ([name]) => name })
        .map((all) => `{${all.map(([name, one]) => `${JSON.stringify(name)} : ${one}`).join(',')}}`),
    ),
  })).value
  fc.assert(
    fc.property(value, key, value, value, (outer, name, first, second) => {
      t.equal(duplicateKey(outer, JSON.parse(outer)), undefined)
      const written = JSON.stringify(name)
      const twice = `{"o":${outer},"i":[{${written}:${first},"other":1,${written}:${second}}]}`
      t.equal(duplicateKey(twice, JSON.parse(twice)), name)
    }),
    { numRuns: 300 },
  )
})

async function parquet(bytes: ArrayBuffer, textColumns: string[] = []) {
  const table = new Table()
  const warnings: string[] = []
  const source = {
    byteLength: bytes.byteLength,
    slice: (start: number, end?: number) => bytes.slice(start, end),
  }
  const options = { textColumns: new Set(textColumns), warn: (one: string) => warnings.push(one) }
  await readParquet('x.parquet', source, options, table)
  return { ...table, warnings }
}

t.test('Parquet: every type of number, text, and what is neither', async (t) => {
  const root = { name: 'root', num_children: 0 }
  const optional = { repetition_type: 'OPTIONAL' as const }
  const schema = [
    { name: 'i8', type: 'INT32' as const, converted_type: 'INT_8' as const, ...optional },
    { name: 'u32', type: 'INT32' as const, converted_type: 'UINT_32' as const, ...optional },
    { name: 'i64', type: 'INT64' as const, ...optional },
    { name: 'f32', type: 'FLOAT' as const, ...optional },
    { name: 'f64', type: 'DOUBLE' as const, ...optional },
    {
      name: 'dec',
      type: 'INT32' as const,
      converted_type: 'DECIMAL' as const,
      scale: 2,
      precision: 9,
      ...optional,
    },
    { name: 'flag', type: 'BOOLEAN' as const, ...optional },
    { name: 'text', type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const, ...optional },
    { name: 'day', type: 'INT32' as const, converted_type: 'DATE' as const, ...optional },
    { name: 'id', type: 'INT64' as const, repetition_type: 'REQUIRED' as const },
  ]
  const bytes = parquetWriteBuffer({
    schema: [{ ...root, num_children: schema.length }, ...schema],
    columnData: [
      { name: 'i8', data: [-128, null, 127] },
      { name: 'u32', data: [4294967295, 0, null] },
      { name: 'i64', data: [9007199254740993n, null, -1n] },
      { name: 'f32', data: [0.5, null, Number.NaN] },
      { name: 'f64', data: [0.1, 1e300, null] },
      { name: 'dec', data: [12.34, null, -0.01] },
      { name: 'flag', data: [true, false, null] },
      { name: 'text', data: ['5', 'lamp', null] },
      { name: 'day', data: [new Date(86400000), null, null] },
      { name: 'id', data: [9007199254740993n, 9007199254740995n, 9007199254740993n] },
    ],
  })
  const { columns, rows } = await parquet(bytes, ['id'])
  t.same(
    columns,
    schema.map(({ name }) => name),
  )
  const f = Math.fround
  t.same(
    rows.map(({ numbers }) => numbers.slice(0, 9)),
    [
      [-128, f(4294967295), f(2 ** 53), 0.5, f(0.1), f(12.34), 1, INF, INF],
      [NaN32, 0, NaN32, NaN32, INF, NaN32, 0, INF, NaN32],
      [127, NaN32, -1, NaN32, NaN32, f(-0.01), NaN32, NaN32, NaN32],
    ],
  )
  t.same(
    rows.map(({ texts }) => [texts[7], texts[8], texts[9]]),
    [
      ['5', '1970-01-02', '9007199254740993'],
      ['lamp', '', '9007199254740995'],
      ['', '', '9007199254740993'],
    ],
    'an id keeps its digits',
  )
  t.same(
    rows.map(({ line }) => line),
    [1, 2, 3],
  )

  const nested = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'x', type: 'DOUBLE', repetition_type: 'REQUIRED' },
      { name: 'list', converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      { name: 'element', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
    ],
    columnData: [
      { name: 'x', data: [1, 2] },
      { name: 'list', data: [[1, 2], [3]] },
    ],
  })
  const withList = await parquet(nested)
  t.same(withList.columns, ['x'])
  t.same(withList.warnings, ['x.parquet has columns of lists or structs that are left out: list'])
})

t.test('Parquet: row groups, pages and codecs, in parts', async (t) => {
  const rows = 3000
  const value = (row: number, column: number) => ((row * 7 + column) % 11 === 0 ? null : row + column / 4)
  const bytes = parquetWriteBuffer({
    columnData: [0, 1, 2].map((column) => ({
      name: `c${column}`,
      data: Array.from({ length: rows }, (_, row) => value(row, column)),
      type: 'DOUBLE' as const,
    })),
    rowGroupSize: [1900, 1100],
    pageSize: 1000,
  })
  const source = {
    byteLength: bytes.byteLength,
    slice: (start: number, end?: number) => bytes.slice(start, end),
  }
  for (const batchCells of [1, 300, 3 * 1900, 1 << 24]) {
    let seen = 0
    const sink = {
      begin: () => {},
      row: (row: Row) => {
        if (row.line !== ++seen) t.fail(`row ${row.line} after ${seen - 1}`)
        for (let column = 0; column < 3; column++) {
          const number = row.number(column)
          if ((Number.isNaN(number) ? null : number) !== value(seen - 1, column)) t.fail(`row ${seen}`)
        }
      },
    }
    await readParquet('x', source, { textColumns: new Set(), warn: () => {}, batchCells }, sink)
    t.equal(seen, rows, `${batchCells} cells at a time`)
  }

  const packed = { GZIP: gzipSync, BROTLI: brotliCompressSync, ZSTD: zstdCompressSync }
  for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD'] as CompressionCodec[]) {
    const columnData = [{ name: 'x', data: [1, null, 3] }]
    const one = parquetWriteBuffer({ columnData, codec, ...(codec in packed && { compressors: packed }) })
    const { rows: read } = await parquet(one)
    t.same(
      read.map(({ numbers }) => numbers[0]),
      [1, NaN32, 3],
      codec,
    )
  }
})

t.test('Parquet: files that DuckDB wrote, in both versions of the format', async (t) => {
  const folder = join(import.meta.dirname, '../fixtures')
  const files = readdirSync(folder).filter((name) => /^duckdb.*\.parquet$/.test(name))
  t.equal(files.length, 3)
  for (const file of files) {
    const bytes = readFileSync(join(folder, file))
    const buffer = new Uint8Array(bytes).buffer
    const { columns, rows } = await parquet(buffer, ['qid'])
    t.same(columns, ['label', 'qid', 'd', 'b', 'dec', 'f', 'flag'])
    const wanted = Array.from({ length: 60 }, (_, i) => [
      i % 3,
      i % 7 === 0 ? NaN32 : i / 2,
      i % 5 === 0 ? NaN32 : i,
      Math.fround(i / 4),
      Math.fround(i * 1.25),
      (i + 1) % 2,
    ])
    t.same(
      rows.map(({ numbers: [label, , ...others] }) => [label, ...others]),
      wanted,
      file,
    )
    t.same(
      rows.map(({ texts }) => texts[1]),
      Array.from({ length: 60 }, (_, i) => `q${Math.floor(i / 10)}`),
    )
  }
})

t.test('Parquet: damage anywhere is an error or changes values, and nothing else', async (t) => {
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: 'label', data: Array.from({ length: 50 }, (_, row) => row % 3) },
      { name: 'x', data: Array.from({ length: 50 }, (_, row) => row / 7) },
      { name: 't', data: Array.from({ length: 50 }, (_, row) => `t${row % 9}`) },
    ],
  })
  await t.rejects(parquet(new ArrayBuffer(0)), { code: 'FILE_EMPTY' })
  await t.rejects(parquet(parquetWriteBuffer({ columnData: [{ name: 'x', data: [], type: 'DOUBLE' }] })), {
    code: 'NO_ROWS',
  })
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.byteLength - 1), fc.nat(255), async (at, byte) => {
      const copy = bytes.slice(0)
      new Uint8Array(copy)[at] = byte
      await parquet(copy).then(
        ({ rows }) => t.equal(rows.length, 50, `byte ${at} is ${byte}`),
        (error) =>
          t.match(error.code, /^(PARQUET_DAMAGED|NO_ROWS)$/, `byte ${at} is ${byte}: ${error.message}`),
      )
    }),
    { numRuns: 300 },
  )
  for (let end = 0; end < bytes.byteLength; end += 37) {
    const code = end === 0 ? 'FILE_EMPTY' : 'PARQUET_DAMAGED'
    await t.rejects(parquet(bytes.slice(0, end)), { code }, `the first ${end} bytes`)
  }
})
