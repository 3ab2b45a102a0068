import fc from 'fast-check'
import t from 'tap'
import { stabilityIndex } from '../../src/data/dataset/drift.ts'
import {
  mergeProfiles,
  profileChannel,
  profileFeatures,
  sampleColumns,
} from '../../src/data/dataset/profile.ts'
import { contiguousRows } from '../../src/data/dataset/row-store.ts'
import { sampleIndices, sampleQueries } from '../../src/data/dataset/samples.ts'
import { quantile } from '../../src/data/quantile.ts'
import { sortFloat32 } from '../../src/data/sort.ts'
import { judgedData, seededRandom } from '../helpers/judged-data.ts'

t.test('quantiles between values', async (t) => {
  t.same(
    [0, 0.25, 0.5, 1].map((share) => quantile([1, 2, 4, 8], share)),
    [1, 1.75, 3, 8],
  )
  t.equal(quantile([7], 0.9), 7)
  t.ok(Number.isNaN(quantile([], 0.5)))
})

t.test('numbers are sorted as sort() does', async (t) => {
  const random = seededRandom(5)
  const special = [
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    3.4e38,
    -3.4e38,
    1e-45,
    -1e-45,
    1,
    1,
  ]
  for (const count of [0, 1, 1999, 2000, 5000]) {
    const values = Float32Array.from({ length: count }, (_, at) =>
      at % 7 === 0 ? special[(at / 7) % special.length]! : (random() - 0.5) * 10 ** (20 * random() - 10),
    )
    const wanted = values.slice().sort()
    t.ok(
      sortFloat32(values).every((value, at) => Object.is(value, wanted[at])),
      `${count} numbers`,
    )
  }
})

t.test('samples are spread, ascending, seeded, and never twice the same row', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 600 }), (count, most) => {
      const rows = [...sampleIndices(count, most)]
      return (
        rows.length === Math.min(count, most) &&
        rows.every((row, at) => row < count && (at === 0 || row > rows[at - 1]!))
      )
    }),
  )
  t.same(sampleIndices(1e6, 5), sampleIndices(1e6, 5))
  t.not(sampleIndices(1e6, 5, 2).join(), sampleIndices(1e6, 5).join())

  const data = judgedData({ queries: 50, perQuery: 20 })
  const sample = sampleQueries(data, 200)
  t.equal(sample.groups!.sizes.length, 10)
  t.equal(sample.rows, 200)
  const query = data.groups.ids.indexOf(sample.groups!.ids[3]!)
  t.same(sample.labels.subarray(60, 80), data.labels.subarray(query * 20, query * 20 + 20), 'whole queries')
  t.same(sample.matrix.view(60, 80), data.matrix.view(query * 20, query * 20 + 20))
  t.equal(sampleQueries(data, 1000), data, 'no more rows than that: the data itself')
})

t.test('a profile of every feature', async (t) => {
  const rows = 1001
  const names = ['ramp', 'half', 'constant', 'gone']
  const values = new Float32Array(rows * 4)
  for (let row = 0; row < rows; row++) {
    values.set([row / 10, row % 2 ? Number.NaN : row % 3, 5, Number.NaN], row * 4)
  }
  const data = {
    featureNames: names,
    rows,
    matrix: contiguousRows(values, 4),
    labels: new Float32Array(rows),
  }
  const { rows: sampled, columns } = sampleColumns(data)
  t.equal(sampled.length, rows)
  const [ramp, half, constant, gone] = profileFeatures(names, columns)
  t.same(ramp, { name: 'ramp', missing: 0, quantiles: [0, 1, 5, 25, 50, 75, 95, 99, 100] })
  t.ok(Math.abs(half!.missing - 500 / 1001) < 1e-12)
  t.equal(half!.distinct, 3)
  t.same(constant, { name: 'constant', missing: 0, quantiles: new Array(9).fill(5), distinct: 1 })
  t.same(gone, { name: 'gone', missing: 1, quantiles: [], distinct: 0 })

  const large = judgedData({ queries: 1000, perQuery: 30, missing: 0.25 })
  const sample = sampleColumns(large)
  t.equal(sample.rows.length, 10_000, 'a sample of large data')
  const [first] = profileFeatures(large.featureNames, sample.columns)
  t.ok(Math.abs(first!.missing - 0.25) < 0.02 && Math.abs(first!.quantiles[4]!) < 0.05)
})

t.test('what a channel holds', async (t) => {
  const data = {
    featureNames: [],
    rows: 6,
    matrix: contiguousRows(new Float32Array(0), 0),
    labels: Float32Array.of(0, 2, 0, 0, 0, 1),
    groups: { ids: ['a', 'b', 'c'], sizes: Uint32Array.of(2, 3, 1) },
  }
  t.same(profileChannel(data), {
    rows: 6,
    labels: [
      [0, 4],
      [1, 1],
      [2, 1],
    ],
    queries: { count: 3, withoutRelevantRow: 1, ofOneRow: 1, rows: [1, 2, 3] },
  })
  const { groups: _, ...rows } = data
  const continuous = { ...rows, rows: 100, labels: Float32Array.from({ length: 100 }, (_, row) => row / 7) }
  t.same(profileChannel(continuous), { rows: 100 }, 'targets are no grades')

  // Over JSON, as hosts tell each other; the last one has no row.
  const parts = [
    { rows: 2, labels: data.labels.slice(0, 2), groups: { ids: ['a'], sizes: Uint32Array.of(2) } },
    { rows: 4, labels: data.labels.slice(2), groups: { ids: ['b', 'c'], sizes: Uint32Array.of(3, 1) } },
    { rows: 0, labels: new Float32Array(0), groups: { ids: [], sizes: new Uint32Array(0) } },
  ].map((part) => JSON.parse(JSON.stringify(profileChannel({ ...data, ...part }))))
  t.same(
    mergeProfiles(parts, Float64Array.of(2, 3, 1)),
    profileChannel(data),
    'the parts of hosts are the whole',
  )
  t.same(mergeProfiles([{ rows: 3, labels: [[1, 3]] }, { rows: 100 }], undefined), { rows: 103 })
})

t.test('drift', async (t) => {
  const random = seededRandom(3)
  const sample = (count: number, shift = 0, missing = 0) => {
    const values = Float32Array.from(
      { length: Math.round(count * (1 - missing)) },
      () => random() + shift,
    ).sort()
    return { values, missing }
  }
  t.ok(stabilityIndex(sample(5000), sample(5000)) < 0.02, 'none between two halves')
  t.ok(stabilityIndex(sample(5000), sample(5000, 0.3)) > 0.25, 'values that moved')
  t.ok(stabilityIndex(sample(5000), sample(5000, 0, 0.5)) > 0.25, 'values that went missing')
  // Half the values in each of two bins, then a quarter and three quarters: (¼ − ½) ln ½ + (¾ − ½) ln 1½.
  const column = (...values: number[]) => ({ values: Float32Array.from(values), missing: 0 })
  const wanted = -0.25 * Math.log(0.5) + 0.25 * Math.log(1.5)
  t.ok(Math.abs(stabilityIndex(column(0, 0, 1, 1), column(0, 1, 1, 1)) - wanted) < 0.02)
  const empty = { values: new Float32Array(0), missing: 1 }
  t.equal(stabilityIndex(empty, empty), 0)
})
