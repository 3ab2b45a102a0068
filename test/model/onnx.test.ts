import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import t from 'tap'
import { type Forest, predictRow, type Tree } from '../../src/model/forest.ts'
import { checkTrees, setFeatures } from '../../src/model/onnx-check.ts'
import { message, text } from '../../src/model/onnx-fields.ts'
import { readOnnx } from '../../src/model/onnx-reader.ts'
import { exposeProbabilities } from '../../src/model/onnx-zipmap.ts'
import { openOnnxRuntime } from '../../src/scoring/onnxruntime.ts'
import { FOREST, onnxOf, stump } from '../helpers/model.ts'

const check = (bytes: Uint8Array) => checkTrees(readOnnx(bytes, 'model.onnx'), 'model.onnx')

t.test('models of other exporters give the scores of their libraries', async (t) => {
  const file = join(import.meta.dirname, '../fixtures/models/onnx.json')
  const fixture: {
    rows: (number | null)[][]
    rowsWithHoles: (number | null)[][]
    models: Record<string, { base64: string; missing: boolean; scores: number[] }>
  } = JSON.parse(readFileSync(file, 'utf8'))
  for (const [name, { base64, missing, scores }] of Object.entries(fixture.models)) {
    const bytes = Buffer.from(base64, 'base64')
    const model = readOnnx(bytes, name)
    checkTrees(model, name)
    const opening = openOnnxRuntime(exposeProbabilities(bytes, model), name)
    if (scores.length === 0) {
      await t.rejects(opening, { code: 'MODEL_UNSUPPORTED', message: /wanted one float score a row/ }, name)
      continue
    }
    const scorer = await opening
    const rows = missing ? fixture.rowsWithHoles : fixture.rows
    const values = Float32Array.from(rows.flat(), (cell) => cell ?? Number.NaN)
    const served = await scorer.score(values, rows.length)
    await scorer.close()
    const off = Math.max(...served.map((seen, row) => Math.abs(seen - scores[row]!)))
    t.ok(off < 1e-6, `${name}: ${off}`)
  }
})

/** A tree that splits on whatever there is, categories among it. */
const treeArbitrary = (width: number): fc.Arbitrary<Tree> =>
  fc.integer({ min: 0, max: 6 }).chain((branches) =>
    fc
      .record({
        shape: fc.array(fc.nat(1000), { minLength: branches, maxLength: branches }),
        nodes: fc.array(
          fc.record({
            feature: fc.nat(width - 1),
            threshold: fc.float({ noNaN: true, min: -50, max: 50 }),
            defaultLeft: fc.boolean(),
            categories: fc.option(fc.array(fc.nat(40), { maxLength: 9 })),
          }),
          { minLength: 13, maxLength: 13 },
        ),
      })
      .map(({ shape, nodes }) => {
        const left = [-1]
        const right = [-1]
        for (const pick of shape) {
          const leaves = left.flatMap((child, node) => (child === -1 ? [node] : []))
          const leaf = leaves[pick % leaves.length]!
          left[leaf] = left.push(-1) - 1
          right[leaf] = left.push(-1) - 1
          right.push(-1, -1)
        }
        const categories = new Map<number, Set<number>>()
        for (const [node, child] of left.entries()) {
          const codes = nodes[node]!.categories
          if (child !== -1 && codes) categories.set(node, new Set(codes))
        }
        const each = nodes.slice(0, left.length)
        return {
          left: Int32Array.from(left),
          right: Int32Array.from(right),
          feature: Int32Array.from(each, ({ feature }) => feature),
          threshold: Float32Array.from(each, ({ threshold }) => threshold),
          defaultLeft: Uint8Array.from(each, ({ defaultLeft }) => Number(defaultLeft)),
          ...(categories.size > 0 && { categories }),
        }
      }),
  )

t.test(
  'what is written passes the check, and ONNX Runtime agrees with the plain predictor to the bit',
  async (t) => {
    const width = 3
    const cell = fc.oneof(
      fc.nat(45),
      fc.float({ min: -60, max: 60 }).map(Math.round),
      fc.constant(Number.NaN),
    )
    const rows = fc.array(cell, { minLength: 3 * width, maxLength: 3 * width })
    let withSets = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(treeArbitrary(width), { minLength: 1, maxLength: 5 }),
        rows,
        async (trees, cells) => {
          const forest: Forest = { width, base: 0.1, transform: 'identity', trees, featureNames: [] }
          const bytes = onnxOf(forest)
          check(bytes)
          const asked = trees.flatMap(({ categories, feature }) =>
            [...(categories?.keys() ?? [])].map((node) => feature[node]!),
          )
          t.same(setFeatures(readOnnx(bytes, 'm')), [...new Set(asked)].sort())
          if (asked.length > 0) withSets++
          const values = Float32Array.from(cells)
          const scorer = await openOnnxRuntime(bytes)
          const served = await scorer.score(values, 3)
          await scorer.close()
          for (let row = 0; row < 3; row++) {
            t.equal(served[row], predictRow(forest, values.subarray(row * width, (row + 1) * width)))
          }
        },
      ),
      { numRuns: 100 },
    )
    t.ok(withSets > 20)
  },
)

/** A model whose one node has other bytes somewhere: `replace` gets the attributes by name, in hex. */
function edited(forest: Forest, replace: (hex: string) => string): Buffer {
  return Buffer.from(replace(onnxOf(forest).toString('hex')), 'hex')
}

t.test('trees that ONNX Runtime would open without an error', async (t) => {
  const leafIs = (value: number) => ({ ...FOREST, trees: [stump(0, 1, value, 1, false)] })
  const inSets = (tree: Tree): Forest => ({
    ...FOREST,
    trees: [{ ...tree, categories: new Map([[0, new Set([1])]]) }],
  })
  const cyclic = (child: number): Forest => ({
    ...FOREST,
    trees: [{ ...stump(0, 1, 2, 3, true), left: Int32Array.of(child, -1, -1) }],
  })
  const chain = (left: number[], right: number[]): Forest => ({
    ...FOREST,
    trees: [
      {
        left: Int32Array.from(left),
        right: Int32Array.from(right),
        feature: new Int32Array(left.length),
        threshold: new Float32Array(left.length),
        defaultLeft: new Uint8Array(left.length),
      },
    ],
  })
  const refused: [RegExp, Forest][] = [
    [/leaf \d is NaN, wanted a finite number/, leafIs(Number.NaN)],
    [/leaf \d is Infinity/, leafIs(Number.POSITIVE_INFINITY)],
    [/leaf \d is -Infinity/, { ...FOREST, base: Number.NEGATIVE_INFINITY }],
    [/tree 1 node 0 compares with NaN/, { ...FOREST, trees: [stump(0, Number.NaN, 1, 2, false)] }],
    [/tree 1 node 0 reads feature 3, and its input has 3/, { ...FOREST, trees: [stump(3, 1, 1, 2, false)] }],
    [/reads feature -1/, { ...FOREST, trees: [stump(-1, 1, 1, 2, false)] }],
    [/reads feature 2147483647/, { ...FOREST, trees: [stump(2 ** 31 - 1, 1, 1, 2, false)] }],
    [/tree 1 node 0 is reached twice/, cyclic(0)],
    [/tree 1 node 2 is reached twice/, cyclic(2)],
    [/leads to a node that is not there/, cyclic(7)],
    [/leads to a node that is not there/, cyclic(-2)],
    [/cannot be reached/, chain([1, -1, -1, -1, -1], [2, -1, -1, -1, -1])],
    [/cannot be reached/, chain([1, -1, -1, 4, 3], [2, -1, -1, 4, 3])],
    // The same of the operator for categories.
    [/leaf \d is NaN/, inSets(stump(0, 1, Number.NaN, 1, false))],
    [/node 1 reads feature 3, and its input has 3/, inSets(stump(3, 1, 1, 2, false))],
    [
      /node 2 reads feature 9/,
      { ...FOREST, trees: [inSets(stump(0, 1, 1, 2, false)).trees[0]!, stump(9, 1, 1, 2, false)] },
    ],
    [
      /node 2 compares with NaN/,
      { ...FOREST, trees: [inSets(stump(0, 1, 1, 2, false)).trees[0]!, stump(0, Number.NaN, 1, 2, false)] },
    ],
  ]
  for (const [reason, forest] of refused) {
    t.throws(
      () => check(onnxOf(forest)),
      { code: 'MODEL_DAMAGED', status: 503, message: reason },
      String(reason),
    )
  }
  t.doesNotThrow(() => check(onnxOf(FOREST)))
  t.doesNotThrow(() => check(onnxOf(inSets(stump(0, 1, 1, 2, false)))))

  const nameOf = (name: string) => Buffer.from(name).toString('hex')
  const without = (name: string, forest: Forest = FOREST) =>
    edited(forest, (hex) => hex.replaceAll(nameOf(name), nameOf(name.replace(/^./, 'x'))))
  for (const name of [
    'nodes_nodeids',
    'nodes_featureids',
    'nodes_values',
    'nodes_modes',
    'nodes_truenodeids',
    'nodes_falsenodeids',
  ]) {
    t.throws(
      () => check(without(name)),
      { code: 'MODEL_DAMAGED', message: /differ in length/ },
      `without ${name}`,
    )
  }
  for (const name of ['target_treeids', 'target_nodeids', 'target_weights']) {
    t.throws(() => check(without(name)), { message: /leaves differ in length/ }, `without ${name}`)
  }
  for (const name of ['nodes_splits', 'nodes_modes', 'nodes_trueleafs', 'nodes_falsenodeids']) {
    t.throws(
      () => check(without(name, inSets(stump(0, 1, 1, 2, false)))),
      { message: /differ in length/ },
      `without ${name}`,
    )
  }
  t.throws(() => check(without('leaf_weights', inSets(stump(0, 1, 1, 2, false)))), { message: /not there/ })
  t.throws(() => check(without('membership_values', inSets(stump(0, 1, 1, 2, false)))), {
    message: /0 sets of members for 1/,
  })
})

/** A model of one node, of the operator `Op`, with these attributes. */
function modelOf(writeAttribute: (attribute: BinaryWriter) => void): Uint8Array {
  const model = new BinaryWriter()
  message(model, 7, (graph) =>
    message(graph, 1, (node) => {
      text(node, 4, 'Op')
      message(node, 5, writeAttribute)
    }),
  )
  return model.finish()
}

t.test('tensors in other files, wherever they hide', async (t) => {
  const external = (tensor: BinaryWriter) => tensor.tag(14, WireType.Varint).uint32(1)
  const located = (tensor: BinaryWriter) => message(tensor, 13, (entry) => text(entry, 1, 'location'))
  const initializer = (field: number, tensor: (of: BinaryWriter) => void) => (graph: BinaryWriter) =>
    message(graph, field, tensor)
  const inGraph = (write: (graph: BinaryWriter) => void) => {
    const model = new BinaryWriter()
    message(model, 7, (graph) => {
      message(graph, 1, (node) => text(node, 4, 'Op'))
      write(graph)
    })
    return model.finish()
  }
  const cases: Record<string, Uint8Array> = {
    initializer: inGraph(initializer(5, external)),
    'external data alone': inGraph(initializer(5, located)),
    'sparse initializer': inGraph((graph) => message(graph, 15, initializer(1, external))),
    'indices of a sparse one': inGraph((graph) => message(graph, 15, initializer(2, external))),
    tensor: modelOf(initializer(5, external)),
    tensors: modelOf(initializer(10, external)),
    'sparse tensor': modelOf((attribute) => message(attribute, 22, initializer(1, external))),
    subgraph: modelOf((attribute) => message(attribute, 6, initializer(5, external))),
    subgraphs: modelOf((attribute) => message(attribute, 11, initializer(5, external))),
  }
  for (const [where, bytes] of Object.entries(cases)) {
    t.throws(() => readOnnx(bytes, 'm'), { code: 'MODEL_UNSUPPORTED', message: /another file/ }, where)
  }
  const inFunction = new BinaryWriter()
  message(inFunction, 25, (definition) =>
    message(definition, 7, (node) => message(node, 5, initializer(5, external))),
  )
  t.throws(() => readOnnx(inFunction.finish(), 'm'), { code: 'MODEL_UNSUPPORTED' }, 'in a function')
})

t.test('bytes that are no model', async (t) => {
  const graphs = (graph: BinaryWriter, depth: number): void =>
    message(graph, 1, (node) =>
      message(node, 5, (attribute) =>
        message(attribute, 6, (inner) => depth > 0 && graphs(inner, depth - 1)),
      ),
    )
  const nested = new BinaryWriter()
  message(nested, 7, (graph) => graphs(graph, 30))
  const group = new Uint8Array(200_000).fill(0x0b)
  const cases: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    text: Buffer.from('hello'),
    'a pickle': Buffer.from('\x80\x04\x95', 'latin1'),
    'graphs in graphs': nested.finish(),
    'groups in groups': group,
    'a length past the end': Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f),
  }
  for (const [what, bytes] of Object.entries(cases)) {
    t.throws(() => readOnnx(bytes, 'm'), { code: 'MODEL_DAMAGED' }, what)
  }
  const whole = onnxOf(FOREST)
  for (let length = 0; length < whole.length; length++) {
    try {
      check(whole.subarray(0, length))
      // The versions of the operators come last, and without them ONNX Runtime refuses the graph.
      t.ok(length >= whole.length - 24, `${length} of ${whole.length} bytes`)
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'MODEL_DAMAGED') throw thrown
    }
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
      const bytes = Uint8Array.from(whole)
      for (const [at, value] of changes) bytes[at] = value
      try {
        check(bytes)
      } catch (thrown) {
        if (!/^MODEL_/.test((thrown as { code?: string }).code ?? '')) throw thrown
      }
    }),
    { numRuns: 2000 },
  )
})

t.test('the width of what trees read must be known', async (t) => {
  // The same graph, whose input has another name than the trees read.
  const bytes = edited(FOREST, (hex) => {
    const at = hex.lastIndexOf(Buffer.from('features').toString('hex'))
    return `${hex.slice(0, at)}${Buffer.from('featurex').toString('hex')}${hex.slice(at + 16)}`
  })
  t.throws(() => check(bytes), { code: 'MODEL_UNSUPPORTED', message: /width the graph does not tell/ })
})
