import fc from 'fast-check'
import t from 'tap'
import { folds, holdOut, type QueryParts, selectQueries } from '../../src/data/dataset/query-parts.ts'
import { judgedData } from '../helpers/judged-data.ts'

/** Each query is in one of the parts, and once. */
function isPartition({ kept, heldOut }: QueryParts, queries: number): boolean {
  const ascending = (list: Uint32Array) => list.every((query, at) => at === 0 || query > list[at - 1]!)
  const all = new Set([...kept, ...heldOut])
  return (
    ascending(kept) && ascending(heldOut) && kept.length + heldOut.length === queries && all.size === queries
  )
}

t.test('whole queries are held out, some of them and never all, the same for a seed', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 500 }),
      fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
      fc.integer(),
      (queries, fraction, seed) => {
        const parts = holdOut(queries, fraction, seed)
        const { kept, heldOut } = parts
        return (
          isPartition(parts, queries) &&
          heldOut.length >= 1 &&
          kept.length >= 1 &&
          Math.abs(heldOut.length - fraction * queries) <= 1 &&
          heldOut.join() === holdOut(queries, fraction, seed).heldOut.join()
        )
      },
    ),
  )
})

t.test('folds hold each query out once, and are of one size', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 300 }),
      fc.integer({ min: 2, max: 20 }),
      fc.integer(),
      (queries, k, seed) => {
        fc.pre(k <= queries)
        const parts = folds(queries, k, seed)
        const heldOut = parts.flatMap((part) => [...part.heldOut])
        const sizes = parts.map((part) => part.heldOut.length)
        return (
          parts.length === k &&
          parts.every((part) => isPartition(part, queries)) &&
          new Set(heldOut).size === queries &&
          heldOut.length === queries &&
          Math.max(...sizes) - Math.min(...sizes) <= 1
        )
      },
    ),
  )
  t.not(folds(40, 4, 1)[0]!.heldOut.join(), folds(40, 4, 2)[0]!.heldOut.join(), 'another seed, other folds')
})

t.test('the rows of some queries', async (t) => {
  const data = {
    ...judgedData({ queries: 5, perQuery: 3, width: 2 }),
    weights: Float32Array.of(1, 2, 3, 4, 5),
  }
  const some = selectQueries(data, Uint32Array.of(3, 0, 1))
  t.same(some.groups, { ids: ['q3', 'q0', 'q1'], sizes: Uint32Array.of(3, 3, 3) })
  t.same([...some.weights!], [4, 1, 2])
  t.same([...some.labels], [...data.labels.subarray(9, 12), ...data.labels.subarray(0, 6)])
  t.same([...some.matrix.view(0, 9)], [...data.values.subarray(18, 24), ...data.values.subarray(0, 12)])
  t.same([...some.matrix.view(2, 4)], [...data.values.subarray(22, 24), ...data.values.subarray(0, 2)])
})
