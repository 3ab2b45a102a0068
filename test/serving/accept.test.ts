import fc from 'fast-check'
import t from 'tap'
import { acceptsAnything, negotiate } from '../../src/serving/accept.ts'

const OFFERS = ['application/json', 'text/csv', 'application/jsonlines']

t.test('the offer that an Accept header prefers', async (t) => {
  const cases: [header: string, chosen: string | undefined][] = [
    ['*/*', 'application/json'],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV', 'text/csv'],
    ['text/csv; charset=utf-8', 'text/csv'],
    ['text/*', 'text/csv'],
    ['application/*', 'application/json'],
    ['image/png', undefined],
    ['image/png, */*;q=0.1', 'application/json'],
    ['application/json;q=0.2, text/csv;q=0.9', 'text/csv'],
    ['application/json;q=0, */*', 'text/csv'],
    ['application/json; q=0', undefined],
    ['application/*;q=0, */*', 'text/csv'],
    ['application/*;q=0.1, application/jsonlines', 'application/jsonlines'],
    ['*/*, text/csv', 'text/csv'],
    ['text/csv, application/json', 'text/csv'],
    ['application/json, text/csv', 'application/json'],
    ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'application/json'],
    ['text/csv;x="a,b;q=0";q=0.4, application/jsonlines;q=0.5', 'application/jsonlines'],
    ['text/csv;q=nonsense', 'text/csv'],
    [', ,text/csv,', 'text/csv'],
    ['*/csv', undefined],
    ['csv', undefined],
    ['', undefined],
  ]
  for (const [header, chosen] of cases) t.equal(negotiate(header, OFFERS), chosen, JSON.stringify(header))
})

t.test('the choice is left to the server', async (t) => {
  for (const header of [undefined, '', ' ', '*/*', ' */* ', '*/*;q=0.8', '*; q=.2, */*; q=.2'])
    t.ok(acceptsAnything(header))
  for (const header of ['text/csv', '*/*;q=0', 'text/*, */*']) t.notOk(acceptsAnything(header))
})

t.test('no header breaks it', async () => {
  const part = fc.oneof(fc.constantFrom('*/*', 'text/csv', ';', ',', '"', 'q=', ';q=0.5', '/'), fc.string())
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const chosen = negotiate(parts.join(''), OFFERS)
      return chosen === undefined || OFFERS.includes(chosen)
    }),
  )
})
