import fc from 'fast-check'
import t from 'tap'
import { CsvScanner } from '../../src/data/csv/scanner.ts'
import { parseFloat32 } from '../../src/data/number.ts'
import type { Row } from '../../src/data/row.ts'

const encode = (text: string) => new TextEncoder().encode(text)

/** Reads bytes given in chunks of the sizes named, the last one repeated. */
function scan(content: Uint8Array, sizes: readonly number[] = [content.length]) {
  const records: { line: number; cells: string[] }[] = []
  const onRecord = (record: Row) =>
    records.push({
      line: record.line,
      cells: Array.from({ length: record.count }, (_, cell) => record.text(cell)),
    })
  const scanner = new CsvScanner('x.csv')
  for (let at = 0, chunk = 0; at < content.length; chunk++) {
    const size = Math.max(1, sizes[Math.min(chunk, sizes.length - 1)]!)
    scanner.push(content.subarray(at, at + size), onRecord)
    at += size
  }
  scanner.end(onRecord)
  return records
}
const cells = (text: string) => scan(encode(text)).map((record) => record.cells)

t.test('records and cells', async (t) => {
  t.same(
    cells('a,b\n1,2\n'),
    [
      ['a', 'b'],
      ['1', '2'],
    ],
    'with a last newline',
  )
  t.same(
    cells('a,b\r\n1,2'),
    [
      ['a', 'b'],
      ['1', '2'],
    ],
    'CRLF, without one',
  )
  t.same(cells('\uFEFFa,b\n'), [['a', 'b']], 'a byte-order mark is skipped')
  t.same(cells('a,,\n,\n\n'), [['a', '', ''], ['', ''], ['']], 'empty cells and an empty line')
  t.same(
    cells('"a,1","b""c"\n "x" ,"y"\r\n'),
    [
      ['a,1', 'b"c'],
      ['x', 'y'],
    ],
    'quotes, with spaces around',
  )
  t.same(cells('a"b,c\n'), [['a"b', 'c']], 'a quote inside a plain cell is text')
  t.same(cells(''), [])
  const lines = scan(encode('a\n"1\n2"\n3\n')).map((record) => record.line)
  t.same(lines, [1, 2, 4], 'lines are those of an editor')
})

t.test('broken quotes are errors that name the line', async (t) => {
  t.throws(() => cells('a,b\n1,"2\n3,4\n'), { code: 'UNCLOSED_QUOTE', message: /x\.csv line 2/ })
  t.throws(() => cells('a,b\n"1"2,3\n'), { code: 'BAD_QUOTE', message: /x\.csv line 2/ })
  const scanner = new CsvScanner('x.csv')
  const flood = encode('a'.repeat(1 << 20))
  scanner.push(encode('"'), () => {})
  const pushForEver = () => {
    for (;;) scanner.push(flood, () => {})
  }
  t.throws(
    pushForEver,
    { code: 'RECORD_TOO_LONG', message: /line 1 .*16777216 bytes/ },
    'a record without an end does not grow for ever',
  )
})

t.test('any table comes back, however it is cut into chunks', async (t) => {
  const cell = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !text.includes('\uFEFF')),
    fc.constantFrom('', '"', ',', '\n', '\r\n', '1.5', ' x '),
  )
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(
      table,
      fc.array(fc.nat(5), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n'),
      (rows, sizes, newline) => {
        const quoted = rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','))
        const content = encode(quoted.join(newline) + newline)
        t.same(
          scan(content, sizes).map((record) => record.cells),
          rows,
        )
      },
    ),
    { numRuns: 150 },
  )
})

t.test('the number of a cell is that of its text, whatever is around it', async (t) => {
  const number = fc.oneof(
    fc.double().map(String),
    fc.float().map((value) => value.toExponential()),
    fc.integer().map(String),
    fc.stringMatching(/^[-+]?\d{0,20}\.?\d{0,20}$/),
  )
  const word = fc.constantFrom('', 'q12', '1x', '-', '1e', 'NaN', 'nil', 'inf', '0x1', '1 2')
  const padded = fc
    .tuple(fc.constantFrom('', ' ', '\t'), fc.oneof(number, word), fc.constantFrom('', ' '))
    .map((parts) => parts.join(''))
  const cell = fc.oneof(
    number,
    padded,
    padded.map((text) => `"${text}"`),
  )
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 100 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(
      table,
      fc.array(fc.nat(40), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n'),
      (rows, sizes, newline) => {
        const content = encode(rows.map((row) => row.join(',')).join(newline))
        let cells = 0
        const onRecord = (record: Row) => {
          for (let cell = 0; cell < record.count; cell++, cells++) {
            const text = encode(record.text(cell))
            const wanted = parseFloat32(text, 0, text.length)
            if (!Object.is(record.number(cell), wanted))
              t.fail(`${record.text(cell)}: ${record.number(cell)}`)
          }
        }
        const scanner = new CsvScanner('x.csv')
        for (let at = 0, chunk = 0; at < content.length; chunk++) {
          const size = Math.max(1, sizes[Math.min(chunk, sizes.length - 1)]!)
          scanner.push(content.subarray(at, at + size), onRecord)
          at += size
        }
        scanner.end(onRecord)
        // An empty last line without a newline is none.
        return cells >= rows.flat().length - 1
      },
    ),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('lines that follow others of their width are read as they are alone', async (t) => {
  const number = fc.oneof(fc.float({ noNaN: true }).map(String), fc.integer().map(String))
  const cell = fc.oneof({ weight: 9, arbitrary: number }, fc.constantFrom('', 'q1', '-', ' 2', '1e400', 'é'))
  const odd = fc.constantFrom('', '"1,5",2', '1,2,"a""b"', '"a"', '1,2', 'a"b,3,4')
  const table = fc
    .integer({ min: 1, max: 12 })
    .chain((width) => fc.array(cell, { minLength: width, maxLength: width }).map((cells) => cells.join()))
    .chain((line) =>
      fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant(line) }, odd), { minLength: 2, maxLength: 40 }),
    )
  const records = (content: Uint8Array, sizes: readonly number[]) => {
    const seen: unknown[] = []
    const onRecord = (record: Row) => {
      const cells = Array.from({ length: record.count }, (_, at) => [record.text(at), record.number(at)])
      seen.push([record.line, cells])
    }
    const scanner = new CsvScanner('x.csv')
    for (let at = 0, chunk = 0; at < content.length; chunk++) {
      const size = sizes[chunk % sizes.length]! + 1
      scanner.push(content.subarray(at, at + size), onRecord)
      at += size
    }
    scanner.end(onRecord)
    return seen as [number, unknown][]
  }
  const sizes = fc.array(fc.nat(300), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(table, sizes, fc.constantFrom('\n', '\r\n'), (lines, sizes, newline) => {
      const alone = lines.flatMap((line, at) =>
        records(encode(`${line}${newline}`), [1000]).map(([, cells]) => [at + 1, cells]),
      )
      t.same(records(encode(lines.map((line) => `${line}${newline}`).join('')), sizes), alone)
    }),
    { numRuns: 150 },
  )
  // Longer than what the module holds at a time, with a line that is longer than all of it.
  const long = Array.from({ length: 3 }, () => '1.5,'.repeat(40_000))
  const many = [...Array.from({ length: 30_000 }, (_, row) => `${row},q${row}`), ...long, '1,"2"', '3,4']
  const seen = records(encode(many.join('\n')), [99_999])
  t.equal(seen.length, many.length)
  t.same(seen[29_999], [
    30_000,
    [
      ['29999', 29999],
      ['q29999', Number.POSITIVE_INFINITY],
    ],
  ])
  t.same(seen.at(-1), [
    30_005,
    [
      ['3', 3],
      ['4', 4],
    ],
  ])
})
