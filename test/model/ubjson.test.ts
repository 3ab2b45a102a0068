import fc from 'fast-check'
import t from 'tap'
import { RankerError } from '../../src/errors.ts'
import { readUbjson } from '../../src/model/ubjson.ts'

/** Literal bytes: characters for markers, numbers for the rest. */
const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : [part])))

t.test('every type of value', async (t) => {
  t.equal(readUbjson(bytes('Z')), null)
  t.equal(readUbjson(bytes('NNT')), true, 'no-ops are skipped')
  t.equal(readUbjson(bytes('F')), false)
  t.equal(readUbjson(bytes('i', 0xff)), -1)
  t.equal(readUbjson(bytes('U', 0xff)), 255)
  t.equal(readUbjson(bytes('I', 0x80, 0)), -32768)
  t.equal(readUbjson(bytes('l', 0xff, 0xff, 0xff, 0xfe)), -2)
  t.equal(readUbjson(bytes('L', 0, 0, 0, 1, 0, 0, 0, 0)), 2 ** 32)
  t.equal(readUbjson(bytes('d', 0x3f, 0x80, 0, 0)), 1)
  t.equal(readUbjson(bytes('D', 0x40, 0, 0, 0, 0, 0, 0, 0)), 2)
  t.equal(readUbjson(bytes('Cx')), 'x')
  t.equal(readUbjson(bytes('SU', 3, 'h\u00e9')), 'hé')
  t.same(readUbjson(bytes('[i', 1, 'T', 'SU', 1, 'a', ']')), [1, true, 'a'])
  t.same(readUbjson(bytes('[#U', 2, 'i', 1, 'i', 2)), [1, 2])
  t.same(readUbjson(bytes('[$d#U', 2, 0x3f, 0x80, 0, 0, 0xbf, 0x80, 0, 0)), Float32Array.of(1, -1))
  t.same(readUbjson(bytes('[$L#U', 1, 0, 0, 0, 0, 0, 0, 0, 9)), Float64Array.of(9))
  t.same(readUbjson(bytes('[$S#U', 2, 'U', 1, 'a', 'U', 1, 'b')), ['a', 'b'])
  t.same({ ...(readUbjson(bytes('{U', 1, 'k', 'i', 5, '}')) as object) }, { k: 5 })
  const hostile = readUbjson(bytes('{U', 9, '__proto__', 'i', 1, '}')) as Record<string, unknown>
  t.equal(Object.getPrototypeOf(hostile), null)
})

t.test('damage is an error, never a hang, a huge allocation or a stack overflow', async (t) => {
  const damaged = { code: 'MODEL_DAMAGED' }
  t.throws(() => readUbjson(bytes('')), damaged)
  t.throws(() => readUbjson(bytes('TT')), damaged, 'bytes after the end')
  t.throws(() => readUbjson(bytes('x')), damaged)
  t.throws(() => readUbjson(bytes('[$d#l', 0x7f, 0xff, 0xff, 0xff)), damaged, 'a count past the end')
  t.throws(
    () => readUbjson(bytes('[$Z#l', 0x7f, 0xff, 0xff, 0xff)),
    damaged,
    'a count of things without bytes',
  )
  t.throws(() => readUbjson(bytes('SL', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), damaged)
  t.throws(() => readUbjson(bytes('['.repeat(100_000))), damaged)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('{', '[', '[$', '{U'), (tail, head) => {
      try {
        readUbjson(Uint8Array.from([...Buffer.from(head), ...tail]))
      } catch (thrown) {
        return thrown instanceof RankerError
      }
      return true
    }),
    { numRuns: 5_000 },
  )
})
