import fc from 'fast-check'
import t from 'tap'
import { type Forest, predictRow } from '../../src/model/forest.ts'
import { writeOnnx } from '../../src/model/onnx-writer.ts'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { openOnnxRuntime } from '../../src/scoring/onnxruntime.ts'
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

/** A model trained with the parameters, its two files, and XGBoost's scores for rows with values on the thresholds. */
function trained(parameters: Record<string, string>, rounds: number, seed: number) {
  return withOwned((own) => {
    const binary = parameters.objective === 'binary:logistic' || parameters.objective === 'rank:map'
    const data = judgedData({ seed, queries: 20, grades: binary ? 2 : 5 })
    const width = data.featureNames.length
    const matrix = own(DMatrix.create(library, data, { threads: 2 }))
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

const parametersArbitrary = fc.record({
  objective: fc.constantFrom(
    'rank:ndcg',
    'rank:pairwise',
    'rank:map',
    'reg:squarederror',
    'binary:logistic',
    'count:poisson',
  ),
  max_depth: fc.integer({ min: 1, max: 10 }).map(String),
  grow_policy: fc.constantFrom('depthwise', 'lossguide'),
  eta: fc.constantFrom('0.05', '0.3', '1'),
  subsample: fc.constantFrom('0.5', '1'),
  num_parallel_tree: fc.constantFrom('1', '3'),
})

t.test('plain predictor, XGBoost and ONNX Runtime agree on random forests', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      parametersArbitrary,
      fc.integer({ min: 1, max: 25 }),
      fc.integer({ min: 1, max: 1e6 }),
      async (p, rounds, seed) => {
        const { forest, rows, scores } = trained(p, rounds, seed)
        const { width } = forest
        const exact = forest.transform === 'identity'
        const near = (seen: number, wanted: number) =>
          Math.abs(seen - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted))
        const scorer = await openOnnxRuntime(writeOnnx(forest, producer))
        try {
          const served = await scorer.score(rows, scores.length)
          for (let row = 0; row < scores.length; row++) {
            const plain = predictRow(forest, rows.subarray(row * width, (row + 1) * width))
            const wanted = scores[row]!
            // Sums of float32 in the same order are the same bits; an exponential may differ in the last one.
            if (exact ? plain !== wanted : !near(plain, wanted))
              throw new Error(`plain ${plain}, XGBoost ${wanted}`)
            if (exact ? served[row] !== wanted : !near(served[row]!, wanted))
              throw new Error(`ONNX ${served[row]}, XGBoost ${wanted}`)
          }
        } finally {
          await scorer.close()
        }
      },
    ),
    { numRuns: 40 },
  )
  t.pass()
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
    ['MODEL_UNSUPPORTED', /booster is dart/, edit((l) => (l.gradient_booster.name = 'dart'))],
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
