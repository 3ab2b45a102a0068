import fc from 'fast-check'
import t from 'tap'
import { readCsvRows, readCsvTable } from '../../src/data/csv/rows.ts'

const FEATURES = ['price', 'cost']
const bytes = (text: string) => Buffer.from(text)
const rows = (text: string) => readCsvRows(bytes(text), FEATURES)
const table = (text: string) => readCsvTable(bytes(text), FEATURES)

t.test('rows in feature order', async (t) => {
  const read = rows('\uFEFF1,2\r\n 3 ,"4"\n,nan')
  t.match(read, { kind: 'rows', count: 3, width: 2, ignored: [] })
  t.same([...read.values], [1, 2, 3, 4, Number.NaN, Number.NaN])
  t.same(
    [...readCsvRows(bytes('1\n\n2\n'), ['a']).values],
    [1, Number.NaN, 2],
    'an empty line is a missing value',
  )
  t.same(rows('1,2\n').count, rows('1,2').count, 'the last newline is optional')
})

t.test('rows that do not fit name row and counts', async (t) => {
  t.throws(() => rows('1,2\n1,2,3\n1'), {
    code: 'WRONG_WIDTH',
    status: 422,
    message: 'row 2 has 3 values: the model takes 2 features',
  })
  t.throws(() => rows('1,2\n\n'), { code: 'WRONG_WIDTH', values: { row: 2, seen: 1 } })
  t.throws(() => rows('1,2,\n'), { code: 'WRONG_WIDTH' })
  t.throws(() => rows('\uFEFF'), { code: 'BODY_EMPTY', status: 400 })
  t.throws(() => rows('1,"2'), { code: 'UNCLOSED_QUOTE', status: 400 })
})

t.test('a value that is no finite number names row and column', async (t) => {
  for (const seen of ['inf', '-Infinity', 'abc', '0x10', '1e39', '1.2.3', '1 2', '١']) {
    t.throws(() => rows(`1,2\n3,${seen}`), {
      code: 'BAD_VALUE',
      status: 422,
      values: { row: 2, column: 'cost', seen },
    })
  }
  t.throws(() => rows('price,cost\n1,2'), /row 1, column "price" is "price".*header=present/)
  t.throws(() => rows('1e39,2'), { message: /missing value$/ }, 'a number too large is no header')
})

t.test('a table with a header matches by name', async (t) => {
  const read = table('id,cost, price ,title\na,2,1,"x, y"\nb,,3,\n')
  t.match(read, { count: 2, width: 2, ignored: ['id', 'title'] })
  t.same([...read.values], [1, 2, 3, Number.NaN])
  t.throws(() => table('price,title\n1,x'), { code: 'COLUMN_ABSENT', values: { columns: ['cost'] } })
  t.throws(() => table('price,cost,price\n1,2,3'), { code: 'COLUMN_TWICE', values: { column: 'price' } })
  t.throws(() => table('price,cost,id\n1,2'), {
    code: 'NOT_AS_HEADER',
    message: 'row 1 has 2 values: the header names 3 columns',
  })
  t.throws(() => table('price,cost\n1,2\n1,x'), {
    code: 'BAD_VALUE',
    values: { row: 2, column: 'cost', seen: 'x' },
  })
  t.throws(() => table('price,cost\n'), { code: 'BODY_EMPTY' })
  t.same([...readCsvTable(bytes('__proto__,constructor\n1,2'), ['constructor', '__proto__']).values], [2, 1])
})

t.test('what is written is read, however many rows there are', async (t) => {
  const cell = fc.oneof(fc.float({ noDefaultInfinity: true }), fc.integer({ min: -9, max: 9 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 200 }), (written) => {
      const read = rows(written.map((row) => row.join(',')).join('\n'))
      t.same([...read.values], written.flat().map(Math.fround))
    }),
    { numRuns: 50 },
  )
})

t.test('the quick reader and the general one agree', async (t) => {
  const part = fc.constantFrom(
    '1',
    '2.50',
    '-0',
    ',',
    ',',
    '\n',
    '\n',
    '\r\n',
    ' ',
    '\t',
    'nan',
    '1e5',
    '.',
    'x',
    '\r',
  )
  const cell = fc.constantFrom('1', '-2.50', '', ' 3', 'nan', '1e-5', '0.12345678901234567', '4\r')
  const outcome = (read: () => ArrayLike<number>) => {
    try {
      return Array.from(read())
    } catch (thrown) {
      return (thrown as { code: string }).code
    }
  }
  let both = 0
  fc.assert(
    fc.property(
      fc.oneof(fc.array(part), fc.array(fc.tuple(cell, cell).map(([a, b]) => `${a},${b}\n`))),
      (parts) => {
        const text = parts.join('')
        fc.pre(text !== '')
        const quick = outcome(() => rows(text).values)
        // A quote anywhere leaves the whole body to the general reader.
        const general = outcome(() => rows(`"0",0\n${text}`).values.subarray(2))
        if (Array.isArray(quick) && quick.length > 2) both++
        t.same(quick, general, JSON.stringify(text))
      },
    ),
    { numRuns: 2000 },
  )
  t.ok(both > 200, `${both} bodies of several rows were read`)
})
