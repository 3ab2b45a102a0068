import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { predictRow } from '../../src/model/forest.ts'
import { readOnnx } from '../../src/model/onnx-reader.ts'
import { exposeProbabilities } from '../../src/model/onnx-zipmap.ts'
import { openOnnxRuntime } from '../../src/scoring/onnxruntime.ts'
import { rank } from '../../src/scoring/rank.ts'
import { FOREST, onnxOf, stump } from '../helpers/model.ts'

t.test('ranking is by score, ties in input order, as long as wanted', async (t) => {
  t.same(rank([0.5, 2, 0.5, -1]), [1, 0, 2, 3])
  t.same(rank([0.5, 2, 0.5, -1], 2), [1, 0])
  t.same(rank([1], 10), [0])
  t.same(rank([]), [])
  const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY]
  t.same(rank([1, nan, inf, 3, -inf, nan, inf]), [2, 6, 3, 0, 4, 1, 5], 'what is no number last')
})

t.test('ONNX Runtime writes nothing and reports to nobody', async (t) => {
  const home = t.testdir()
  const script = `import { openOnnxRuntime } from ${JSON.stringify(import.meta.resolve('../../src/scoring/onnxruntime.ts'))}
    await openOnnxRuntime(Buffer.from(process.argv[1], 'base64'))
    process.exit(0)`
  const argv = ['--input-type=module', '--eval', script, onnxOf(FOREST).toString('base64')]
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env
  // With it, a folder is there before the first session is.
  const run = spawnSync(process.execPath, argv, { env: { ...env, HOME: home }, encoding: 'utf8' })
  t.match(run, { status: 0, stdout: '', stderr: '' })
  t.same(readdirSync(home, { recursive: true }), [])
})

t.test('ONNX Runtime scores as the plain forest does', async (t) => {
  const scorer = await openOnnxRuntime(onnxOf(FOREST))
  t.teardown(() => scorer.close())
  t.match(scorer, { engine: 'onnxruntime', width: 3 })
  t.equal((await scorer.score(new Float32Array(0), 0)).length, 0)
  const value = fc.oneof(fc.constantFrom(Number.NaN, 10, 5, 0), fc.float({ noDefaultInfinity: true }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 40 }),
      async (rows) => {
        const scores = await scorer.score(Float32Array.from(rows.flat()), rows.length)
        t.same(
          [...scores],
          rows.map((row) => predictRow(FOREST, row)),
        )
      },
    ),
    { numRuns: 50 },
  )
})

// onnx 1.23: a LinearClassifier of one feature x with the scores (-x, x), whose output `p` is float[rows, 2].
const CLASSIFIER =
  'CAgSADrYAQqZAQoBeBIFbGFiZWwSAXAiEExpbmVhckNsYXNzaWZpZXIqGQoQY2xhc3NsYWJlbHNfaW50c0AAQAGgAQcqGwoMY29lZmZpY2llbnRzPQAAgL89AACAP6ABBioZCgppbnRlcmNlcHRzPQAAAAA9AAAAAKABBioZCg5wb3N0X3RyYW5zZm9ybSIETk9ORaABAzoKYWkub25ueC5tbBIBZ1oRCgF4EgwKCggBEgYKAAoCCAFiEQoFbGFiZWwSCAoGCAcSAgoAYhEKAXASDAoKCAESBgoACgIIAkIECgAQEUIOCgphaS5vbm54Lm1sEAM='
// The same with a ZipMap behind it, as skl2onnx writes classifiers when nothing else is said.
const ZIPPED =
  'CAgSADqTAgqZAQoBeBIFbGFiZWwSAXAiEExpbmVhckNsYXNzaWZpZXIqGQoQY2xhc3NsYWJlbHNfaW50c0AAQAGgAQcqGwoMY29lZmZpY2llbnRzPQAAgL89AACAP6ABBioZCgppbnRlcmNlcHRzPQAAAAA9AAAAAKABBioZCg5wb3N0X3RyYW5zZm9ybSIETk9ORaABAzoKYWkub25ueC5tbAo3CgFwEgF6IgZaaXBNYXAqGwoSY2xhc3NsYWJlbHNfaW50NjRzQABAAaABBzoKYWkub25ueC5tbBIBZ1oRCgF4EgwKCggBEgYKAAoCCAFiEQoFbGFiZWwSCAoGCAcSAgoAYhMKAXoSDiIMCgoqCAgHEgQKAggBQgQKABARQg4KCmFpLm9ubngubWwQAw=='

t.test('of a classifier class 1 is the score', async (t) => {
  const scorer = await openOnnxRuntime(Buffer.from(CLASSIFIER, 'base64'))
  t.teardown(() => scorer.close())
  t.same(await scorer.score(Float32Array.of(2, -3, 0.5), 3), Float32Array.of(2, -3, 0.5))
  const zipped = Buffer.from(ZIPPED, 'base64')
  await t.rejects(openOnnxRuntime(zipped, 'c.onnx'), {
    code: 'MODEL_UNSUPPORTED',
    message: /^c\.onnx cannot be used: its outputs are label, z, wanted one float score a row/,
  })
  const opened = await openOnnxRuntime(exposeProbabilities(zipped, readOnnx(zipped, 'c.onnx')))
  t.teardown(() => opened.close())
  t.same(await opened.score(Float32Array.of(2, -3, 0.5), 3), Float32Array.of(2, -3, 0.5))
})

t.test('graphs that cannot be served', async (t) => {
  await t.rejects(openOnnxRuntime(Buffer.from('no model'), 'x.onnx'), {
    code: 'MODEL_DAMAGED',
    message: /^x\.onnx/,
  })
  await t.rejects(openOnnxRuntime(new Uint8Array(0)), { code: 'MODEL_DAMAGED' })
  const negative = onnxOf({ ...FOREST, trees: [stump(-5, 0, 1, 2, true)] })
  await t.rejects(openOnnxRuntime(negative), {
    message: 'model.onnx is damaged: ONNX Runtime refuses its graph',
  })
})
