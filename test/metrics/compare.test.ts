import fc from 'fast-check'
import t from 'tap'
import { intervalMethod, MOST_RESAMPLED, meanIntervals } from '../../src/metrics/bootstrap.ts'
import { compare } from '../../src/metrics/compare.ts'
import { expectedNdcgOfQueries, randomNdcgOfQueries } from '../../src/metrics/expected-ndcg.ts'
import { ndcgOfQueries } from '../../src/metrics/ndcg.ts'
import { seededRandom } from '../helpers/judged-data.ts'

const uniform = (count: number, seed = 1) => {
  const random = seededRandom(seed)
  return Float64Array.from({ length: count }, () => random())
}
const close = (seen: number, wanted: number, within = 1e-12) => Math.abs(seen - wanted) <= within

t.test('intervals whose bounds are known', async (t) => {
  const [alike] = meanIntervals([new Float64Array(50).fill(0.25)])
  t.same(alike, { mean: 0.25, low: 0.25, high: 0.25 }, 'queries that are all alike leave no doubt')
  t.same(meanIntervals([Float64Array.of(0.5)]), [{ mean: 0.5, low: 0.5, high: 0.5 }], 'nor does a single one')
  // Of 0 and 1 the mean is 0, ½ or 1 with chances ¼, ½, ¼: both ends are within 95 %.
  t.same(meanIntervals([Float64Array.of(0, 1)]), [{ mean: 0.5, low: 0, high: 1 }])
  const [none] = meanIntervals([new Float64Array(0)])
  t.ok(Object.values(none!).every(Number.isNaN), 'no query, no number')
})

t.test('agrees with the normal interval where that one holds', async (t) => {
  const queries = 2000
  const values = uniform(queries)
  const { mean, low, high } = meanIntervals([values])[0]!
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / queries
  const reach = 1.96 * Math.sqrt(variance / queries)
  t.ok(close(low, mean - reach, reach * 0.1) && close(high, mean + reach, reach * 0.1), `${low} to ${high}`)

  const many = MOST_RESAMPLED + 1
  t.equal(intervalMethod(many), 'normal')
  t.equal(intervalMethod(many - 1), 'bootstrap')
  const [large] = meanIntervals([uniform(many)])
  const expected = 1.96 * Math.sqrt(1 / 12 / many)
  t.ok(close(large!.high - large!.mean, expected, expected * 0.01), 'above a hundred thousand it is that one')
  t.ok(close(large!.mean - large!.low, expected, expected * 0.01))
})

t.test('95 of 100 intervals hold the truth', async (t) => {
  let held = 0
  for (let seed = 1; seed <= 200; seed++) {
    const { low, high } = meanIntervals([uniform(60, seed)], { resamples: 400 })[0]!
    if (low <= 0.5 && 0.5 <= high) held++
  }
  t.ok(held >= 180 && held <= 198, `${held} of 200`)
})

t.test('weights count a query so many times', async (t) => {
  const [weighted] = meanIntervals([Float64Array.of(0, 1, 1)], { weights: [3, 1, 0] })
  t.ok(close(weighted!.mean, 0.25))
  const [ignored] = meanIntervals([Float64Array.of(0.5, 9)], { weights: [1, 0] })
  t.same(ignored, { mean: 0.5, low: 0.5, high: 0.5 }, 'one of weight 0 is not there')
  const scaled = (by: number) => meanIntervals([uniform(40)], { weights: new Float64Array(40).fill(by) })[0]!
  t.ok(close(scaled(1).low, scaled(8).low) && close(scaled(1).high, scaled(8).high))
})

t.test('a comparison is paired', async (t) => {
  const ranker = uniform(300)
  const shifted = ranker.map((value) => value - 0.1)
  const { ranker: own, comparisons } = compare(ranker, [
    { name: 'shifted', values: shifted },
    { name: 'same', values: ranker },
    { name: 'other', values: uniform(300, 9) },
  ])
  const [shift, same, other] = comparisons
  t.ok(own.high - own.low > 0.05, 'the mean alone is not known well')
  t.ok(close(shift!.difference.low, 0.1) && close(shift!.difference.high, 0.1), 'but the difference is')
  t.same([shift!.wins, shift!.ties, shift!.losses], [300, 0, 0])
  t.same([same!.wins, same!.ties, same!.losses], [0, 300, 0])
  t.equal(other!.wins + other!.ties + other!.losses, 300)
  t.ok(close(shift!.mean, own.mean - 0.1))
  t.same(compare(ranker, [{ name: 'shifted', values: shifted }]).comparisons[0], shift, 'seeded')
})

t.test('ties left open, and a random order: the mean over all orders', async () => {
  const permutations = (rows: number[]): number[][] =>
    rows.length < 2
      ? [rows]
      : rows.flatMap((row) => permutations(rows.filter((one) => one !== row)).map((rest) => [row, ...rest]))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4), fc.constantFrom(Number.NaN, -1, 0, 2)), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom('exponential' as const, 'linear' as const),
      (rows, k, gain) => {
        const labels = Float32Array.from(rows, ([grade]) => grade)
        const values = rows.map(([, value]) => (Number.isNaN(value) ? -10 : value))
        const sizes = Uint32Array.of(rows.length)
        const ndcg = ndcgOfQueries(labels, sizes, { k, gain })
        // The place in a permutation breaks ties of the values; alone, it is the whole order.
        const meanOver = (scale: number) => {
          const all = permutations([...rows.keys()]).map(
            (order) => ndcg(Float32Array.from(order, (place, row) => values[row]! * scale + place))[0]!,
          )
          return all.reduce((sum, value) => sum + value, 0) / all.length
        }
        const seen = expectedNdcgOfQueries(labels, sizes, { k, gain })(
          Float32Array.from(rows, ([, value]) => value),
        )
        return (
          close(seen[0]!, meanOver(100), 1e-9) &&
          close(randomNdcgOfQueries(labels, sizes, { k, gain })[0]!, meanOver(0), 1e-9)
        )
      },
    ),
    { numRuns: 60 },
  )
})
