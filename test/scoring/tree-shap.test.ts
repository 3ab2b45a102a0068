import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type Forest, predictRow } from '../../src/model/forest.ts'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { TreeShap } from '../../src/scoring/tree-shap.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { DMatrix } from '../../src/xgboost/dmatrix.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { withOwned } from '../../src/xgboost/owned.ts'
import { judgedData, seededRandom } from '../helpers/judged-data.ts'
import { stump } from '../helpers/model.ts'

const library = XGBoost.load(process.env)
const TOLERANCE = 1e-4

/** Largest differences from XGBoost's own contributions, and of the sums from the margin. */
function compare(forest: Forest, booster: Booster, rows: Float32Array) {
  const { width } = forest
  const count = rows.length / width
  const matrix = DMatrix.ofRows(library, rows, width)
  const wanted = booster.contributions(matrix)
  matrix.close()
  const shap = new TreeShap(forest)
  let [contribution, sum] = [0, 0]
  for (let row = 0; row < count; row++) {
    const values = rows.subarray(row * width, (row + 1) * width)
    const seen = [...shap.contributions(values), shap.base]
    for (const [index, one] of seen.entries()) {
      contribution = Math.max(contribution, Math.abs(one - wanted[row * (width + 1) + index]!))
    }
    const margin = predictRow({ ...forest, transform: 'identity' }, values)
    sum = Math.max(sum, Math.abs(seen.reduce((total, one) => total + one, 0) - margin))
  }
  return { contribution, sum }
}

const parametersArbitrary = fc.record({
  objective: fc.constantFrom('rank:ndcg', 'reg:squarederror', 'binary:logistic', 'count:poisson'),
  booster: fc.constantFrom('gbtree', 'gbtree', 'dart'),
  rate_drop: fc.constant('0.3'),
  max_depth: fc.integer({ min: 1, max: 12 }).map(String),
  grow_policy: fc.constantFrom('depthwise', 'lossguide'),
  eta: fc.constantFrom('0.1', '1'),
  min_child_weight: fc.constantFrom('0', '1'),
  num_parallel_tree: fc.constantFrom('1', '2'),
})

t.test('contributions are XGBoost’s, and add up to the margin', async (t) => {
  fc.assert(
    fc.property(
      parametersArbitrary,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 1e6 }),
      (parameters, rounds, width, seed) => {
        const { contribution, sum } = withOwned((own) => {
          const grades = parameters.objective === 'binary:logistic' ? 2 : 5
          // Fewer features than levels: a path asks for one again and again.
          const data = judgedData({ seed, queries: 10, grades, width })
          const matrix = own(DMatrix.create(library, data, { threads: 1 }))
          const booster = own(Booster.create(library, { nthread: '1', ...parameters }, [matrix]))
          for (let round = 0; round < rounds; round++) booster.update(round, matrix)
          const forest = readXGBoostModel(booster.save('ubj'), 'model.ubj')
          return compare(forest, booster, data.values.subarray(0, 30 * width))
        })
        if (!(contribution < TOLERANCE && sum < TOLERANCE)) throw new Error(`${contribution}, ${sum}`)
      },
    ),
    { numRuns: 60 },
  )
  t.pass()
})

t.test('so are those of splits on categories', async (t) => {
  const file = join(import.meta.dirname, '../fixtures/models/xgboost-3.4.1.json')
  const bytes = Buffer.from(JSON.parse(readFileSync(file, 'utf8')).models.categories.json)
  const forest = readXGBoostModel(bytes, 'model.json')
  const random = seededRandom(5)
  const rows = Float32Array.from({ length: 100 * forest.width }, (_, at) =>
    random() < 0.1 ? Number.NaN : at % forest.width < 3 ? random() * 2 - 1 : Math.floor(random() * 45),
  )
  const { contribution, sum } = withOwned((own) => compare(forest, own(Booster.load(library, bytes)), rows))
  t.ok(contribution < TOLERANCE && sum < TOLERANCE, `${contribution}, ${sum}`)
})

t.test('a stump, by hand', async (t) => {
  const tree = { ...stump(1, 5, 8, 2, true), cover: Float32Array.of(4, 1, 3) }
  const forest: Forest = { width: 2, base: 1, transform: 'identity', featureNames: [], trees: [tree] }
  const shap = new TreeShap(forest)
  t.equal(shap.base, 1 + 8 / 4 + (3 * 2) / 4)
  t.same([...shap.contributions([0, 0])], [0, 8 - 3.5])
  t.same([...shap.contributions([0, 9])], [0, 2 - 3.5])
  t.same([...shap.contributions([0, Number.NaN])], [0, 8 - 3.5])
  t.same([...new TreeShap({ ...forest, trees: [] }).contributions([0, 0])], [0, 0])
})

t.test('branches that no row took are explained as well', async (t) => {
  for (const cover of [
    [4, 0, 4],
    [0, 0, 0],
  ]) {
    const tree = { ...stump(0, 5, 8, 2, true), cover: Float32Array.from(cover) }
    const shap = new TreeShap({ width: 1, base: 0, transform: 'identity', featureNames: [], trees: [tree] })
    for (const [value, margin] of [
      [0, 8],
      [9, 2],
    ] as const) {
      t.ok(Math.abs(shap.base + shap.contributions([value])[0]! - margin) < 1e-9, `${cover}: ${value}`)
    }
  }
})
