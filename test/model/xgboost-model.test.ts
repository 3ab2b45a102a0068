import fc from 'fast-check'
import t from 'tap'
import { type Forest, predictRow } from '../../src/model/forest.ts'
import { writeOnnx } from '../../src/model/onnx-writer.ts'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { openOnnxRuntime } from '../../src/scoring/onnxruntime.ts'
import { OBJECTIVE_NAMES } from '../../src/training/objective.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { DMatrix } from '../../src/xgboost/dmatrix.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { withOwned } from '../../src/xgboost/owned.ts'
import { judgedData, seededRandom } from '../helpers/judged-data.ts'

const library = XGBoost.load(process.env)
const producer = { name: 'test', version: '0' }

/** The parts of a model's JSON that the tests damage. */
interface Learner {
  objective: { name: string }
  learner_model_param: { base_score: string }
  gradient_booster: {
    name: string
    model: { trees: Record<'split_type' | 'split_indices' | 'left_children' | 'right_children', number[]>[] }
  }
}

/** Every objective that training takes, with what it needs beside. */
const OBJECTIVES = OBJECTIVE_NAMES.map((objective) => ({
  objective,
  ...(objective === 'reg:quantileerror' && { quantile_alpha: '0.3' }),
  ...(objective === 'reg:expectileerror' && { expectile_alpha: '0.3' }),
}))
const isBinary = (objective: string) =>
  objective.startsWith('binary:') || objective === 'rank:map' || objective === 'reg:logistic'

/** A model trained with the parameters, its two files, and XGBoost's scores for rows with values on the thresholds. */
function trained(parameters: Record<string, string>, rounds: number, seed: number, label?: number) {
  return withOwned((own) => {
    const { tree_method: method } = parameters
    const data = judgedData({ seed, queries: 20, grades: isBinary(parameters.objective!) ? 2 : 5 })
    // Gamma takes no zeros.
    if (parameters.objective === 'reg:gamma') for (let row = 0; row < data.rows; row++) data.labels[row]!++
    if (label !== undefined) data.labels.fill(label)
    const width = data.featureNames.length
    const raw = method === 'exact' || method === 'approx'
    const matrix = own(DMatrix.create(library, data, { threads: 2, raw }))
    const booster = own(Booster.create(library, { nthread: '2', ...parameters }, [matrix]))
    for (let round = 0; round < rounds; round++) booster.update(round, matrix)
    const ubj = booster.save('ubj')
    const forest = readXGBoostModel(ubj, 'model.ubj')
    const rows = awkwardRows(forest, data.values, width, seed)
    return {
      ubj,
      json: booster.save('json'),
      forest,
      rows,
      scores: booster.predict(rows, rows.length / width, width),
    }
  })
}

/** Rows of the data with a third of the cells put on a threshold, beside one, at an extreme, or missing. */
function awkwardRows(forest: Forest, values: Float32Array, width: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  const thresholds = forest.trees.flatMap((tree) => [...tree.threshold])
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  return values.slice(0, 200 * width).map((value) => {
    if (random() > 0.33) return value
    return pick([pick(thresholds), pick(thresholds) + 1e-7, Number.NaN, 0, -0, 3e38, -3e38])
  })
}

const parametersArbitrary = fc
  .record({
    max_depth: fc.integer({ min: 1, max: 8 }).map(String),
    growth: fc.constantFrom<Record<string, string>>(
      { grow_policy: 'lossguide' },
      { tree_method: 'approx' },
      { tree_method: 'exact' },
      {},
    ),
    eta: fc.constantFrom('0.05', '0.3', '1'),
    subsample: fc.constantFrom('0.5', '1'),
    num_parallel_tree: fc.constantFrom('1', '3'),
    dropout: fc.constantFrom<Record<string, string>>(
      {},
      { booster: 'dart', rate_drop: '0.3', normalize_type: 'forest' },
      { rate_drop: '0.5', one_drop: '1', sample_type: 'weighted' },
    ),
    base: fc.constantFrom<Record<string, string>>({}, { base_score: '0.25' }),
  })
  .map(({ growth, dropout, base, ...rest }) => ({
    ...growth,
    ...dropout,
    ...base,
    ...rest,
  }))

t.test('plain predictor, XGBoost and ONNX Runtime agree on random forests of every objective', async (t) => {
  for (const objective of OBJECTIVES) {
    await fc.assert(
      fc.asyncProperty(
        parametersArbitrary,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 1e6 }),
        (parameters, rounds, seed) => agree(trained({ ...objective, ...parameters }, rounds, seed)),
      ),
      { numRuns: 4 },
    )
    t.pass(objective.objective)
  }
})

async function agree({ forest, rows, scores }: ReturnType<typeof trained>): Promise<void> {
  const { width } = forest
  // Sums of float32 in the same order are the same bits; an exponential may differ in the last one.
  const exact = forest.transform === 'identity' || forest.transform === 'step'
  const isAs = (seen: number, wanted: number) =>
    seen === wanted || (!exact && Math.abs(seen - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)))
  const scorer = await openOnnxRuntime(writeOnnx(forest, producer))
  try {
    const served = await scorer.score(rows, scores.length)
    for (let row = 0; row < scores.length; row++) {
      const plain = predictRow(forest, rows.subarray(row * width, (row + 1) * width))
      const wanted = scores[row]!
      if (!isAs(plain, wanted)) throw new Error(`plain ${plain}, XGBoost ${wanted}`)
      if (!isAs(served[row]!, wanted)) throw new Error(`ONNX ${served[row]}, XGBoost ${wanted}`)
    }
  } finally {
    await scorer.close()
  }
}

t.test('labels that are all alike leave a base that is a number', async (t) => {
  for (const [objective, label] of [
    ['binary:logistic', 0],
    ['binary:logistic', 1],
    ['reg:logistic', 0],
  ] as const) {
    const { forest, rows, scores } = trained({ objective }, 2, 1, label)
    const seen = predictRow(forest, rows.subarray(0, forest.width))
    t.ok(Math.abs(seen - scores[0]!) < 1e-6, `${objective} of ${label}: ${seen}, XGBoost ${scores[0]}`)
  }
})

t.test('a refreshed model is read as XGBoost predicts', async (t) => {
  const data = judgedData({ seed: 8 })
  const width = data.featureNames.length
  const { ubj } = trained({ objective: 'rank:ndcg' }, 6, 1)
  for (const [updater, refresh_leaf] of [
    ['refresh', '1'],
    ['refresh', '0'],
    ['prune', '1'],
    ['refresh,prune', '1'],
  ] as const) {
    withOwned((own) => {
      const matrix = own(DMatrix.create(library, data, { threads: 2, raw: true }))
      const booster = own(Booster.load(library, ubj))
      booster.setParameters({ process_type: 'update', updater, refresh_leaf, gamma: '0.5', nthread: '2' })
      for (let round = 0; round < 6; round++) booster.update(round, matrix)
      const updated = booster.save('ubj')
      t.equal(Buffer.compare(updated, ubj) !== 0, true, `${updater} changes the model`)
      const forest = readXGBoostModel(updated, 'model.ubj')
      const scores = booster.predict(data.values, data.rows, width)
      const plain = Float32Array.from(scores, (_, row) =>
        predictRow(forest, data.values.subarray(row * width, (row + 1) * width)),
      )
      t.same(plain, scores, updater)
    })
  }
})

t.test('dart of a release before 3.3: weights beside the trees', async (t) => {
  const { json, forest } = trained({ objective: 'rank:ndcg', rate_drop: '0.5' }, 8, 3)
  const model = JSON.parse(Buffer.from(json).toString())
  const { weight_drop, ...rest } = model.learner.gradient_booster.model
  t.ok(
    weight_drop.some((weight: number) => weight !== 1),
    'some trees were left out',
  )
  model.learner.gradient_booster = { name: 'dart', gbtree: { name: 'gbtree', model: rest }, weight_drop }
  t.same(readXGBoostModel(Buffer.from(JSON.stringify(model)), 'model.json'), forest)
})

t.test('probabilities are XGBoost’s, however near to 0 or 1', async (t) => {
  const cases: [base: string, label: number | undefined][] = [
    ...['0.0001', '0.03', '0.5', '0.93', '0.99', '0.9999'].map((base): [string, undefined] => [
      base,
      undefined,
    ]),
    // Without a base score XGBoost takes the mean of the labels.
    ['', 0],
    ['', 1],
  ]
  for (const [base, label] of cases) {
    const { forest, wanted, row } = withOwned((own) => {
      const data = judgedData({ queries: 5, grades: 2 })
      if (label !== undefined) data.labels.fill(label)
      const parameters = { objective: 'binary:logistic', nthread: '1', ...(base && { base_score: base }) }
      const matrix = own(DMatrix.create(library, data, { threads: 1 }))
      const booster = own(Booster.create(library, parameters, [matrix]))
      booster.update(0, matrix)
      const row = data.values.slice(0, data.featureNames.length)
      return {
        row,
        wanted: booster.predict(row, 1, row.length)[0]!,
        forest: readXGBoostModel(booster.save('ubj'), 'model.ubj'),
      }
    })
    const scorer = await openOnnxRuntime(writeOnnx(forest, producer))
    const [served] = await scorer.score(row, 1)
    await scorer.close()
    for (const [what, seen] of Object.entries({ served, plain: predictRow(forest, row) })) {
      t.ok(Math.abs(seen! / wanted - 1) < 3e-7, `${base} ${label} ${what}: ${seen}, XGBoost ${wanted}`)
    }
  }
  const rare = { ...trained({ objective: 'binary:logistic' }, 1, 1).forest, base: -17 }
  const scorer = await openOnnxRuntime(writeOnnx({ ...rare, trees: [] }, producer))
  const [seen] = await scorer.score(new Float32Array(rare.width), 1)
  await scorer.close()
  t.ok(Math.abs(seen! * (1 + Math.exp(17)) - 1) < 3e-7, `${seen}`)
})

t.test('JSON and UBJSON hold the same forest', async (t) => {
  const { ubj, json } = trained({ objective: 'rank:ndcg' }, 5, 1)
  t.same(readXGBoostModel(json, 'model.json'), readXGBoostModel(ubj, 'model.ubj'))
})

t.test('what cannot be read or served is refused with the reason', async (t) => {
  const { json, ubj } = trained({ objective: 'rank:ndcg' }, 3, 1)
  const edit = (change: (learner: Learner) => void) => {
    const model = JSON.parse(Buffer.from(json).toString())
    change(model.learner)
    return Buffer.from(JSON.stringify(model))
  }
  const tree = (learner: Learner) => learner.gradient_booster.model.trees[0]!
  const refused: [string, RegExp, Uint8Array][] = [
    ['MODEL_UNSUPPORTED', /neither JSON nor UBJSON/, Buffer.from('binf\0\0\0\0')],
    ['MODEL_UNSUPPORTED', /booster is gblinear/, edit((l) => (l.gradient_booster.name = 'gblinear'))],
    [
      'MODEL_UNSUPPORTED',
      /several scores a row/,
      edit((l) => (l.learner_model_param.base_score = '[1E0,2E0]')),
    ],
    ['MODEL_UNSUPPORTED', /multi:softprob/, edit((l) => (l.objective.name = 'multi:softprob'))],
    ['MODEL_UNSUPPORTED', /categories/, edit((l) => (tree(l).split_type[0] = 1))],
    ['MODEL_DAMAGED', /does not parse/, json.subarray(0, json.length / 2)],
    ['MODEL_DAMAGED', /ends early/, ubj.subarray(0, ubj.length / 2)],
    ['MODEL_DAMAGED', /base_score/, edit((l) => (l.learner_model_param.base_score = 'x'))],
    ['MODEL_DAMAGED', /differ in length/, edit((l) => tree(l).split_indices.pop())],
    ['MODEL_DAMAGED', /child out of place/, edit((l) => (tree(l).left_children[0] = 0))],
    ['MODEL_DAMAGED', /child out of place/, edit((l) => (tree(l).right_children[0] = 9999))],
    ['MODEL_DAMAGED', /feature past/, edit((l) => (tree(l).split_indices[0] = 600))],
    ['MODEL_DAMAGED', /learner/, Buffer.from('{"version":[3,4,1]}')],
  ]
  for (const [code, message, bytes] of refused) {
    t.throws(() => readXGBoostModel(bytes, 'm'), { code, message }, String(message))
  }
})
