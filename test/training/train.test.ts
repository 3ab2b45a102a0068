import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { meanNdcg } from '../../src/metrics/ndcg.ts'
import { manifestSchema } from '../../src/model/manifest.ts'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { openOnnxRuntime } from '../../src/scoring/onnxruntime.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'

const repository = join(import.meta.dirname, '../..')
const train = judgedData()
const validation = judgedData({ seed: 2, queries: 15 })
const test = judgedData({ seed: 3, queries: 10 })
const csv = { train: toCsv(train), validation: toCsv(validation), test: toCsv(test) }

/** A SageMaker job below a fresh folder. */
function job(
  t: Test,
  hyperparameters: object,
  data: Record<string, string> = { 'train/a.csv': csv.train },
): string {
  const root = t.testdir({})
  writeTree(root, { 'input/config/hyperparameters.json': hyperparameters })
  writeTree(join(root, 'input/data'), data)
  return root
}
const run = (root: string, argv: string[] = []) =>
  ranker(['train', ...argv], { env: { SAGEMAKER_BASE_DIR: root } })
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
const bytes = (...path: string[]) => readFileSync(join(...path))
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const files = (root: string) =>
  existsSync(join(root, 'model')) ? readdirSync(join(root, 'model')).sort() : []

t.test('a SageMaker job from channels to artefact', async (t) => {
  const root = job(
    t,
    // As the platform writes them: strings, some JSON-encoded by an SDK, some for the platform itself.
    { num_round: '30', eta: '0.2', objective: '"rank:ndcg"', sagemaker_program: '"train.js"', nthread: '2' },
    {
      'train/part-0/a.csv': csv.train,
      'train/_SUCCESS': '',
      'train/.hidden': 'x',
      'validation/v.csv': csv.validation,
      'test/t.csv': csv.test,
    },
  )
  writeTree(root, { 'output/failure': 'of an earlier run' })
  const { code, stdout, stderr } = await run(root)
  t.equal(code, 0, stderr)

  const lines = stdout.trimEnd().split('\n')
  t.equal(lines.length, 30)
  for (const [round, line] of lines.entries()) {
    t.match(line, new RegExp(`^\\[${round}\\]\ttrain-ndcg@10:\\d\\.\\d{5}\tvalidation-ndcg@10:\\d\\.\\d{5}$`))
  }
  t.same(files(root), ['model.onnx', 'model.ubj', 'ranker.json'])
  t.notOk(existsSync(join(root, 'output/failure')), 'the earlier failure is gone')

  const manifest = manifestSchema.parse(json(root, 'model/ranker.json'))
  for (const [name, hash] of Object.entries(manifest.files))
    t.equal(sha256(bytes(root, 'model', name)), hash, name)
  t.same(manifest.featureNames, train.featureNames)
  t.equal(manifest.bestIteration, 29)
  t.equal(manifest.goldenRows.rows.length, 64)

  const metrics = json(root, 'output/data/metrics.json')
  t.equal(metrics.best_iteration, 29)
  t.equal(lines.at(-1)!.split('\t')[2], `validation-ndcg@10:${metrics.validation['ndcg@10'].toFixed(5)}`)
  const scorer = await openOnnxRuntime(bytes(root, 'model/model.onnx'))
  const scores = await scorer.score(test.values, test.rows)
  await scorer.close()
  const ours = meanNdcg(test.labels, scores, test.groups.sizes, { k: 10 })
  t.ok(Math.abs(ours - metrics.test['ndcg@10']) < 1e-6, 'the test channel is measured on the served model')
  t.ok(
    metrics.test['ndcg@10'] > metrics.baselines.single_features[0].test + 0.03,
    'it beats the best single feature',
  )
  t.ok(metrics.baselines.single_features[0].test > metrics.baselines.random.test)
})

t.test('what a job leaves for people: comparisons, every query, importance, profile, report', async (t) => {
  const root = job(
    t,
    { num_round: '12', eta: '0.3', nthread: '2' },
    { 'train/a.csv': csv.train, 'validation/v.csv': csv.validation, 'test/t.csv': csv.test },
  )
  const { code, stderr } = await run(root)
  t.equal(code, 0, stderr)
  t.match(stderr, /\n {2}95 % interval +\d\.\d{3} to \d\.\d{3} /, 'the last lines have intervals')
  t.match(stderr, /; \d warnings? in report\.html$/m)

  const metrics = json(root, 'output/data/metrics.json')
  const lines = readFileSync(join(root, 'output/data/per_query.csv'), 'utf8').trimEnd().split('\n')
  t.equal(lines[0], 'channel,qid,rows,relevant,ranker,random,input_order,best_single_feature')
  t.equal(lines.length, 1 + 40 + 15 + 10)
  for (const channel of ['train', 'validation', 'test'] as const) {
    const { queries, method, metrics: stated, baselines } = metrics.comparisons[channel]
    const mine = lines.map((line) => line.split(',')).filter(([name]) => name === channel)
    t.equal(queries, mine.length)
    t.equal(method, 'bootstrap')
    const near = (seen: number, wanted: number) =>
      t.ok(Math.abs(seen - wanted) < 1e-6, `${seen} is ${wanted}`)
    t.same(Object.keys(stated), ['ndcg@1', 'ndcg@5', 'ndcg@10', 'map@10', 'mrr'])
    for (const [name, { mean }] of Object.entries<{ mean: number }>(stated))
      near(mean, metrics[channel][name])
    t.ok(stated['ndcg@10'].low < stated['ndcg@10'].mean && stated['ndcg@10'].mean < stated['ndcg@10'].high)
    for (const [index, { name, mean, difference, wins, ties, losses }] of baselines.entries()) {
      const column = lines[0]!.split(',').indexOf(name)
      near(mean, mine.reduce((sum, cells) => sum + Number(cells[column]), 0) / queries)
      near(difference.mean, stated['ndcg@10'].mean - mean)
      t.ok(difference.low <= difference.mean && difference.mean <= difference.high)
      t.equal(wins + ties + losses, queries)
      t.equal(name, ['random', 'input_order', 'best_single_feature'][index])
    }
    near(baselines[2].mean, metrics.baselines.single_features[0][channel])
    near(baselines[0].mean, metrics.baselines.random[channel])
  }
  const shap = metrics.feature_importance.map((one: { mean_abs_shap: number }) => one.mean_abs_shap)
  t.same(
    shap,
    shap.toSorted((a: number, b: number) => b - a),
  )
  t.equal(metrics.feature_importance[0].feature, 'f0', 'the feature that the grades follow most')
  t.ok(metrics.feature_importance[0].gain > 0 && metrics.feature_importance[0].cover > 0)
  t.equal(metrics.drift.channel, 'validation')
  t.same(Object.keys(metrics.drift.features), train.featureNames)
  t.match(metrics.warnings.join(), 'Only 10 queries of test are judged')

  const { profile } = json(root, 'model/ranker.json').training
  t.equal(profile.sampledRows, train.rows)
  t.same(
    profile.features.map((one: { name: string }) => one.name),
    train.featureNames,
  )
  t.ok(Math.abs(profile.features[0].missing - 0.1) < 0.05)
  t.equal(profile.queries.count, 40)
  t.equal(profile.scores.length, 9)

  const report = readFileSync(join(root, 'output/data/report.html'), 'utf8')
  t.match(report, `reaches NDCG@10 ${metrics.test['ndcg@10'].toFixed(3)}`)
  t.match(report, json(root, 'model/ranker.json').training.fingerprint)
  t.match(report, sha256(bytes(root, 'model/model.onnx')))
  t.match(
    report,
    />\d[^<]*: read [^<]*, quantise [^<]*, train [^<]*, measure [^<]*, check the export /,
    'time by phase',
  )
})

t.test('a report that cannot be written does not lose the model', async (t) => {
  const folder = t.testdir({
    'train.csv': csv.train,
    out: { output: { data: { 'report.html': { in: 'the way' } } } },
  })
  const flags = ['--train', 'train.csv', '--output', 'out', '--num-round', '2']
  const { code, stderr } = await ranker(['train', ...flags], { cwd: folder })
  t.equal(code, 0)
  t.match(stderr, /^warning: report\.html was not written: cannot write .*report\.html/m)
  t.same(files(join(folder, 'out')), ['model.onnx', 'model.ubj', 'ranker.json'])
  t.ok(existsSync(join(folder, 'out/output/data/metrics.json')))
})

t.test('early stopping keeps the best round in every file', async (t) => {
  const root = job(
    t,
    {
      n_estimators: '200',
      learning_rate: '0.5',
      early_stopping_rounds: '5',
      eval_metric: 'map@3,ndcg@5',
      seed: '7',
      objective: 'rank:map',
    },
    {
      'train/a.csv': toCsv(judgedData({ grades: 2 })),
      'validation/v.csv': toCsv(judgedData({ grades: 2, seed: 5, queries: 15 })),
    },
  )
  const { code, stdout, stderr } = await run(root)
  t.equal(code, 0, stderr)
  const ndcg = stdout
    .trimEnd()
    .split('\n')
    .map((line) => Number(/validation-ndcg@5:(\S+)/.exec(line)![1]))
  const best = ndcg.indexOf(Math.max(...ndcg))
  t.equal(ndcg.length, best + 6, 'it stops five rounds after the best one')
  const { bestIteration } = json(root, 'model/ranker.json')
  t.equal(bestIteration, best, 'and maximises ndcg@5, the last metric')
  t.equal(json(root, 'output/data/metrics.json').validation['ndcg@5'].toFixed(5), ndcg[best]!.toFixed(5))

  const ubj = bytes(root, 'model/model.ubj')
  t.equal(readXGBoostModel(ubj, 'model.ubj').trees.length, best + 1)
  const booster = Booster.load(XGBoost.load(process.env), ubj)
  const scorer = await openOnnxRuntime(bytes(root, 'model/model.onnx'))
  t.same(
    await scorer.score(validation.values, validation.rows),
    booster.predict(validation.values, validation.rows, validation.featureNames.length),
    'model.onnx and model.ubj give the same bits',
  )
  await scorer.close()
  booster.close()
})

t.test('the same seed gives the same bytes, another one does not', async (t) => {
  const folder = t.testdir({ 'train.csv': csv.train })
  const hashes: string[][] = []
  for (const [output, seed] of [
    ['a', '1'],
    ['b', '1'],
    ['c', '2'],
  ] as const) {
    const flags = [
      '--train',
      'train.csv',
      '--output',
      output,
      '--num_round=5',
      '--subsample',
      '0.7',
      '--seed',
      seed,
    ]
    const { code, stderr } = await ranker(['train', ...flags], { cwd: folder })
    t.equal(code, 0, stderr)
    hashes.push(files(join(folder, output)).map((name) => sha256(bytes(folder, output, 'model', name))))
  }
  t.same(hashes[0], hashes[1])
  t.not(hashes[0]![0], hashes[2]![0])
})

t.test('every objective trains and is served as XGBoost predicts', async (t) => {
  for (const objective of ['rank:pairwise', 'reg:squarederror', 'binary:logistic']) {
    const data = judgedData({ grades: objective === 'binary:logistic' ? 2 : 5 })
    const text = objective.startsWith('rank')
      ? toCsv(data)
      : toCsv(data).replaceAll(/^([^,]*),[^,]*,/gm, '$1,')
    const root = job(t, { num_round: '5', objective }, { 'train/a.csv': text })
    const { code, stdout, stderr } = await run(root)
    t.equal(code, 0, stderr)
    t.match(stdout, /^\[4\]\ttrain-(ndcg@10|rmse|logloss):/m)
    const { scores } = json(root, 'model/ranker.json').goldenRows
    t.ok(objective !== 'binary:logistic' || scores.every((score: number) => score > 0 && score < 1))
  }
})

t.test('a metric without a value leaves a model that is served', async (t) => {
  const data = toCsv(judgedData({ grades: 2 }))
  const root = job(
    t,
    { num_round: '2', objective: 'binary:logistic', eval_metric: 'logloss,auc' },
    { 'train/a.csv': data, 'validation/v.csv': data.replaceAll(/^[01],/gm, '0,') },
  )
  t.match(await run(root), { code: 0, stdout: /validation-auc:NaN/ })
  t.match(json(root, 'model/ranker.json').metrics.validation, { auc: null, logloss: Number })
  const scored = [
    'score',
    '--model-path',
    join(root, 'model'),
    '--input',
    join(root, 'input/data/train/a.csv'),
  ]
  t.match(await ranker(scored), { code: 0, stderr: '' })
})

t.test('what is wrong is one sentence, and nothing is half-written', async (t) => {
  const good = { num_round: '3' }
  const header = 'label,qid,x\n'
  const cases: [string, RegExp, object, Record<string, string>][] = [
    ['no train channel', /channel "train" is missing/, good, { 'validation/v.csv': csv.validation }],
    ['an empty channel', /channel "train" has no data file/, good, { 'train/_SUCCESS': '' }],
    ['an unknown channel', /unknown channel "trian"/, good, { 'trian/a.csv': csv.train }],
    ['no Parquet file', /a\.parquet is not a whole Parquet file/, good, { 'train/a.parquet': 'PAR1' }],
    ['an empty file', /a\.csv is empty/, good, { 'train/a.csv': '' }],
    ['no label column', /no label column "label"/, good, { 'train/a.csv': 'grade,qid,x\n1,a,1\n' }],
    [
      'text in a numeric column',
      /line 3, column "x" is "red"/,
      good,
      { 'train/a.csv': `${header}1,a,1\n0,a,red\n` },
    ],
    [
      'a NaN label',
      /line 2, column "label" \(the label\) is "nan"/,
      good,
      { 'train/a.csv': `${header}nan,a,1\n` },
    ],
    [
      'graded labels with map',
      /0 or 1 for rank:map/,
      { objective: 'rank:map' },
      { 'train/a.csv': csv.train },
    ],
    [
      'an unknown hyperparameter',
      /"max_dept": did you mean "max_depth"/,
      { max_dept: '3' },
      { 'train/a.csv': csv.train },
    ],
    [
      'a value of the wrong kind',
      /"max_depth" is "deep": wanted a whole number/,
      { max_depth: 'deep' },
      { 'train/a.csv': csv.train },
    ],
    [
      'a value out of range',
      /"eta" is "1.5": wanted a number from 0 to 1/,
      { eta: '1.5' },
      { 'train/a.csv': csv.train },
    ],
    [
      'two values of one thing',
      /eta and learning_rate are the same/,
      { eta: '1', learning_rate: '0.5' },
      { 'train/a.csv': csv.train },
    ],
    [
      'early stopping unwatched',
      /no validation channel/,
      { early_stopping_rounds: '3' },
      { 'train/a.csv': csv.train },
    ],
    [
      'a validation column missing',
      /no feature column "f5"/,
      good,
      { 'train/a.csv': csv.train, 'validation/v.csv': csv.validation.replace(',f5', ',g5') },
    ],
  ]
  for (const [name, sentence, hyperparameters, data] of cases) {
    await t.test(name, async (t) => {
      const root = job(t, hyperparameters, data)
      writeTree(root, { 'model/model.onnx': 'of an earlier job' })
      const { code, stdout } = await run(root)
      t.equal(code, 1)
      const failure = readFileSync(join(root, 'output/failure'), 'utf8')
      t.match(failure, sentence)
      t.ok(
        failure.length >= 8 &&
          failure.length <= 1024 &&
          !failure.includes('\n') &&
          !/\bat .*:\d+:\d+/.test(failure),
      )
      t.same(files(root), [], 'the model folder is empty')
      t.notOk(existsSync(join(root, 'output/data')))
      t.equal(stdout, '', 'nothing that looks like a round')
    })
  }
  await t.test('no hyperparameters.json', async (t) => {
    const root = t.testdir({})
    t.equal((await run(root)).code, 1)
    t.match(readFileSync(join(root, 'output/failure'), 'utf8'), /hyperparameters\.json is missing/)
  })
  await t.test('hyperparameters.json that is no object', async (t) => {
    for (const [text, sentence] of [
      ['[]', /cannot be read \(it is an array\)/],
      ['{"__proto__":"1"}', /cannot be read \(no name may be __proto__\)/],
      ['{"num_round":', /hyperparameters\.json cannot be read/],
    ] as const) {
      const root = t.testdir({})
      writeTree(root, { 'input/config/hyperparameters.json': text })
      t.equal((await run(root)).code, 1, text)
      t.match(readFileSync(join(root, 'output/failure'), 'utf8'), sentence)
    }
    const root = job(t, {})
    writeTree(root, { 'input/config/hyperparameters.json': '\ufeff{"num_round":"1"}' })
    t.equal((await run(root)).code, 0, 'a byte-order mark is skipped')
  })
  await t.test('a model of one’s own is kept when the next training fails', async (t) => {
    const folder = t.testdir({ 'bad.csv': 'x\n1\n', out: { model: { 'model.onnx': 'mine' } } })
    const { code, stderr } = await ranker(['train', '--train', 'bad.csv', '--output', 'out'], { cwd: folder })
    t.equal(code, 1)
    t.match(stderr, /^error: bad\.csv has no label column/)
    t.equal(readFileSync(join(folder, 'out/model/model.onnx'), 'utf8'), 'mine')
  })
  await t.test('flags', async (t) => {
    const refused = async (argv: string[], sentence: RegExp) => {
      const { code, stderr } = await ranker(argv)
      t.equal(code, 1)
      t.match(stderr, sentence)
    }
    await refused(['train', '--trian', 'x'], /unknown flag "--trian".*did you mean --train\?/)
    await refused(['train', '--train'], /--train of ranker train needs a value/)
    await refused(['train', '--train', ''], /--train of ranker train needs a value/)
    for (const flag of ['validation', 'test', 'model', 'content-type', 'output']) {
      await refused(['train', `--${flag}`, 'x'], new RegExp(`--${flag} of ranker train goes with --train`))
    }
    await refused(['train', 'x.csv'], /unexpected argument "x\.csv"/)
    await refused(['train', '--eta', '1', '--eta=2'], /given twice/)
    t.equal((await ranker(['trian'])).code, 64)
    t.equal((await ranker([])).code, 64)
    const help = await ranker(['train', '--help'])
    t.equal(help.code, 0)
    t.match(help.stdout, /--early-stopping-rounds +stop after/)
  })
})

t.test('SIGTERM keeps what was learnt, and the job completes', async (t) => {
  const root = job(t, { num_round: '100000', nthread: '1' })
  const child = spawn(join(repository, 'container/train'), {
    env: { ...process.env, SAGEMAKER_BASE_DIR: root },
  })
  const exited = once(child, 'exit')
  let lines = ''
  for await (const chunk of child.stdout) {
    lines += chunk
    if (lines.includes('[5]')) {
      child.kill('SIGTERM')
      break
    }
  }
  child.stdout.resume()
  const [code] = await exited
  t.equal(code, 0)
  const { bestIteration } = json(root, 'model/ranker.json')
  t.ok(bestIteration >= 5 && bestIteration < 100_000)
  t.equal(readXGBoostModel(bytes(root, 'model/model.ubj'), 'model.ubj').trees.length, bestIteration + 1)
})

const esci = [process.env.RANKER_ESCI_DIR, join(repository, '../shared/data/esci-us-150')].find(
  (folder) => folder && existsSync(folder),
)
t.test('real data: judged product search', { skip: esci ? false : 'esci-us-150 is not here' }, async (t) => {
  const folder = t.testdir({})
  const data = [
    '--train',
    join(esci!, 'train.csv'),
    '--validation',
    join(esci!, 'valid.csv'),
    '--item',
    'product_id',
  ]
  const { code, stderr } = await ranker(
    ['train', ...data, '--eta', '0.05', '--max-depth', '4', '--output', 'out'],
    { cwd: folder },
  )
  t.equal(code, 0, stderr)
  const { validation, baselines } = json(folder, 'out/output/data/metrics.json')
  t.ok(validation['ndcg@10'] > baselines.random.validation + 0.05)
  const refused = await ranker(['train', ...data.slice(0, 2), '--output', 'out2'], { cwd: folder })
  t.match(refused.stderr, /train\.csv line 2, column "product_id".*declared with the hyperparameter item/)
})
