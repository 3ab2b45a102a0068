import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { contiguousRows } from '../../src/data/dataset/row-store.ts'
import { averagePrecisionOfQueries } from '../../src/metrics/average-precision.ts'
import { ndcgOfQueries } from '../../src/metrics/ndcg.ts'
import { precisionOfQueries, recallOfQueries } from '../../src/metrics/precision.ts'
import { meanOfQueries, type QueryMetric } from '../../src/metrics/queries.ts'
import { rankingQuality } from '../../src/metrics/ranking-quality.ts'
import {
  expectedReciprocalRankOfQueries,
  reciprocalRankOfQueries,
} from '../../src/metrics/reciprocal-rank.ts'
import { Evaluator } from '../../src/training/evaluator.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { DMatrix } from '../../src/xgboost/dmatrix.ts'
import { arrayInterface, XGBoost } from '../../src/xgboost/library.ts'
import { withOwned } from '../../src/xgboost/owned.ts'

const library = XGBoost.load(process.env)
const K = 7

interface Judged {
  readonly docnos: string[]
  readonly labels: number[]
  readonly scores: number[]
}

/** What make-trec-eval.py wrote: queries, and what the tools of TREC measure of each. */
const fixture: (Judged & { trec_eval: Record<string, number>; gdeval?: Record<string, number> })[] =
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/metrics/trec-eval.json'), 'utf8'))

function sideBySide(queries: readonly Judged[]) {
  return {
    docnos: queries.flatMap((query) => query.docnos),
    labels: Float32Array.from(queries.flatMap((query) => query.labels)),
    scores: Float32Array.from(queries.flatMap((query) => query.scores)),
    sizes: Uint32Array.from(queries, (query) => query.labels.length),
  }
}

t.test('trec_eval and gdeval give the same, query by query', async (t) => {
  const { docnos, labels, scores, sizes } = sideBySide(fixture)
  const trec = { ties: 'docno', docnos, emptyQuery: 'zero' } as const
  const all = Number.MAX_SAFE_INTEGER
  const ofTrecEval: [string, QueryMetric][] = [
    ...[1, 5, 10].map((k): [string, QueryMetric] => [
      `ndcg_cut_${k}`,
      ndcgOfQueries(labels, sizes, { ...trec, k, gain: 'linear' }),
    ]),
    ...[5, 10].flatMap((k): [string, QueryMetric][] => [
      [`map_cut_${k}`, averagePrecisionOfQueries(labels, sizes, { ...trec, k, divideBy: 'relevant' })],
      [`P_${k}`, precisionOfQueries(labels, sizes, { ...trec, k, short: 'k' })],
      [`recall_${k}`, recallOfQueries(labels, sizes, { ...trec, k })],
    ]),
    ['map', averagePrecisionOfQueries(labels, sizes, { ...trec, k: all })],
    ['recip_rank', reciprocalRankOfQueries(labels, sizes, trec)],
  ]
  t.same(ofTrecEval.map(([name]) => name).sort(), Object.keys(fixture[0]!.trec_eval).sort())
  for (const [name, measure] of ofTrecEval) {
    for (const [query, value] of measure(scores).entries()) {
      const wanted = fixture[query]!.trec_eval[name]!
      t.ok(Math.abs(value - wanted) < 1e-12, `${name} of query ${query}: ${value}, trec_eval ${wanted}`)
    }
  }
  for (const k of [1, 5, 10]) {
    const ndcg = ndcgOfQueries(labels, sizes, { ...trec, k })(scores)
    const err = expectedReciprocalRankOfQueries(labels, sizes, { ...trec, k, maxGrade: 4 })(scores)
    for (const [query, { gdeval }] of fixture.entries()) {
      // gdeval leaves out queries without a relevant row, and prints five digits.
      if (!gdeval) continue
      t.ok(Math.abs(ndcg[query]! - gdeval[`ndcg@${k}`]!) < 6e-6, `gdeval ndcg@${k} of query ${query}`)
      t.ok(Math.abs(err[query]! - gdeval[`err@${k}`]!) < 6e-6, `gdeval err@${k} of query ${query}`)
    }
  }
})

t.test('the order of ties is what parts the two', async (t) => {
  const labels = Float32Array.of(0, 1)
  const sizes = Uint32Array.of(2)
  const scores = Float32Array.of(3, 3)
  const docnos = ['a', 'b']
  t.same([...reciprocalRankOfQueries(labels, sizes)(scores)], [0.5])
  t.same([...reciprocalRankOfQueries(labels, sizes, { ties: 'docno', docnos })(scores)], [1])
})

const query = fc.array(
  fc.record({
    label: fc.nat(4),
    score: fc.oneof(fc.float({ noNaN: true, min: -2, max: 2 }), fc.constantFrom(-1, 0, 1)),
  }),
  { minLength: 1, maxLength: 30 },
)

/** What XGBoost's own metrics say of these scores: a booster that learns nothing, and starts from them. */
function xgboostSays(
  judged: ReturnType<typeof sideBySide>,
  metrics: readonly string[],
  parameters = {},
  weights?: Float32Array,
) {
  return withOwned((own) => {
    const rows = judged.labels.length
    const data = {
      featureNames: ['x'],
      rows,
      matrix: contiguousRows(new Float32Array(rows), 1),
      labels: judged.labels,
      groups: { ids: [], sizes: judged.sizes },
      ...(weights && { weights }),
    }
    const matrix = own(DMatrix.create(library, data, { threads: 1 }))
    const margin = arrayInterface(judged.scores, [rows])
    library.call('XGDMatrixSetInfoFromInterface', matrix.handle, 'base_margin', margin)
    const evaluator = new Evaluator(metrics, { test: data })
    const told = { objective: 'rank:pairwise', nthread: '1', eta: '0', ...parameters }
    const booster = own(Booster.create(library, { ...told, eval_metric: evaluator.evalMetric }, [matrix]))
    booster.update(0, matrix)
    return evaluator.evaluate(booster, 0, [{ name: 'test', matrix }])
  })
}

t.test('XGBoost’s eval gives the same, weights and queries without a relevant row included', async (t) => {
  const near = (seen: number, wanted: number, name: string) => {
    if (!(Math.abs(seen - wanted) < 1e-6)) throw new Error(`${name}: ${seen}, XGBoost ${wanted}`)
  }
  fc.assert(
    fc.property(
      fc.array(query, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      fc.option(fc.array(fc.constantFrom(0.125, 0.5, 1, 3), { minLength: 8, maxLength: 8 })),
      (queries, binary, someWeights) => {
        const judged = sideBySide(
          queries.map((rows) => ({
            docnos: [],
            labels: rows.map(({ label }) => (binary ? Math.min(1, label >> 1) : label)),
            scores: rows.map(({ score }) => score),
          })),
        )
        const { labels, sizes, scores } = judged
        const weights = someWeights
          ? Float32Array.from(queries, (_, index) => someWeights[index]!)
          : undefined
        const mean = (measure: QueryMetric) => meanOfQueries(measure(scores), weights)
        const ours: Record<string, number> = {
          [`ndcg@${K}`]: mean(ndcgOfQueries(labels, sizes, { k: K })),
          [`ndcg@${K}-`]: mean(ndcgOfQueries(labels, sizes, { k: K, emptyQuery: 'zero' })),
          ndcg: mean(ndcgOfQueries(labels, sizes, { k: 30 })),
          ...(binary && {
            [`map@${K}`]: mean(averagePrecisionOfQueries(labels, sizes, { k: K })),
            [`map@${K}-`]: mean(averagePrecisionOfQueries(labels, sizes, { k: K, emptyQuery: 'zero' })),
            map: mean(averagePrecisionOfQueries(labels, sizes, { k: 30 })),
            [`pre@${K}`]: mean(precisionOfQueries(labels, sizes, { k: K })),
          }),
        }
        const theirs = xgboostSays(judged, Object.keys(ours), {}, weights)
        for (const [name, value] of Object.entries(ours)) near(value, theirs.get(`test-${name}`)!, name)
        const linear = xgboostSays(judged, [`ndcg@${K}`], { ndcg_exp_gain: '0' }, weights)
        near(
          mean(ndcgOfQueries(labels, sizes, { k: K, gain: 'linear' })),
          linear.get(`test-ndcg@${K}`)!,
          'linear',
        )
      },
    ),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('XGBoost alone fails on weights with such a query, which is why we ask it otherwise', async (t) => {
  const judged = {
    docnos: [],
    labels: Float32Array.of(0, 0, 1, 0),
    scores: Float32Array.of(1, 2, 2, 1),
    sizes: Uint32Array.of(2, 2),
  }
  const values = xgboostSays(judged, ['ndcg@2-', 'ndcg@2', 'ndcg@1'], {}, Float32Array.of(0.25, 0.5))
  t.same([...values.keys()], ['test-ndcg@2-', 'test-ndcg@2', 'test-ndcg@1'])
  t.ok(Math.abs(values.get('test-ndcg@2-')! - 2 / 3) < 1e-6)
  t.ok(Math.abs(values.get('test-ndcg@2')! - 1) < 1e-6)
})

t.test('a job’s summary of a ranking', async (t) => {
  // The first query has its relevant row third, the second none, the third a grade of 3 first.
  const ranking = {
    labels: Float32Array.of(0, 0, 1, 0, 0, 3, 0),
    scores: Float32Array.of(3, 2, 1, 1, 0, 9, 1),
    sizes: Uint32Array.of(3, 2, 2),
  }
  const quality = rankingQuality(ranking, { gain: 'exponential', maxGrade: 3 })
  const near = (name: string, wanted: number) =>
    t.ok(Math.abs(quality[name]! - wanted) < 1e-12, `${name} ${quality[name]}`)
  near('ndcg@1', (0 + 1 + 1) / 3)
  near('ndcg@1_without_empty_queries', 1 / 2)
  near('ndcg@5', (0.5 + 1 + 1) / 3)
  near('ndcg@10_without_empty_queries', (0.5 + 1) / 2)
  near('map@10', (1 / 3 + 1 + 1) / 3)
  near('mrr', (1 / 3 + 0 + 1) / 3)
  near('mrr_without_empty_queries', (1 / 3 + 1) / 2)
  near('err@10', (1 / 8 / 3 + 0 + 7 / 8) / 3)
  near('precision@10', (1 / 3 + 0 + 1 / 2) / 3)
  t.equal(Object.keys(quality).length, 14)
  const weighted = rankingQuality(
    { ...ranking, weights: Float32Array.of(1, 1, 6) },
    { gain: 'exponential', maxGrade: 3 },
  )
  t.ok(Math.abs(weighted.mrr! - (1 / 3 + 6) / 8) < 1e-12, 'queries count by their weight')
  const empty = rankingQuality(
    { labels: Float32Array.of(0), scores: Float32Array.of(1), sizes: Uint32Array.of(1) },
    { gain: 'linear', maxGrade: 1 },
  )
  t.same(
    Object.keys(empty).filter((name) => name.endsWith('_without_empty_queries')),
    [],
  )
  t.equal(reciprocalRankOfQueries(ranking.labels, ranking.sizes, { k: 2 })(ranking.scores)[0], 0)
})
