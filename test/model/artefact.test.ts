import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openArtefact } from '../../src/model/artefact.ts'
import { writeTree } from '../helpers/command.ts'
import { emptyFolder, FOREST, manifestOf, modelFolder, onnxOf, sha256, stump } from '../helpers/model.ts'

const ONNX = onnxOf(FOREST)

t.test('a folder with a manifest', async (t) => {
  const folder = modelFolder(t, { 'code/inference.js': '', '.DS_Store': 'x', 'notes.txt': 'unlisted' })
  const artefact = await openArtefact(folder)
  t.match(artefact, { name: 'lots', version: '7', file: 'model.onnx', manifest: { schemaVersion: 1 } })
  t.ok(ONNX.equals(artefact.onnx))
})

t.test('a bare ONNX file, in a folder or by its path', async (t) => {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'model.onnx'), ONNX)
  writeFileSync(join(folder, 'other.onnx'), ONNX)
  const bare = { name: 'ranker', version: sha256(ONNX).slice(0, 12) }
  t.match(await openArtefact(folder), { ...bare, file: 'model.onnx', manifest: undefined })
  t.match(await openArtefact(join(folder, 'other.onnx')), { ...bare, file: 'other.onnx' })
  const listed = modelFolder(t)
  t.match(
    await openArtefact(join(listed, 'ranker.json')),
    { name: 'lots' },
    'a manifest stands for its folder',
  )
})

t.test('a bare XGBoost file, by any of its names', async (t) => {
  const fixture = join(import.meta.dirname, '../fixtures/models/xgboost-2.1.4.json')
  const { models } = JSON.parse(readFileSync(fixture, 'utf8'))
  const json = models.rank.json
  const ubj = Buffer.from(models.binary.base64, 'base64')
  const folder = emptyFolder(t)
  const names = ['price', 'cost', 'age', 'stars', 'stock']
  const add = (file: string, bytes: string | Buffer) => writeFileSync(join(folder, file), bytes)
  // Each one is preferred to those before.
  for (const [file, bytes] of [
    ['xgboost-model', ubj],
    ['model.json', json],
    ['model.ubj', ubj],
  ] as const) {
    add(file, bytes)
    const artefact = await openArtefact(folder)
    t.match(artefact, { name: 'ranker', version: sha256(bytes).slice(0, 12), file, categorical: [] })
    t.same(artefact.featureNames, names)
    t.equal(artefact.forest!().width, 5)
  }
  add('model.onnx', ONNX)
  t.match(await openArtefact(folder), { file: 'model.onnx', forest: undefined })
  add('old.bin', json)
  t.match(await openArtefact(join(folder, 'old.bin')), { file: 'old.bin' })
  add('other.json', models.categories.json)
  t.same((await openArtefact(join(folder, 'other.json'))).categorical, [3, 4])
})

t.test('a graph that is not safe to open', async (t) => {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'model.onnx'), onnxOf({ ...FOREST, trees: [stump(9, 1, 1, 2, false)] }))
  await t.rejects(openArtefact(folder), { code: 'MODEL_DAMAGED', message: /feature 9/ })
})

t.test('nothing to serve', async (t) => {
  const folder = emptyFolder(t)
  await t.rejects(openArtefact(folder), { code: 'MODEL_MISSING', status: 503 })
  await t.rejects(openArtefact(join(folder, 'nowhere')), { code: 'MODEL_MISSING' })
  writeFileSync(join(folder, 'notes.txt'), 'x')
  await t.rejects(openArtefact(folder), { code: 'MODEL_MISSING' })
  await t.rejects(openArtefact(join(folder, 'notes.txt')), { code: 'MODEL_UNSUPPORTED' })
  writeFileSync(join(folder, 'model.ubj'), 'x')
  await t.rejects(openArtefact(folder), {
    code: 'MODEL_UNSUPPORTED',
    message: /^model\.ubj .*neither JSON nor UBJSON/,
  })
})

t.test('files that the manifest lists must be there, unaltered', async (t) => {
  const listed = (files: Record<string, string>) =>
    manifestOf({ files: { 'model.onnx': sha256(ONNX), ...files } })
  const altered = modelFolder(t)
  writeFileSync(join(altered, 'model.onnx'), Buffer.concat([ONNX, Buffer.of(0)]))
  await t.rejects(openArtefact(altered), { code: 'HASH_MISMATCH', values: { file: 'model.onnx' } })

  const missing = modelFolder(t, {}, listed({ 'model.ubj': sha256('x') }))
  await t.rejects(openArtefact(missing), { code: 'MODEL_DAMAGED', message: /^model\.ubj .*missing/ })
  writeTree(missing, { 'model.ubj': 'x' })
  await t.resolves(openArtefact(missing))
  writeTree(missing, { 'model.ubj': 'y' })
  await t.rejects(openArtefact(missing), { code: 'HASH_MISMATCH', values: { file: 'model.ubj' } })

  const nested = modelFolder(t, { 'code/inference.js': 'x' }, listed({ 'code/inference.js': sha256('x') }))
  await t.resolves(openArtefact(nested))
  const outside = modelFolder(t, {}, listed({ '../model.ubj': sha256('x') }))
  await t.rejects(openArtefact(outside), { code: 'MODEL_DAMAGED' })
  const absolute = modelFolder(t, {}, listed({ '/etc/hostname': sha256('x') }))
  await t.rejects(openArtefact(absolute), { code: 'MODEL_DAMAGED' })
})

t.test('manifests that prove nothing, or are none', async (t) => {
  await t.rejects(openArtefact(modelFolder(t, {}, manifestOf({ files: {} }))), { code: 'MODEL_DAMAGED' })
  const golden = { columns: [], rows: [], scores: [] }
  await t.rejects(openArtefact(modelFolder(t, {}, manifestOf({ goldenRows: golden }))), {
    code: 'MODEL_DAMAGED',
    message: /goldenRows/,
  })
  for (const text of ['', '{', '[]', '{"schemaVersion":2}']) {
    await t.rejects(openArtefact(modelFolder(t, { 'ranker.json': text })), {
      code: 'MODEL_DAMAGED',
      message: /^ranker\.json is damaged/,
    })
  }
})

t.test('only plain files of the folder are read', async (t) => {
  const linked = modelFolder(t)
  renameSync(join(linked, 'model.onnx'), join(linked, 'elsewhere'))
  symlinkSync('elsewhere', join(linked, 'model.onnx'))
  await t.rejects(openArtefact(linked), { code: 'MODEL_UNSUPPORTED', message: /plain file/ })
  await t.rejects(openArtefact(join(linked, 'model.onnx')), { code: 'MODEL_UNSUPPORTED' })

  const fifo = modelFolder(t)
  rmSync(join(fifo, 'model.onnx'))
  execFileSync('mkfifo', [join(fifo, 'model.onnx')])
  await t.rejects(openArtefact(fifo), { code: 'MODEL_UNSUPPORTED' })

  // A manifest that leads nowhere must not turn a proven model into a bare one.
  const dangling = modelFolder(t)
  rmSync(join(dangling, 'ranker.json'))
  symlinkSync('nowhere', join(dangling, 'ranker.json'))
  await t.rejects(openArtefact(dangling), { code: 'MODEL_UNSUPPORTED', values: { file: 'ranker.json' } })

  // A folder that leads out, or up, under a listed name.
  const other = emptyFolder(t)
  writeTree(other, { x: 'x' })
  const through = modelFolder(
    t,
    {},
    manifestOf({ files: { 'model.onnx': sha256(ONNX), 'code/x': sha256('x') } }),
  )
  symlinkSync(other, join(through, 'code'))
  await t.rejects(openArtefact(through), { code: 'MODEL_UNSUPPORTED', values: { file: 'code/x' } })
  const up = modelFolder(t, {}, manifestOf({ files: { 'code/../model.onnx': sha256(ONNX) } }))
  writeTree(up, { 'code/y': '' })
  await t.rejects(openArtefact(up), { code: 'MODEL_UNSUPPORTED' })

  const folder = emptyFolder(t)
  copyFileSync(join(up, 'model.onnx'), join(folder, 'model.onnx'))
  const alias = `${folder}-alias`
  symlinkSync(folder, alias)
  t.teardown(() => rmSync(alias))
  await t.resolves(openArtefact(alias), 'the folder itself may be behind a link')
})
