import t from 'tap'
import { contiguousRows } from '../../src/data/dataset/row-store.ts'
import { meanNdcg } from '../../src/metrics/ndcg.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { DMatrix } from '../../src/xgboost/dmatrix.ts'
import { XGBOOST_VERSION, XGBoost } from '../../src/xgboost/library.ts'
import { withOwned } from '../../src/xgboost/owned.ts'
import { judgedData } from '../helpers/judged-data.ts'

const library = XGBoost.load(process.env)
const options = { threads: 2 }

t.test('the library: found, checked, and said plainly when it is not there', async (t) => {
  t.equal(library.version, XGBOOST_VERSION)
  t.throws(() => XGBoost.load({ RANKER_XGBOOST_LIB: '/nowhere/libxgboost.so' }), {
    code: 'XGBOOST_NOT_FOUND',
    message: /\/nowhere\/libxgboost\.so.*run npm run setup/,
  })
})

t.test('trains, evaluates, saves, loads, slices', async (t) => {
  const data = judgedData()
  const valid = judgedData({ seed: 2, queries: 15 })
  withOwned((own) => {
    const train = own(DMatrix.create(library, data, options))
    const validation = own(DMatrix.create(library, valid, { ...options, reference: train }))
    const parameters = { objective: 'rank:ndcg', nthread: '2' }
    const booster = own(Booster.create(library, parameters, [train, validation]))
    booster.setFeatureNames(data.featureNames)
    const sets = [
      { name: 'train', matrix: train },
      { name: 'validation', matrix: validation },
    ]
    for (let round = 0; round < 12; round++) booster.update(round, train)

    const scores = booster.predict(valid.values, valid.rows, valid.featureNames.length)
    const ndcg = meanNdcg(valid.labels, scores, valid.groups.sizes, { k: 10 })
    t.ok(ndcg > 0.8, `learns: NDCG@10 is ${ndcg}`)

    for (const format of ['ubj', 'json'] as const) {
      const loaded = own(Booster.load(library, booster.save(format)))
      t.same(loaded.predict(valid.values, valid.rows, 6), scores, `${format} comes back`)
    }
    const slice = own(booster.slice(5))
    slice.setParameters({ eval_metric: ['ndcg@10', 'ndcg@3'] })
    const values = slice.evaluate(4, sets)
    t.same([...values.keys()], ['train-ndcg@10', 'train-ndcg@3', 'validation-ndcg@10', 'validation-ndcg@3'])
    const sliced = slice.predict(valid.values, valid.rows, 6)
    for (const k of [3, 10]) {
      const own = meanNdcg(valid.labels, sliced, valid.groups.sizes, { k })
      t.ok(Math.abs(own - values.get(`validation-ndcg@${k}`)!) < 1e-6, `our NDCG@${k} is XGBoost's`)
    }
    t.throws(() => own(booster.slice(13)), { code: 'XGBOOST_FAILED' })
  })
})

t.test('what a booster knows of the rows that it was trained on is what it predicts of them', async (t) => {
  const { values, ...data } = judgedData({ missing: 0.2 })
  const cases: Record<string, string>[] = [
    {},
    { subsample: '0.5', colsample_bytree: '0.5', seed: '3' },
    { grow_policy: 'lossguide', max_leaves: '12', max_depth: '0' },
    { num_parallel_tree: '3', subsample: '0.7' },
    { booster: 'dart', rate_drop: '0.3' },
    { objective: 'binary:logistic' },
    { objective: 'count:poisson' },
    { objective: 'reg:absoluteerror' },
    { tree_method: 'approx', raw: 'yes' },
  ]
  for (const { raw, ...parameters } of cases) {
    const isBinary = parameters.objective === 'binary:logistic'
    const labels = data.labels.map((label) => (isBinary ? Math.min(label, 1) : label))
    withOwned((own) => {
      const train = own(DMatrix.create(library, { ...data, labels }, { ...options, raw: raw === 'yes' }))
      const booster = own(Booster.create(library, { objective: 'rank:ndcg', ...parameters }, [train]))
      for (let round = 0; round < 15; round++) {
        booster.update(round, train)
        booster.evaluate(round, [{ name: 'train', matrix: train }])
      }
      const model = own(booster.slice(15))
      t.same(booster.predictMatrix(train), model.predict(values, data.rows, 6), JSON.stringify(parameters))
    })
  }
})

t.test("XGBoost's refusals come as one sentence", async (t) => {
  const data = judgedData({ queries: 3 })
  const refused = (run: () => unknown, message: RegExp) => t.throws(run, { code: 'XGBOOST_FAILED', message })
  withOwned((own) => {
    const matrix = own(DMatrix.create(library, data, options))
    refused(
      () => own(Booster.create(library, { max_depth: 'deep' }, [matrix])).update(0, matrix),
      /max_depth/,
    )
    refused(
      () => own(Booster.create(library, { objective: 'rank:best' }, [matrix])).update(0, matrix),
      /rank:best/,
    )
    const map = own(Booster.create(library, { objective: 'rank:ndcg', eval_metric: 'map' }, [matrix]))
    refused(() => map.evaluate(0, [{ name: 'train', matrix }]), /binary labels/)
    refused(() => own(Booster.load(library, Buffer.from('{"not":"a model"}'))), /./)
    refused(() => own(DMatrix.create(library, { ...data, labels: data.labels.subarray(1) }, options)), /./)
    const values = Float32Array.from(data.values, (value, i) => (i === 5 ? Infinity : value))
    const infinite = { ...data, matrix: contiguousRows(values, 6) }
    refused(() => own(DMatrix.create(library, infinite, options)), /inf/i)
  })
  const booster = Booster.create(library, {}, [])
  booster.close()
  booster.close()
  t.throws(() => booster.handle, /closed/)
})

t.test('feature importance is XGBoost’s own', async (t) => {
  const data = judgedData({ width: 8 })
  const width = data.featureNames.length
  withOwned((own) => {
    const train = own(DMatrix.create(library, data, options))
    const booster = own(
      Booster.create(library, { objective: 'rank:ndcg', nthread: '2', max_depth: '3' }, [train]),
    )
    // Names that would break a feature map of lines and spaces.
    booster.setFeatureNames(data.featureNames.map((name) => `${name} <a b>\n`))
    for (let round = 0; round < 6; round++) booster.update(round, train)

    // What Python's get_score gives: means over the splits of a feature, from the model itself.
    const { learner } = JSON.parse(Buffer.from(booster.save('json')).toString())
    const [splits, gain, cover] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)]
    for (const tree of learner.gradient_booster.model.trees) {
      for (const [node, left] of tree.left_children.entries()) {
        if (left === -1) continue
        const feature = tree.split_indices[node]
        splits[feature]!++
        gain[feature]! += tree.loss_changes[node]
        cover[feature]! += tree.sum_hessian[node]
      }
    }
    const mean = (sums: Float64Array) =>
      sums.map((sum, feature) => (splits[feature] ? sum / splits[feature] : 0))
    const near = (seen: Float64Array, wanted: Float64Array) =>
      seen.every(
        (value, feature) => Math.abs(value - wanted[feature]!) <= 1e-5 * Math.max(1, wanted[feature]!),
      )
    t.same(booster.featureScores('weight', width), splits)
    t.ok(near(booster.featureScores('gain', width), mean(gain)), 'gain')
    t.ok(near(booster.featureScores('cover', width), mean(cover)), 'cover')

    const matrix = own(DMatrix.ofRows(library, data.values, width))
    const contributions = booster.contributions(matrix)
    const scores = booster.predict(data.values, data.rows, width)
    t.equal(contributions.length, data.rows * (width + 1))
    const sums = scores.map((_, row) =>
      contributions.subarray(row * (width + 1), (row + 1) * (width + 1)).reduce((sum, part) => sum + part, 0),
    )
    t.ok(
      sums.every((sum, row) => Math.abs(sum - scores[row]!) < 1e-4),
      'contributions sum to the score',
    )
    const unused = own(Booster.create(library, { objective: 'rank:ndcg', gamma: '1e9' }, [train]))
    unused.update(0, train)
    t.same(unused.featureScores('gain', width), new Float64Array(width), 'a forest without a split')
  })
})

t.test('batches and pages on disk give the model that one piece gives', async (t) => {
  const data = {
    ...judgedData({ queries: 60 }),
    weights: Float32Array.from({ length: 60 }, (_, query) => 1 + (query % 3)),
  }
  const folder = t.testdir({})
  const model = (options: Partial<Parameters<typeof DMatrix.create>[2]>) =>
    withOwned((own) => {
      const matrix = own(DMatrix.create(library, data, { threads: 1, ...options }))
      const booster = own(
        Booster.create(library, { objective: 'rank:ndcg', nthread: '1', tree_method: 'hist' }, [matrix]),
      )
      for (let round = 0; round < 5; round++) booster.update(round, matrix)
      return booster.predict(data.values, data.rows, 6)
    })
  const whole = model({})
  t.same(model({ batchBytes: 100 * 24 }), whole, 'in batches')
  t.same(model({ batchBytes: 1 }), whole, 'query by query')
  t.same(model({ batchBytes: 300 * 24, pagesPrefix: `${folder}/train` }), whole, 'in pages on disk')
})
