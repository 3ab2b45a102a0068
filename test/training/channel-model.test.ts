import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { checkContinues, loadChannelModel } from '../../src/training/channel-model.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { hashesIn, jobFolder } from '../helpers/job.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'
import { emptyFolder } from '../helpers/model.ts'

t.setTimeout(90_000)

const train = toCsv(judgedData({ queries: 15 }))
const data = { 'train/a.csv': train, 'validation/v.csv': toCsv(judgedData({ seed: 2, queries: 8 })) }
const run = (root: string) => ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root } })
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
const treesOf = (root: string) => readXGBoostModel(readFileSync(join(root, 'model/model.ubj')), '').trees
const failure = (root: string) => readFileSync(join(root, 'output/failure'), 'utf8')

/** The artefact of a job of six rounds, and the same booster as JSON. */
async function sixRounds(t: Test): Promise<{ folder: string; json: Uint8Array }> {
  const root = jobFolder(t, { num_round: '6' }, data)
  const { code, stderr } = await run(root)
  t.equal(code, 0, stderr)
  const folder = join(root, 'model')
  const booster = Booster.load(XGBoost.load(process.env), readFileSync(join(folder, 'model.ubj')))
  const asJson = booster.save('json')
  booster.close()
  return { folder, json: asJson }
}

/** A job whose `model` channel holds what `fill` puts there. */
function jobWith(
  t: Test,
  fill: (folder: string) => void,
  hyperparameters: object = {},
  channels: Record<string, string> = data,
): string {
  const root = jobFolder(t, { num_round: '5', ...hyperparameters }, channels)
  const folder = join(root, 'input/data/model')
  mkdirSync(folder)
  fill(folder)
  return root
}

t.test('the model of the channel, in every form', async (t) => {
  const base = await sixRounds(t)
  const ubj = readFileSync(join(base.folder, 'model.ubj'))
  const pack = (folder: string, ...names: string[]) =>
    execFileSync('tar', ['czf', join(folder, 'model.tar.gz'), '-C', base.folder, ...names])
  const forms: Record<string, (folder: string) => void> = {
    'an artefact': (folder) => cpSync(base.folder, folder, { recursive: true }),
    'model.json': (folder) => writeFileSync(join(folder, 'model.json'), base.json),
    'xgboost-model': (folder) => writeFileSync(join(folder, 'xgboost-model'), ubj),
    'a name of one’s own': (folder) => writeFileSync(join(folder, 'best-of-may.ubj'), ubj),
    'model.tar.gz of an earlier job': (folder) => pack(folder, '.'),
    'a tar without ./': (folder) => pack(folder, 'ranker.json', 'model.onnx', 'model.ubj'),
  }
  for (const [name, fill] of Object.entries(forms)) {
    const folder = emptyFolder(t)
    fill(folder)
    const { bytes, ...model } = loadChannelModel(folder)
    t.match(model, { objective: 'rank:ndcg', booster: 'gbtree', width: 6, featureNames: ['f0', 'f1'] }, name)
    t.ok(Buffer.compare(bytes, name === 'model.json' ? base.json : ubj) === 0)
  }

  const eleven = jobFolder(t, { num_round: '11' }, data)
  await run(eleven)
  const root = jobWith(t, forms['model.tar.gz of an earlier job']!)
  const { code, stdout, stderr } = await run(root)
  t.equal(code, 0, stderr)
  t.match(stdout, /^\[6\]\t(.*\n)*\[10\]\t.*\n$/, 'rounds are counted on')
  t.same(hashesIn(root, 'model')['model.ubj'], hashesIn(eleven, 'model')['model.ubj'])

  writeFileSync(join(base.folder, 'train.csv'), train)
  const local = [
    'train',
    '--train',
    'train.csv',
    '--model',
    'model.ubj',
    '--num-round',
    '5',
    '--output',
    'out',
  ]
  t.equal((await ranker(local, { cwd: base.folder })).code, 0)
  t.equal(treesOf(join(base.folder, 'out')).length, 11)
})

t.test('the rounds that are kept are counted from the first of the whole model', async (t) => {
  const { folder } = await sixRounds(t)
  const fill = (to: string) => cpSync(folder, to, { recursive: true })
  const root = jobWith(t, fill, { num_round: '60', eta: '1', early_stopping_rounds: '4' })
  const { stdout } = await run(root)
  const rounds = Array.from(
    stdout.matchAll(/^\[(\d+)\].*validation-ndcg@10:(\S+)$/gm),
    ([, round, value]) => ({
      round: Number(round),
      value: Number(value),
    }),
  )
  const best = rounds.reduce((a, b) => (b.value > a.value ? b : a))
  t.equal(rounds[0]!.round, 6)
  t.equal(json(root, 'model/ranker.json').bestIteration, best.round)
  t.equal(treesOf(root).length, best.round + 1)
  t.same(treesOf(root).slice(0, 6), readXGBoostModel(readFileSync(join(folder, 'model.ubj')), '').trees)

  await t.test('and a job that continues is resumed like any other', async (t) => {
    const withCheckpoints = (num_round: string) => {
      const job = jobWith(t, fill, { num_round, subsample: '0.5' })
      writeTree(job, { 'input/config/checkpointconfig.json': { LocalPath: join(job, 'checkpoints') } })
      return job
    }
    const [whole, halves] = [withCheckpoints('20'), withCheckpoints('10')]
    await run(whole)
    await run(halves)
    writeTree(halves, { 'input/config/hyperparameters.json': { num_round: '20', subsample: '0.5' } })
    t.match((await run(halves)).stdout, /^\[16\]\t/)
    t.same(hashesIn(halves, 'model')['model.ubj'], hashesIn(whole, 'model')['model.ubj'])
    const other = join(halves, 'input/data/model')
    writeFileSync(join(other, 'ranker.json'), '')
    cpSync(join(root, 'model'), other, { recursive: true })
    const { stdout, stderr } = await run(halves)
    t.match(
      stdout,
      new RegExp(`^\\[${best.round + 1}\\]\t`),
      'its checkpoints are not those of another model',
    )
    t.match(stderr, /left alone: model was \w+ and is \w+/)
  })
})

t.test('process_type update goes over the rounds that are there', async (t) => {
  const { folder } = await sixRounds(t)
  const fill = (to: string) => cpSync(folder, to, { recursive: true })
  const base = readXGBoostModel(readFileSync(join(folder, 'model.ubj')), '').trees
  const refreshed = async (num_round: string, csv: string) => {
    const update = { num_round, process_type: 'update', updater: 'refresh' }
    const root = jobWith(t, fill, update, { 'train/a.csv': csv })
    const { code, stdout, stderr } = await run(root)
    t.equal(code, 0, stderr)
    return { trees: treesOf(root), stdout, stderr }
  }
  const same = await refreshed('6', train)
  t.match(same.stdout, /^\[0\]\t(.*\n)*\[5\]\t.*\n$/)
  t.ok(
    same.trees.every((tree, round) =>
      tree.threshold.every((value, node) => Math.abs(value - base[round]!.threshold[node]!) < 1e-4),
    ),
    'on the rows of old, leaves keep their values',
  )
  const other = await refreshed('100', toCsv(judgedData({ seed: 9, queries: 15 })))
  t.match(other.stderr, /6 of the 6 rounds of model\.ubj are changed/)
  t.same(
    other.trees.map((tree) => tree.feature),
    base.map((tree) => tree.feature),
    'splits stay',
  )
  t.notSame(other.trees, base, 'leaves follow the rows of this job')
  t.equal(
    (await refreshed('4', train)).trees.length,
    4,
    'as with XGBoost, rounds that are not gone over are gone',
  )

  const root = jobFolder(t, { process_type: 'update', updater: 'refresh' }, data)
  t.equal((await run(root)).code, 1)
  t.match(failure(root), /changes the trees of an existing model: put one in the channel model/)
})

t.test('an incumbent is measured, and nothing of it is in the model', async (t) => {
  const { folder } = await sixRounds(t)
  const shuffled = (csv: string) =>
    csv.replaceAll(/^(\w+),(\w+),(.*),([^,\n]*)$/gm, (_, label, qid, cells, last) =>
      [label, qid, last, cells].join(),
    )
  const root = jobWith(
    t,
    (to) => cpSync(folder, to, { recursive: true }),
    { model_channel: 'incumbent' },
    { 'train/a.csv': shuffled(train), 'validation/v.csv': shuffled(data['validation/v.csv']) },
  )
  const { code, stdout, stderr } = await run(root)
  t.equal(code, 0, stderr)
  t.match(stdout, /^\[0\]\t/)
  t.match(stderr, /^the incumbent model +[\d.]+ +[\d.]+$/m)
  t.equal(treesOf(root).length, 5)
  t.equal(json(root, 'model/ranker.json').featureNames[0], 'f5')
  const then = json(folder, '../output/data/metrics.json')
  const { baselines, comparisons } = json(root, 'output/data/metrics.json')
  const { incumbent } = baselines
  for (const channel of ['train', 'validation']) {
    t.ok(Math.abs(incumbent[channel] - then[channel]['ndcg@10']) < 1e-6, 'its columns are found by name')
    const { name, mean } = comparisons[channel].baselines.at(-1)
    t.equal(name, 'incumbent', 'it is compared query by query')
    t.ok(Math.abs(mean - incumbent[channel]) < 1e-6)
  }
  const output = (name: string) => readFileSync(join(root, 'output/data', name), 'utf8')
  t.match(
    output('per_query.csv'),
    /^channel,qid,rows,relevant,ranker,random,input_order,best_single_feature,incumbent\n/,
  )
  t.match(output('report.html'), /than the incumbent model\.<\/p>/)
})

t.test('what is no model to continue is refused by name', async (t) => {
  const { folder, json: asJson } = await sixRounds(t)
  const artefact = (to: string) => cpSync(folder, to, { recursive: true })
  const file = (name: string, content: Uint8Array | string) => (to: string) =>
    writeFileSync(join(to, name), content)
  const shell = (script: string) => (to: string) => execFileSync('sh', ['-c', script, 'sh', folder, to])
  const damaged: [name: string, reason: RegExp, fill: (to: string) => void][] = [
    ['nothing', /holds no model\.ubj, model\.json/, () => {}],
    ['a pickle', /it is a Python pickle/, file('xgboost-model', Buffer.of(0x80, 3, 0x63))],
    ['JSON of something else', /model\.json is damaged: learner/, file('model.json', '{"a":1}')],
    ['half a file', /is damaged/, file('model.json', asJson.subarray(0, 5000))],
    ['an altered file', /model\.ubj was altered/, shell('cp -r "$1/." "$2"; echo >>"$2/model.ubj"')],
    ['no gzip', /model\.tar\.gz cannot be read: /, file('model.tar.gz', 'x')],
    ['no tar', /no tar header at byte 0/, shell('gzip -c "$1/ranker.json" >"$2/model.tar.gz"')],
    ['half a tar', /it ends inside/, shell('tar c -C "$1" . | head -c 9000 | gzip >"$2/model.tar.gz"')],
  ]
  for (const [name, message, fill] of damaged) {
    const channel = emptyFolder(t)
    fill(channel)
    t.throws(() => loadChannelModel(channel), { message }, name)
  }

  const model = loadChannelModel(folder)
  const names = model.featureNames
  const unfit: [parameters: object, featureNames: readonly string[], reason: RegExp][] = [
    [{ objective: 'rank:map' }, names, /objective rank:ndcg and this job rank:map: set objective=rank:ndcg/],
    [{ booster: 'dart' }, names, /booster gbtree and this job dart/],
    [{}, ['f0', 'f1', 'colour', 'f3', 'f4', 'f5'], /has "f2" as feature 2 and train has "colour"/],
    [{}, names.toReversed(), /has "f0" as feature 0 and train has "f5"/],
    [{}, names.slice(0, 5), /has "f5" as feature 5 and train ends before it/],
    [{}, [...names, 'f6'], /train has the feature "f6" that model\.ubj was not trained on/],
  ]
  for (const [parameters, featureNames, message] of unfit) {
    t.throws(() => checkContinues(model, parameters as Record<string, string>, featureNames), { message })
  }
  const nameless = { ...model, featureNames: [] }
  t.throws(() => checkContinues(nameless, {}, ['a']), { message: /takes 6 features and names none/ })
  checkContinues(nameless, {}, ['a', 'b', 'c', 'd', 'e', 'f'])

  const renamed = train.replace('f2', 'colour')
  for (const [hyperparameters, sentence] of [
    [{}, /"f2" as feature 2 and train has "colour"/],
    [{ model_channel: 'incumbent' }, /needs the feature "f2", which train does not have/],
    [{ model_channel: 'both' }, /"model_channel" is "both": wanted continue or incumbent/],
  ] as const) {
    const root = jobWith(t, artefact, hyperparameters, { 'train/a.csv': renamed })
    const { code, stdout } = await run(root)
    t.equal(code, 1)
    t.match(failure(root), sentence)
    t.equal(stdout, '')
    t.same(hashesIn(root, 'model'), {})
  }
})

t.test('the channels without rows', async (t) => {
  const root = jobFolder(
    t,
    { num_round: '3' },
    {
      ...data,
      'code/inference.js': 'export const hook = 1\n',
      'code/lib/_helper.js': '// its own\n',
    },
  )
  mkdirSync(join(root, 'input/data/config'))
  const { code, stderr } = await run(root)
  t.equal(code, 0, stderr)
  t.same(Object.keys(hashesIn(root, 'model')), [
    'code/inference.js',
    'code/lib/_helper.js',
    'model.onnx',
    'model.ubj',
    'ranker.json',
  ])
  t.equal(readFileSync(join(root, 'model/code/inference.js'), 'utf8'), 'export const hook = 1\n')

  const refused = async (sentence: RegExp) => {
    t.equal((await run(root)).code, 1)
    t.match(failure(root), sentence)
    t.same(readdirSync(join(root, 'model')), [], 'no code without its model')
  }
  symlinkSync('/etc/passwd', join(root, 'input/data/code/lib/link'))
  await refused(/code\/lib\/link is a link: wanted a plain file/)
  writeTree(root, { 'input/data/config/features.json': {} })
  await refused(/features\.json: the spec has no features: wanted an object with a list of them/)
  writeTree(root, { 'input/data/modle/x': '' })
  await refused(/unknown channel "modle": the channels are train, validation, test, config, model, code/)
  const declared = jobFolder(t, { num_round: '3' }, data)
  writeTree(declared, { 'input/config/inputdataconfig.json': { train: {}, model: {} } })
  t.equal((await run(declared)).code, 1)
  t.match(failure(declared), /channel "model" is missing: nothing at .*input\/data\/model/)
})
