import fc from 'fast-check'
import t from 'tap'
import { contiguousRows } from '../../src/data/dataset/row-store.ts'
import { randomNdcg, singleFeatures } from '../../src/metrics/baselines.ts'
import { meanNdcg, type NdcgOptions, ndcgOfQueries } from '../../src/metrics/ndcg.ts'

/** The definition, written out: sort, discount, divide. */
function plainNdcg(
  labels: number[],
  scores: number[],
  { k, gain = 'exponential', ...ties }: NdcgOptions,
): number {
  const docnos = ties.ties === 'docno' ? ties.docnos : undefined
  const worth = (label: number) => (gain === 'exponential' ? 2 ** label - 1 : label)
  const dcg = (order: number[]) =>
    order.slice(0, k).reduce((sum, row, rank) => sum + worth(labels[row]!) / Math.log2(rank + 2), 0)
  const rows = [...labels.keys()]
  const key = (row: number) => (Number.isNaN(scores[row]) ? Number.NEGATIVE_INFINITY : scores[row]!)
  const byScore = rows.toSorted(
    (a, b) => key(b) - key(a) || (docnos ? (docnos[b]! > docnos[a]! ? 1 : -1) : a - b) || 0,
  )
  const ideal = dcg(rows.toSorted((a, b) => labels[b]! - labels[a]!))
  return ideal === 0 ? Number.NaN : dcg(byScore) / ideal
}

t.test('equals the definition on random queries, ties and missing scores included', async () => {
  const row = fc.record({
    label: fc.nat(4),
    score: fc.oneof(fc.float({ noNaN: true, min: -2, max: 2 }), fc.constantFrom(0, 1, Number.NaN)),
  })
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom('exponential' as const, 'linear' as const),
      fc.boolean(),
      (rows, k, gain, named) => {
        const labels = rows.map((one) => one.label)
        const scores = rows.map((one) => one.score)
        // One kind of "last" at a time: trec_eval knows no missing score.
        fc.pre(!named || scores.every((score) => !Number.isNaN(score)))
        const docnos = rows.map((_, index) => `d${(index * 7919) % 1000}`)
        const ties = named ? ({ ties: 'docno', docnos } as const) : {}
        const options: NdcgOptions = { k, gain, emptyQuery: 'skip', ...ties }
        const seen = meanNdcg(
          Float32Array.from(labels),
          Float32Array.from(scores),
          Uint32Array.of(rows.length),
          options,
        )
        const wanted = plainNdcg(labels, scores, options)
        return Number.isNaN(wanted) ? Number.isNaN(seen) : Math.abs(seen - wanted) < 1e-12
      },
    ),
    { numRuns: 2_000 },
  )
})

t.test('queries without a relevant row', async (t) => {
  const labels = Float32Array.of(0, 0, 2, 0)
  const scores = Float32Array.of(1, 2, 1, 2)
  const sizes = Uint32Array.of(2, 2)
  const half = 3 / Math.log2(3) / 3
  const near = (options: Pick<NdcgOptions, 'emptyQuery'>, wanted: number, message: string) =>
    t.ok(Math.abs(meanNdcg(labels, scores, sizes, { k: 10, ...options }) - wanted) < 1e-12, message)
  near({}, (1 + half) / 2, 'one, as XGBoost')
  near({ emptyQuery: 'zero' }, half / 2, 'zero, as trec_eval')
  near({ emptyQuery: 'skip' }, half, 'left out')
  t.same(ndcgOfQueries(labels, sizes, { k: 1 })(scores), Float64Array.of(1, 0))
})

t.test('baselines: the feature that ranks best is found, in its direction', async (t) => {
  const rows = 200
  const labels = Float32Array.from({ length: rows }, (_, row) => row % 5)
  const values = new Float32Array(rows * 3)
  for (let row = 0; row < rows; row++) {
    values[3 * row] = (row * 7919) % 101
    values[3 * row + 1] = -labels[row]!
    values[3 * row + 2] = Number.NaN
  }
  const groups = { ids: ['a', 'b'], sizes: Uint32Array.of(120, 80) }
  const data = {
    featureNames: ['noise', 'rank', 'missing'],
    rows,
    matrix: contiguousRows(values, 3),
    labels,
    groups,
  }
  const [best] = singleFeatures(data)
  t.same(best, { feature: 'rank', order: 'ascending', ndcg: 1 })
  const random = randomNdcg(data)
  t.ok(random > 0.2 && random < 0.6, `random order gives ${random}`)
  t.equal(random, randomNdcg(data), 'and the same one each time')
})

t.test('a constant column ranks as chance does, in whatever order the file is', async (t) => {
  const best = {
    featureNames: ['constant'],
    rows: 40,
    matrix: contiguousRows(new Float32Array(40).fill(7), 1),
    labels: Float32Array.from({ length: 40 }, (_, row) => 3 - Math.floor((row % 20) / 5)),
    groups: { ids: ['a', 'b'], sizes: Uint32Array.of(20, 20) },
  }
  const [only] = singleFeatures(best)
  t.ok(Math.abs(only!.ndcg - randomNdcg(best)) < 1e-12, `${only!.ndcg} is ${randomNdcg(best)}`)
})
