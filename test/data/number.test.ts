import fc from 'fast-check'
import t from 'tap'
import { isInfinite, parseFloat32, shortestFloat32 } from '../../src/data/number.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => parseFloat32(bytes(text), 0, bytes(text).length)

/** Decimal spellings of every shape: short, long, with exponents, near midpoints of float32. */
const decimal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
  fc.tuple(fc.integer(), fc.stringMatching(/^\d{1,25}$/)).map(([whole, digits]) => `${whole}.${digits}`),
  fc
    .tuple(fc.stringMatching(/^[+-]?\d{1,30}$/), fc.integer({ min: -60, max: 60 }))
    .map(([m, e]) => `${m}e${e}`),
  fc
    .float({ noNaN: true, noDefaultInfinity: true, min: 1, max: 2 })
    .map((value) => (value + 2 ** -24).toFixed(30)),
)

t.test('decimals round as Math.fround(Number(text))', async (t) => {
  fc.assert(
    fc.property(decimal, fc.nat(3), fc.nat(3), (text, before, after) => {
      const seen = read(' '.repeat(before) + text + '\t'.repeat(after))
      return Object.is(seen, Math.fround(Number(text)))
    }),
    { numRuns: 20_000 },
  )
  t.pass()
})

t.test('what is missing, what is a number, and what is neither', async (t) => {
  for (const text of ['', ' ', '\t ', 'nan', 'NaN', ' NAN '])
    t.ok(Number.isNaN(read(text)), JSON.stringify(text))
  for (const [text, value] of [
    ['-0', -0],
    ['+7', 7],
    ['.5', 0.5],
    ['5.', 5],
    ['007', 7],
    ['1e-50', 0],
    ['000000000000000000001', 1],
  ] as const) {
    t.ok(Object.is(read(text), value), text)
  }
  const words = [
    '.',
    '-',
    '+',
    'e5',
    '1e',
    '1.2.3',
    '0x10',
    '1_000',
    '1,5',
    '--1',
    'abc',
    '1 2',
    '\u0000',
    'null',
    '١',
  ]
  for (const text of words) {
    t.equal(read(text), Number.POSITIVE_INFINITY, JSON.stringify(text))
    t.notOk(isInfinite(text), JSON.stringify(text))
  }
  for (const text of ['inf', '-Infinity', '1e39', '-1e400', '9'.repeat(50)]) {
    t.notOk(Number.isFinite(read(text)), text)
    t.ok(isInfinite(text), text)
  }
  t.equal(read(`1${'0'.repeat(5000)}`), Number.POSITIVE_INFINITY, 'a hostile length is not read')
})

t.test('shortestFloat32 gives the spelling back', async (t) => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) =>
      Object.is(Math.fround(shortestFloat32(value)), value),
    ),
    { numRuns: 5_000 },
  )
  t.equal(shortestFloat32(Math.fround(0.1)), 0.1)
  t.equal(shortestFloat32(Math.fround(349.99)), 349.99)
})
