import t from 'tap'
import { ERRORS, RankerError, reasonOf, show, showList } from '../src/errors.ts'

t.test('the table', async (t) => {
  for (const [code, { status }] of Object.entries(ERRORS)) {
    t.match(code, /^[A-Z][A-Z0-9_]+$/)
    t.ok(Number.isInteger(status) && status >= 400 && status < 600, code)
  }
})

t.test('an error carries code, status, sentence and cause', async (t) => {
  const cause = new Error('EACCES')
  const error = new RankerError('WRONG_WIDTH', { row: 3, seen: 1, wanted: 20 }, { cause })
  t.match(error, { name: 'RankerError', code: 'WRONG_WIDTH', status: 422, cause })
  t.equal(error.message, 'row 3 has 1 value: the model takes 20 features')
})

t.test('what comes from outside is quoted, escaped and cut', async (t) => {
  t.equal(show('a\n"b"\u0000'), '"a\\n\\"b\\"\\u0000"')
  t.equal(show('x'.repeat(200)).length, 82)
  t.equal(show({ a: 1 }), 'an object')
  t.equal(show(undefined), 'undefined')
  t.equal(showList(['a', 'b']), '"a", "b"')
  t.equal(showList(['a', 'b', 'c'], 2), '"a", "b" and 1 more')
  t.equal(reasonOf(new Error('one\n  two')), 'one two')
  t.equal(
    reasonOf(new Error('one\r\u001b[2Jtwo\u2028three')),
    'one [2Jtwo three',
    'one line, whatever a name holds',
  )
  const hostile = {
    get message() {
      throw new Error('again')
    },
  }
  for (const thrown of ['', Object.create(null), hostile]) t.equal(reasonOf(thrown), 'no reason was given')
})
