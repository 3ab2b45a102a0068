import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type Forest, predictRow, type Tree } from '../../src/model/forest.ts'
import { checkTrees } from '../../src/model/onnx-check.ts'
import { readOnnxForest } from '../../src/model/onnx-forest.ts'
import { readOnnx } from '../../src/model/onnx-reader.ts'
import { exposeProbabilities } from '../../src/model/onnx-zipmap.ts'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import type { Engine } from '../../src/scoring/engines.ts'
import { openForest, whyNotForest } from '../../src/scoring/forest-scorer.ts'
import { openOnnxRuntime } from '../../src/scoring/onnxruntime.ts'
import { openScorer } from '../../src/scoring/open-scorer.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { DMatrix } from '../../src/xgboost/dmatrix.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { withOwned } from '../../src/xgboost/owned.ts'
import { judgedData, seededRandom } from '../helpers/judged-data.ts'
import { FOREST, onnxOf, stump } from '../helpers/model.ts'

const library = XGBoost.load(process.env)

/** A forest as serving reads it: through ONNX. */
function throughOnnx(forest: Forest): Forest {
  const read = readOnnxForest(readOnnx(onnxOf(forest), 'model.onnx'))
  if (typeof read === 'string') throw new Error(read)
  return read
}

/** Rows whose scores are not the very ones wanted. -0 and 0 are the same score. */
function differing(seen: ArrayLike<number>, wanted: ArrayLike<number>): number[] {
  return Array.from(wanted, (_, row) => row).filter((row) => seen[row] !== wanted[row])
}

t.test('the modules are what their sources compile to', async (t) => {
  // The compiler is large, and nothing else needs it.
  const { compileKernel, KERNELS } = await import('../../scripts/kernel.ts')
  for (const name of Object.keys(KERNELS)) {
    const kept = readFileSync(join(import.meta.dirname, `../../src/${name}.wasm`))
    t.ok(kept.equals(await compileKernel(name)), `${name}: run npm run kernel`)
  }
})

t.test('XGBoost’s scores, to the last bit', async (t) => {
  const parameters = fc.record({
    booster: fc.constantFrom('gbtree', 'gbtree', 'dart'),
    rate_drop: fc.constant('0.3'),
    max_depth: fc.integer({ min: 1, max: 20 }).map(String),
    grow_policy: fc.constantFrom('depthwise', 'lossguide'),
    eta: fc.constantFrom('0.1', '1'),
    min_child_weight: fc.constantFrom('0', '1'),
    num_parallel_tree: fc.constantFrom('1', '2'),
  })
  let deepest = 0
  await fc.assert(
    fc.asyncProperty(
      parameters,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 2, max: 15 }),
      fc.integer({ min: 1, max: 1e6 }),
      async (parameters, rounds, width, seed) => {
        const data = judgedData({ seed, queries: 40, grades: 5, width, missing: 0.1 })
        const { values } = data
        const { forest, wanted, rows, count } = withOwned((own) => {
          const matrix = own(DMatrix.create(library, data, { threads: 1 }))
          const booster = own(
            Booster.create(library, { objective: 'rank:ndcg', nthread: '1', ...parameters }, [matrix]),
          )
          for (let round = 0; round < rounds; round++) booster.update(round, matrix)
          const forest = throughOnnx(readXGBoostModel(booster.save('ubj'), 'model.ubj'))
          // Values of its own, of its thresholds, and what no training saw.
          const splits = forest.trees.flatMap(({ left, feature, threshold }) =>
            Array.from(left.keys())
              .filter((node) => left[node] !== -1)
              .map((node) => [feature[node]!, threshold[node]!] as const),
          )
          const count = Math.min(70, values.length / width)
          const rows = values.slice(0, count * width)
          for (let row = 0; row < count; row++) {
            const [feature, threshold] = splits[row % splits.length] ?? [0, 0]
            rows[row * width + feature] = threshold
            const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0][row % 8]
            if (odd !== undefined) rows[row * width + (row % width)] = odd
          }
          return { forest, wanted: booster.predict(rows, count, width), rows, count }
        })
        for (const { left, right } of forest.trees) deepest = Math.max(deepest, depthOf(left, right))
        const scorer = openForest(forest)
        const wrong = differing(await scorer.score(rows, count), wanted)
        await scorer.close()
        if (wrong.length > 0) throw new Error(`rows ${wrong} of ${count}`)
      },
    ),
    { numRuns: 40 },
  )
  t.ok(deepest > 9, `trees of both layouts were there: depth ${deepest}`)
})

function depthOf(left: Int32Array, right: Int32Array, node = 0): number {
  if (left[node] === -1) return 0
  return 1 + Math.max(depthOf(left, right, left[node]!), depthOf(left, right, right[node]!))
}

const special = fc.constantFrom(
  0,
  -0,
  1,
  -1,
  2 ** -149,
  -(2 ** -149),
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
)
const finite = fc.float({ noNaN: true, noDefaultInfinity: true })

/** Any tree: a leaf is split again and again, the last one among them so that some are deep and thin. */
const treeOf = (width: number, withSets: boolean): fc.Arbitrary<Tree> =>
  fc
    .array(
      fc.record({
        pick: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
        feature: fc.nat(width - 1),
        threshold: fc.oneof(finite, fc.constantFrom(0, -0, 1, Number.POSITIVE_INFINITY)),
        defaultLeft: fc.nat(1),
        set: withSets ? fc.option(fc.uniqueArray(fc.nat(70), { maxLength: 9 })) : fc.constant(null),
      }),
      { maxLength: 40, size: 'max' },
    )
    .chain((splits) =>
      fc.array(finite, { minLength: splits.length + 1, maxLength: splits.length + 1 }).map((leaves) => {
        const left = [-1]
        const right = [-1]
        const leafNode = { feature: 0, threshold: 0, defaultLeft: 0, set: null as number[] | null }
        const nodes = [leafNode]
        for (const { pick, ...node } of splits) {
          const open = left.flatMap((child, node) => (child === -1 ? [node] : []))
          const leaf = open[Math.min(open.length - 1, Math.floor(pick * open.length))]!
          nodes[leaf] = node
          for (const children of [left, right]) {
            children[leaf] = left.length
            left.push(-1)
            right.push(-1)
            nodes.push(leafNode)
          }
        }
        let next = 0
        const categories = new Map(
          nodes.flatMap(({ set }, node) => (set ? [[node, new Set(set)] as const] : [])),
        )
        return {
          left: Int32Array.from(left),
          right: Int32Array.from(right),
          feature: Int32Array.from(nodes, ({ feature }) => feature),
          threshold: Float32Array.from(nodes, ({ threshold }, node) =>
            left[node] === -1 ? leaves[next++]! : threshold,
          ),
          defaultLeft: Uint8Array.from(nodes, ({ defaultLeft }) => defaultLeft),
          ...(categories.size > 0 && { categories }),
        }
      }),
    )

t.test('any forest, any row, any number of rows', async (t) => {
  const forests = fc.integer({ min: 1, max: 9 }).chain((width) =>
    fc.record({
      width: fc.constant(width),
      base: finite,
      transform: fc.constantFrom('identity' as const, 'step' as const),
      featureNames: fc.constant([]),
      trees: fc.boolean().chain((withSets) => fc.array(treeOf(width, withSets), { maxLength: 5 })),
    }),
  )
  await fc.assert(
    fc.asyncProperty(
      forests,
      fc.nat(40),
      fc.infiniteStream(fc.oneof(special, finite, fc.nat(72))),
      async (forest, count, cells) => {
        const rows = Float32Array.from({ length: count * forest.width }, () => cells.next().value)
        const read = throughOnnx(forest)
        t.equal(whyNotForest(read), undefined)
        const scorer = openForest(read)
        const seen = await scorer.score(rows, count)
        await scorer.close()
        const wanted = Array.from({ length: count }, (_, row) =>
          predictRow(forest, rows.subarray(row * forest.width, (row + 1) * forest.width)),
        )
        // Sums of such leaves may overflow, and then be no number.
        const wrong = differing(seen, wanted).filter(
          (row) => !Number.isNaN(seen[row]) || !Number.isNaN(wanted[row]),
        )
        if (wrong.length > 0)
          throw new Error(`row ${wrong[0]}: ${seen[wrong[0]!]}, wanted ${wanted[wrong[0]!]}`)
      },
    ),
    { numRuns: 150 },
  )
})

t.test('more trees than are taken at once', async (t) => {
  const random = seededRandom(4)
  // 64 bytes each: 384 KB, where 256 are taken at once.
  const trees = Array.from({ length: 6000 }, (_, tree) => stump(tree % 3, random(), random(), random(), true))
  const rows = Float32Array.from({ length: 3 * 37 }, () => random())
  for (const categories of [undefined, new Map([[0, new Set([0])]])]) {
    const first = categories ? [{ ...trees[0]!, categories }] : []
    const forest = { ...FOREST, trees: [...first, ...trees] }
    const scorer = openForest(forest)
    for (const count of [1, 16, 37]) {
      t.same(
        [...(await scorer.score(rows, count))],
        Array.from({ length: count }, (_, row) => predictRow(forest, rows.subarray(3 * row, 3 * row + 3))),
      )
    }
    await scorer.close()
  }
})

t.test('more rows than one call of the kernel takes', async (t) => {
  const width = 3000
  const wide = { ...FOREST, width, trees: [stump(2999, 0.5, 1, 2, true), stump(0, 0.25, 4, 8, false)] }
  const scorer = openForest(wide)
  t.teardown(() => scorer.close())
  const random = seededRandom(3)
  const rows = Float32Array.from({ length: 101 * width }, () => random())
  t.same(
    [...(await scorer.score(rows, 101))],
    Array.from({ length: 101 }, (_, row) => predictRow(wide, rows.subarray(row * width, (row + 1) * width))),
  )
})

t.test(
  'models of other exporters: the kernel where it can, ONNX Runtime else, the same scores',
  async (t) => {
    const file = join(import.meta.dirname, '../fixtures/models/onnx.json')
    const fixture = JSON.parse(readFileSync(file, 'utf8'))
    const engines = new Map<string, string>()
    for (const [name, { base64, missing, scores }] of Object.entries<{
      base64: string
      missing: boolean
      scores: number[]
    }>(fixture.models)) {
      // One that is not to be served.
      if (scores.length === 0) continue
      const bytes = Buffer.from(base64, 'base64')
      const graph = readOnnx(bytes, name)
      checkTrees(graph, name)
      const { scorer, reason } = await openScorer(
        { onnx: exposeProbabilities(bytes, graph), graph, file: name },
        'auto',
        false,
      )
      engines.set(name, `${scorer.engine}: ${reason}`)
      const rows: (number | null)[][] = missing ? fixture.rowsWithHoles : fixture.rows
      const served = await scorer.score(
        Float32Array.from(rows.flat(), (cell) => cell ?? Number.NaN),
        rows.length,
      )
      await scorer.close()
      const off = Math.max(...served.map((seen, row) => Math.abs(seen - scores[row]!)))
      t.ok(off < 1e-6, `${name}: ${off}`)
    }
    t.comment([...engines].map(([name, engine]) => `${name}: ${engine}`).join('\n'))
    for (const engine of ['wasm', 'onnxruntime']) {
      t.ok(
        [...engines.values()].some((one) => one.startsWith(engine)),
        `${engine} was there`,
      )
    }
  },
)

t.test('RANKER_ENGINE chooses', async (t) => {
  const open = async (forest: Forest, engine: Engine, hasGoldenRows = false) => {
    const onnx = onnxOf(forest)
    const graph = readOnnx(onnx, 'model.onnx')
    const { scorer, reason } = await openScorer({ onnx, graph, file: 'model.onnx' }, engine, hasGoldenRows)
    await scorer.close()
    return [scorer.engine, reason]
  }
  t.same(await open(FOREST, 'auto', true), ['wasm', 'it is a forest'])
  t.same(await open(FOREST, 'auto'), ['wasm', 'it is a forest, and ONNX Runtime gives it the same scores'])
  t.same(await open(FOREST, 'wasm', true), ['wasm', 'it is a forest'])
  t.same(await open(FOREST, 'onnxruntime'), ['onnxruntime', 'RANKER_ENGINE says so'])
  const low = { ...FOREST, trees: [stump(0, Number.NEGATIVE_INFINITY, 1, 2, true)] }
  t.same(await open(low, 'auto'), ['onnxruntime', 'it compares with -infinity'])
  const withSet = (code: number) => ({
    ...FOREST,
    trees: [{ ...stump(0, 0, 1, 2, true), categories: new Map([[0, new Set([code])]]) }],
  })
  t.same(await open(withSet(3), 'auto'), [
    'wasm',
    'it is a forest, and ONNX Runtime gives it the same scores',
  ])
  t.same(await open(withSet(2e6), 'auto'), ['onnxruntime', 'it has a category 2000000'])
  await t.rejects(open(withSet(2e6), 'wasm'), {
    code: 'MODEL_UNSUPPORTED',
    message: 'model.onnx cannot be used: RANKER_ENGINE is wasm, and it has a category 2000000',
  })
})

t.test('a graph that the kernel would score otherwise goes to ONNX Runtime', async (t) => {
  const onnx = onnxOf(FOREST)
  // What a misread graph would come to: the runtime gets another one.
  const graph = readOnnx(onnxOf({ ...FOREST, base: 0.625 }), 'model.onnx')
  const { scorer, reason } = await openScorer({ onnx, graph, file: 'model.onnx' }, 'auto', false)
  t.teardown(() => scorer.close())
  t.equal(scorer.engine, 'onnxruntime')
  t.match(reason, /^the kernel scores a row .*, and ONNX Runtime /)
  const runtime = await openOnnxRuntime(onnx)
  t.teardown(() => runtime.close())
  const rows = Float32Array.of(1, 2, 3)
  t.same(await scorer.score(rows, 1), await runtime.score(rows, 1))
})
