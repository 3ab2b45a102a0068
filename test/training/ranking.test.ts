import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ndcgOfQueries } from '../../src/metrics/ndcg.ts'
import { meanOfQueries } from '../../src/metrics/queries.ts'
import { manifestSchema } from '../../src/model/manifest.ts'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { EarlyStopping } from '../../src/training/early-stopping.ts'
import { Booster } from '../../src/xgboost/booster.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { ranker } from '../helpers/command.ts'
import { hashesIn, jobFolder } from '../helpers/job.ts'
import { type JudgedData, judgedData, seededRandom, toCsv } from '../helpers/judged-data.ts'

const library = XGBoost.load(process.env)
const train = judgedData()
const validation = judgedData({ seed: 2, queries: 15 })
const csv = { train: toCsv(train), validation: toCsv(validation) }
const both = { 'train/a.csv': csv.train, 'validation/v.csv': csv.validation }
const onlyTrain = { 'train/a.csv': csv.train }

interface Run {
  readonly root: string
  readonly code: number
  readonly stderr: string
  /** Rounds, and of each the values by name. */
  readonly lines: readonly Readonly<Record<string, number>>[]
  // biome-ignore lint/suspicious/noExplicitAny: metrics.json
  readonly metrics: any
  readonly model: string
}

async function run(t: Test, hyperparameters: object, data: Record<string, string> = both): Promise<Run> {
  const root = jobFolder(t, { nthread: '1', ...hyperparameters }, data)
  const { code, stdout, stderr } = await ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root } })
  const path = join(root, 'output/data/metrics.json')
  const lines = stdout.trimEnd().split('\n')
  return {
    root,
    code,
    stderr,
    lines: lines.map((line) =>
      Object.fromEntries(
        [...line.matchAll(/\t(\S+?):([0-9.eE+-]+)/g)].map(([, name, value]) => [name, Number(value)]),
      ),
    ),
    metrics: existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined,
    model: hashesIn(root, 'model')['model.ubj'] ?? '',
  }
}

const forestOf = ({ root }: Run) => readXGBoostModel(readFileSync(join(root, 'model/model.ubj')), 'model.ubj')

function scoresOf({ root }: Run, data: JudgedData): Float32Array {
  const booster = Booster.load(library, readFileSync(join(root, 'model/model.ubj')))
  try {
    return booster.predict(data.values, data.rows, data.featureNames.length)
  } finally {
    booster.close()
  }
}

t.test('early stopping on ndcg@10 keeps the maximum, where AWS’s container keeps the minimum', async (t) => {
  const patience = 5
  const { code, stderr, lines, metrics } = await run(t, {
    num_round: '60',
    eta: '0.1',
    max_depth: '3',
    early_stopping_rounds: String(patience),
  })
  t.equal(code, 0, stderr)
  const curve = lines.map((line) => line['validation-ndcg@10']!)
  const best = curve.indexOf(Math.max(...curve))
  t.equal(metrics.best_iteration, best)
  t.equal(metrics.validation['ndcg@10'].toFixed(5), Math.max(...curve).toFixed(5))

  // The same curve and the same patience, watched in the wrong direction: a metric that is minimised.
  const wrong = new EarlyStopping('rmse', patience)
  const stopped = curve.findIndex((value, round) => wrong.observe(round, value))
  t.ok(stopped >= 0 && stopped < 15, `it stops after ${stopped + 1} rounds`)
  t.ok(curve[wrong.bestRound]! < Math.max(...curve) - 0.03, `and keeps ${curve[wrong.bestRound]}`)
})

t.test('a share of the queries to validate on, whole and by the seed', async (t) => {
  const given = { num_round: '30', validation_fraction: '0.25', early_stopping_rounds: '4', seed: '5' }
  const first = await run(t, given, onlyTrain)
  t.equal(first.code, 0, first.stderr)
  t.match(first.stderr, /10 of the 40 queries of train are held out/)
  const { training } = manifestSchema.parse(
    JSON.parse(readFileSync(join(first.root, 'model/ranker.json'), 'utf8')),
  )
  t.match(training, { rows: 600, queries: 30 })
  t.equal(first.metrics.best_iteration, bestOf(first, 'validation-ndcg@10'))
  t.same(hashesIn((await run(t, given, onlyTrain)).root, 'model'), hashesIn(first.root, 'model'))
  t.not((await run(t, { ...given, seed: '6' }, onlyTrain)).model, first.model)

  const refused = async (hyperparameters: object, data: Record<string, string>, sentence: RegExp) => {
    const { code, stderr } = await run(t, hyperparameters, data)
    t.equal(code, 1)
    t.match(stderr, sentence)
  }
  await refused(given, both, /validation_fraction is 0\.25 and there is a validation channel/)
  const one = toCsv(judgedData({ queries: 1 }))
  await refused(given, { 'train/a.csv': one }, /the train channel has 1 query: wanted at least 2/)
  const noQueries = csv.train.replaceAll(/^([^,]*),[^,]*,/gm, '$1,')
  await refused(
    { ...given, objective: 'reg:squarederror' },
    { 'train/a.csv': noQueries },
    /no group column "qid"/,
  )
})

const bestOf = ({ lines }: Run, name: string): number => {
  const curve = lines.map((line) => line[name]!)
  return curve.indexOf(Math.max(...curve))
}

t.test('cross-validation by query finds the rounds, and the model is trained on all of them', async (t) => {
  const given = {
    num_round: '25',
    kfold: '4',
    eval_metric: 'map@5,ndcg@10',
    seed: '3',
    subsample: '0.8',
    eta: '0.2',
  }
  const binary = { 'train/a.csv': toCsv(judgedData({ grades: 2 })) }
  const first = await run(t, given, binary)
  t.equal(first.code, 0, first.stderr)
  const { cv, best_iteration } = first.metrics
  t.match(cv, { kfold: 4, queries: [10, 10, 10, 10], best_iteration })
  const { mean, std, folds, rounds } = cv.metrics['ndcg@10']
  const means = rounds.map((round: { mean: number }) => round.mean)
  t.equal(rounds.length, 25)
  t.equal(mean, Math.max(...means))
  t.equal(best_iteration, means.indexOf(mean))
  t.equal(folds.length, 4)
  t.ok(Math.abs(folds.reduce((sum: number, one: number) => sum + one, 0) / 4 - mean) < 1e-12)
  const variance = folds.reduce((sum: number, one: number) => sum + (one - mean) ** 2, 0) / 4
  t.ok(std > 0 && Math.abs(std - Math.sqrt(variance)) < 1e-12)
  t.ok(cv.metrics['map@5'].rounds.length === 25)

  const cvLines = first.lines.filter((line) => 'cv-ndcg@10-mean' in line)
  t.same(Object.keys(cvLines[0]!), ['cv-map@5-mean', 'cv-map@5-std', 'cv-ndcg@10-mean', 'cv-ndcg@10-std'])
  t.equal(cvLines[best_iteration]!['cv-ndcg@10-mean']!.toFixed(5), mean.toFixed(5))
  t.equal(first.lines.length - cvLines.length, best_iteration + 1, 'then the rounds of the model')

  t.same(
    hashesIn((await run(t, given, binary)).root, 'model'),
    hashesIn(first.root, 'model'),
    'the same once more',
  )
  const { kfold: _, ...plain } = given
  const alone = await run(t, { ...plain, num_round: String(best_iteration + 1) }, binary)
  t.equal(alone.model, first.model, 'and the model is that of so many rounds on all queries')

  const stopped = await run(t, { ...given, num_round: '200', eta: '0.5', early_stopping_rounds: '3' }, binary)
  const rounds2 = stopped.metrics.cv.metrics['ndcg@10'].rounds
  t.equal(rounds2.length, stopped.metrics.best_iteration + 4, 'early stopping watches the mean')

  const few = await run(t, { kfold: '41' }, onlyTrain)
  t.match(few.stderr, /"kfold" is 41, and the train channel has 40 queries: wanted at least 41/)
})

t.test('seeds give the same bytes, whatever is drawn', async (t) => {
  const columns = { colsample_bytree: '0.7', colsample_bylevel: '0.8', colsample_bynode: '0.8' }
  for (const drawn of [
    { subsample: '0.6', ...columns, lambdarank_pair_method: 'mean', lambdarank_num_pair_per_sample: '2' },
    { subsample: '0.5', sampling_method: 'gradient_based', rate_drop: '0.3', one_drop: '1' },
  ]) {
    const models = await Promise.all(
      ['11', '11', '12'].map((seed) => run(t, { num_round: '8', ...drawn, seed }, onlyTrain)),
    )
    for (const { code, stderr } of models) t.equal(code, 0, stderr)
    const [a, b, c] = models.map(({ root }) => hashesIn(root, 'model'))
    t.same(a, b, JSON.stringify(drawn))
    t.not(a!['model.ubj'], c!['model.ubj'])
  }
})

t.test('clicks: rows are put in the order they were shown in, and the column is no feature', async (t) => {
  const random = seededRandom(9)
  const clicks = judgedData({ grades: 2, seed: 4 })
  const header = `label,qid,shown,${clicks.featureNames.join(',')}`
  const shown = toCsv(clicks)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line, row) => line.replace(/^([^,]*,[^,]*),/, `$1,${3 * (row % 20)},`))
  // The first rows of the queries stay, so that the queries do.
  const scattered = shown
    .map((line, row) => ({ line, at: row % 20 === 19 ? row / 1000 : 1 + random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line)
  const given = { num_round: '10', lambdarank_unbiased: 'true', lambdarank_bias_norm: '2' }
  const inOrder = await run(t, given, { 'train/a.csv': toCsv(clicks) })
  const data = {
    'train/a.csv': `${[header, ...scattered].join('\n')}\n`,
    'validation/v.csv': toCsv(judgedData({ seed: 6, grades: 2 })),
  }
  const sorted = await run(t, { ...given, position: 'shown' }, data)
  t.equal(sorted.code, 0, sorted.stderr)
  t.same(forestOf(sorted), forestOf(inOrder))
  t.same(forestOf(sorted).featureNames, clicks.featureNames)
  t.match(inOrder.stderr, /warning: .*lambdarank_unbiased.*position/)
  t.notMatch(sorted.stderr, /lambdarank_unbiased/)
  const without = await run(t, { num_round: '10', position: 'shown' }, data)
  t.strictNotSame(forestOf(without).trees, forestOf(sorted).trees, 'and it makes another model')

  const twice = `${header}\n1,a,4,${'0,'.repeat(5)}1\n0,a,4,${'1,'.repeat(5)}1\n`
  const refused = await run(t, { ...given, position: 'shown' }, { 'train/a.csv': twice })
  t.match(refused.stderr, /a\.csv line 3, column "shown" \(the position\) is "4"/)
})

t.test('weights of queries: XGBoost’s metric is ours, though some have no relevant row', async (t) => {
  const weighted = (data: JudgedData) => {
    for (let row = 0; row < 60; row++) data.labels[row] = 0
    const lines = toCsv(data).trimEnd().split('\n')
    return lines
      .map((line, row) => (row === 0 ? `${line},w` : `${line},${row <= 100 ? 0.125 : 0.5}`))
      .join('\n')
  }
  const data = judgedData({ seed: 7 })
  const { code, stderr, lines, metrics, ...rest } = await run(
    t,
    { num_round: '12', weight: 'w', eval_metric: 'ndcg@10-,ndcg@7', early_stopping_rounds: '12' },
    { 'train/a.csv': weighted(judgedData()), 'validation/v.csv': weighted(data) },
  )
  t.equal(code, 0, stderr)
  const weights = Float32Array.from({ length: 40 }, (_, query) => (query < 5 ? 0.125 : 0.5))
  const scores = scoresOf({ code, stderr, lines, metrics, ...rest }, data)
  const ours = meanOfQueries(ndcgOfQueries(data.labels, data.groups.sizes, { k: 7 })(scores), weights)
  t.ok(Math.abs(ours - metrics.validation['ndcg@7']) < 1e-6, `${ours}, ${metrics.validation['ndcg@7']}`)
  const share = (3 * 0.125) / (5 * 0.125 + 35 * 0.5)
  const { 'validation-ndcg@10-': zero } = lines.at(-1)!
  t.ok(zero! < 1 - share + 1e-5)
  t.match(
    Object.keys(metrics.validation),
    ['ndcg@1', 'ndcg@5', 'ndcg@10', 'map@10', 'mrr', 'err@10', 'precision@10'].flatMap((name) => [
      name,
      `${name}_without_empty_queries`,
    ]),
  )
})

t.test('constraints by feature name hold in the model', async (t) => {
  const names = ['price', 'cost', 'rating', 'photos', 'age', 'stock']
  const named = (text: string) => text.replace('f0,f1,f2,f3,f4,f5', names.join(','))
  const data = { 'train/a.csv': named(csv.train) }
  /** Whether somewhere the score falls as the price rises, and rises as the cost does. */
  const breaks = (job: Run) => {
    const rows = judgedData({ seed: 12, queries: 10, missing: 0 })
    const before = scoresOf(job, rows)
    return [0, 1].map((feature) => {
      const values = rows.values.map((value, at) => (at % 6 === feature ? value + 0.2 : value))
      const after = scoresOf(job, { ...rows, values })
      return before.some((score, row) => (feature === 0 ? after[row]! < score : after[row]! > score))
    })
  }
  for (const method of ['hist', 'exact']) {
    const job = await run(
      t,
      {
        num_round: '15',
        tree_method: method,
        monotone_constraints: { price: 1, cost: -1 },
        interaction_constraints: [
          ['price', 'cost'],
          ['rating', 'photos', 'age', 'stock'],
        ],
      },
      data,
    )
    t.equal(job.code, 0, job.stderr)
    const forest = forestOf(job)
    const groups = [new Set([0, 1]), new Set([2, 3, 4, 5])]
    for (const tree of forest.trees) {
      const walk = (node: number, used: Set<number>): void => {
        if (tree.left[node] === -1) {
          t.ok(
            groups.some((group) => [...used].every((feature) => group.has(feature))),
            `${[...used]} meet`,
          )
          return
        }
        const next = new Set(used).add(tree.feature[node]!)
        walk(tree.left[node]!, next)
        walk(tree.right[node]!, next)
      }
      walk(0, new Set())
    }
    t.same(breaks(job), [false, false], `monotone with ${method}`)
  }
  t.same(breaks(await run(t, { num_round: '15' }, data)), [true, true], 'which nothing else would see to')
  const misspelt = await run(t, { monotone_constraints: '{"prise":-1}' }, data)
  t.match(misspelt.stderr, /"prise", which is no feature: did you mean "price"\?/)
})

t.test('the features that are named are those of the model, in that order', async (t) => {
  const job = await run(t, { num_round: '3', features: 'f4,f0' })
  t.equal(job.code, 0, job.stderr)
  t.same(forestOf(job).featureNames, ['f4', 'f0'])
  t.match((await run(t, { features: 'f4,f9' })).stderr, /has no feature column "f9"/)
})

t.test('pointwise objectives: a ranking is measured where there are queries', async (t) => {
  const pointwise = { objective: 'reg:squarederror', num_round: '10' }
  const job = await run(t, { ...pointwise, eval_metric: 'rmse,ndcg@10', early_stopping_rounds: '5' })
  t.equal(job.code, 0, job.stderr)
  t.equal(job.metrics.best_iteration, bestOf(job, 'validation-ndcg@10'))
  t.ok(job.metrics.validation['ndcg@10'] > job.metrics.baselines.random.validation + 0.1)
  const noQueries = csv.train.replaceAll(/^([^,]*),[^,]*,/gm, '$1,')
  const without = await run(t, pointwise, { 'train/a.csv': noQueries })
  t.same(Object.keys(without.metrics.train), ['rmse'])

  const weighed = csv.train
    .trimEnd()
    .split('\n')
    .map((line, row) => `${line},${row === 0 ? 'w' : row <= 400 ? 1 : 3}`)
    .join('\n')
  const byQuery = await run(t, { ...pointwise, weight: 'w' }, { 'train/a.csv': weighed })
  const byRow = await run(
    t,
    { ...pointwise, weight: 'w' },
    { 'train/a.csv': weighed.replaceAll(/^([^,]*),[^,]*,/gm, '$1,') },
  )
  t.equal(byQuery.code, 0, byQuery.stderr)
  t.same(forestOf(byQuery), forestOf(byRow), 'queries change nothing in what is learnt')
  const grades = await run(
    t,
    { ...pointwise, eval_metric: 'ndcg', num_round: '1' },
    { 'train/a.csv': csv.train.replace('\n', '\n1.5,q0,1,1,1,1,1,1\n') },
  )
  t.match(grades.stderr, /line 2, column "label" \(the label\) is "1\.5": wanted a whole grade/)
})

t.test('every way of growing trees trains and is exported', async (t) => {
  for (const growth of [
    { tree_method: 'exact', max_depth: '4' },
    { tree_method: 'approx', max_bin: '32' },
    { tree_method: 'hist', grow_policy: 'lossguide', max_depth: '0', max_leaves: '8' },
    { updater: 'grow_quantile_histmaker,refresh' },
    { num_parallel_tree: '3', subsample: '0.7' },
    { booster: 'dart', rate_drop: '0.4', normalize_type: 'forest' },
    { ndcg_exp_gain: 'false', lambdarank_normalization: '0', lambdarank_score_normalization: '0' },
    { objective: 'reg:gamma', base_score: '2' },
  ] as Record<string, string>[]) {
    const data = growth.objective === 'reg:gamma' ? csv.train.replaceAll(/^(\d)/gm, '1$1') : csv.train
    const { code, stderr } = await run(t, { num_round: '4', ...growth }, { 'train/a.csv': data })
    t.equal(code, 0, `${JSON.stringify(growth)}: ${stderr}`)
  }
  const linear = csv.train.replace('\n', '\n40.5,q0,1,1,1,1,1,1\n')
  t.equal((await run(t, { num_round: '2', ndcg_exp_gain: '0' }, { 'train/a.csv': linear })).code, 0)
  t.match(
    (await run(t, {}, { 'train/a.csv': linear })).stderr,
    /is "40\.5": wanted a whole grade from 0 to 31/,
  )
})

t.test('a metric that is not defined cannot stop the training', async (t) => {
  const same = toCsv({ ...train, labels: train.labels.map(() => 1) })
  const given = {
    objective: 'binary:logistic',
    eval_metric: 'auc',
    early_stopping_rounds: '2',
    num_round: '5',
  }
  const { code, stderr } = await run(t, given, { 'train/a.csv': same, 'validation/v.csv': same })
  t.equal(code, 1)
  t.match(stderr, /auc is not a number after round 0/)
  const unwatched = await run(t, { ...given, early_stopping_rounds: undefined }, { 'train/a.csv': same })
  t.equal(unwatched.code, 0, unwatched.stderr)
  t.notOk('auc' in unwatched.metrics.train, 'and is left out of the metrics')
})

t.test('process_type update changes the trees of the model in its channel', async (t) => {
  const { root } = await run(t, { num_round: '6' }, onlyTrain)
  const model = readFileSync(join(root, 'model/model.ubj'))
  const update = async (hyperparameters: object) => {
    const folder = jobFolder(t, { process_type: 'update', updater: 'refresh', ...hyperparameters }, both)
    const { mkdirSync, writeFileSync } = await import('node:fs')
    mkdirSync(join(folder, 'input/data/model'))
    writeFileSync(join(folder, 'input/data/model/model.ubj'), model)
    const { code, stderr } = await ranker(['train'], { env: { SAGEMAKER_BASE_DIR: folder } })
    t.equal(code, 0, stderr)
    return { stderr, forest: readXGBoostModel(readFileSync(join(folder, 'model/model.ubj')), 'model.ubj') }
  }
  const before = readXGBoostModel(model, 'model.ubj')
  const { forest, stderr } = await update({ eta: '0.1' })
  t.match(stderr, /6 of the 6 rounds of model\.ubj are changed/)
  t.same(
    forest.trees.map((tree) => tree.feature),
    before.trees.map((tree) => tree.feature),
    'the same splits',
  )
  t.strictNotSame(forest.trees, before.trees, 'other leaves')
  t.equal((await update({ num_round: '2' })).forest.trees.length, 2)
})
