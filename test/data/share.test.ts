import fc from 'fast-check'
import t from 'tap'
import { inShare } from '../../src/data/table/share.ts'

t.test('every query is in the share of one host', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (query, hosts) => {
      const takers = Array.from({ length: hosts }, (_, index) => inShare(query, { index, hosts }))
      return takers.filter(Boolean).length === 1
    }),
  )
})

t.test('shares are of about one size, also where ids follow a pattern', async (t) => {
  const patterns = [
    (n: number) => `q${n}`,
    (n: number) => `${2 * n}`,
    (n: number) => `${1000 * n}`.padStart(9, '0'),
  ]
  for (const pattern of patterns) {
    for (const hosts of [2, 3, 4, 8]) {
      const queries = Array.from({ length: 8000 }, (_, n) => pattern(n))
      const size = queries.filter((query) => inShare(query, { index: hosts - 1, hosts })).length
      t.ok(Math.abs(size - 8000 / hosts) < 0.1 * (8000 / hosts), `${pattern(7)} on ${hosts}: ${size}`)
    }
  }
})

t.test('the rule does not change: a restarted host takes the same queries', async (t) => {
  const taker = (query: string) => [0, 1, 2].find((index) => inShare(query, { index, hosts: 3 }))
  t.same(['', 'q1', 'q2', 'q3', 'größe', '🦆'].map(taker), [2, 0, 0, 1, 2, 1])
})
