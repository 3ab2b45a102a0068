import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openChannel } from '../../src/sagemaker/job.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint-file.ts'
import { parseHyperparameters } from '../../src/training/hyperparameters.ts'
import type { Emit, TrainingPlan } from '../../src/training/plan.ts'
import { runTraining } from '../../src/training/run.ts'
import { XGBoost } from '../../src/xgboost/library.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { hashesIn, jobFolder, startJob } from '../helpers/job.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'

// Processes are started and killed, on a machine that may be busy.
t.setTimeout(90_000)

const data = {
  'train/a.csv': toCsv(judgedData({ queries: 15 })),
  'validation/v.csv': toCsv(judgedData({ seed: 2, queries: 8 })),
}
const job = (t: Test, hyperparameters: object) =>
  jobFolder(t, { nthread: '1', ...hyperparameters }, data, { checkpoints: true })
const run = (root: string) => ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root } })
const change = (root: string, hyperparameters: object) =>
  writeTree(root, { 'input/config/hyperparameters.json': { nthread: '1', ...hyperparameters } })
/** All but the report, which says how long the job took. */
const results = (root: string) => {
  const { 'report.html': _, ...data } = hashesIn(root, 'output/data')
  return { ...hashesIn(root, 'model'), ...data }
}
const names = (root: string) =>
  existsSync(join(root, 'checkpoints')) ? readdirSync(join(root, 'checkpoints')).sort() : []
const rounds = (root: string) =>
  names(root)
    .filter((name) => /\.\d+$/.test(name))
    .map((name) => Number(name.split('.')[1]))
const roundsIn = (stdout: string) =>
  Array.from(stdout.matchAll(/^\[(\d+)\]\t/gm), (match) => Number(match[1]))

t.test('a job killed again and again ends in the bytes of an uninterrupted one', async (t) => {
  const hyperparameters = {
    num_round: '300',
    eta: '0.05',
    subsample: '0.6',
    colsample_bynode: '0.7',
    early_stopping_rounds: '200',
    checkpoint_interval: '7',
  }
  const undisturbed = job(t, hyperparameters)
  const reference = await run(undisturbed)
  t.equal(reference.code, 0, reference.stderr)

  const killed = job(t, hyperparameters)
  for (const entry of ['main', 'container/train', 'main'] as const) {
    const before = rounds(killed).at(-1) ?? 0
    const { child, seen, ended } = startJob(t, killed, entry)
    await seen(new RegExp(`^\\[${before + 8 + Math.floor(Math.random() * 40)}\\]`, 'm'))
    child.kill('SIGKILL')
    const { signal, stdout } = await ended
    t.equal(signal, 'SIGKILL', 'it had not ended before')
    t.equal(roundsIn(stdout)[0], before, 'it goes on where the last checkpoint was written')
    t.ok(names(killed).length <= 3, 'two checkpoints stay, and what the kill left half done')
    t.same(results(killed), {}, 'nothing of a model is there yet')
  }
  const last = await run(killed)
  t.equal(last.code, 0, last.stderr)
  t.same(results(killed), results(undisturbed))
  const tail = last.stdout.split('\n')
  t.same(tail, reference.stdout.split('\n').slice(-tail.length), 'metric lines go on as they would have')
  t.same(rounds(killed), rounds(undisturbed))
  t.equal(rounds(killed).at(-1), roundsIn(reference.stdout).at(-1)! + 1, 'the last round is in a checkpoint')

  const again = await run(killed)
  t.equal(again.stdout, '', 'with all rounds done, a rerun only exports')
  t.same(results(killed), results(undisturbed))
})

t.test('rounds are added to a job that had fewer, and taken off one that had more', async (t) => {
  const parameters = { objective: 'rank:pairwise', colsample_bytree: '0.5' }
  const root = job(t, { ...parameters, num_round: '20' })
  await run(root)
  const wanted = results(root)
  rmSync(join(root, 'checkpoints'), { recursive: true })
  change(root, { ...parameters, num_round: '10' })
  await run(root)
  change(root, { ...parameters, num_round: '20' })
  t.equal(roundsIn((await run(root)).stdout)[0], 10)
  t.same(results(root), wanted)
  change(root, { ...parameters, num_round: '7' })
  t.equal((await run(root)).stdout, '')
  t.equal(JSON.parse(readFileSync(join(root, 'model/ranker.json'), 'utf8')).bestIteration, 6)
})

t.test('whatever is drawn at random, and wherever the rows are, it resumes to the same bytes', async (t) => {
  const library = XGBoost.load(process.env)
  const folder = jobFolder(t, {}, data)
  const channels = { train: openChannel('train', join(folder, 'input/data/train')) }
  const cases: [Record<string, string>, limitBytes?: number][] = [
    [{ booster: 'dart', rate_drop: '0.4', subsample: '0.7' }],
    [{ lambdarank_pair_method: 'mean', lambdarank_num_pair_per_sample: '2' }],
    [{ objective: 'reg:squarederror', num_parallel_tree: '3', colsample_bylevel: '0.5' }],
    [{ tree_method: 'approx', grow_policy: 'lossguide', max_leaves: '5', subsample: '0.5' }],
    [{ tree_method: 'exact', colsample_bytree: '0.5' }],
    [{ validation_fraction: '0.3', early_stopping_rounds: '2', eta: '1' }],
    [{ subsample: '0.5' }, 4096],
  ]
  for (const [parameters, limitBytes = 1 << 30] of cases) {
    const notes: string[] = []
    const train = async (checkpoints: string, num_round: number) => {
      mkdirSync(join(folder, checkpoints), { recursive: true })
      const plan: TrainingPlan = {
        channels,
        hyperparameters: parseHyperparameters({ ...parameters, num_round: String(num_round) }),
        threads: 2,
        memory: { limitBytes, folder },
        s3: { pathStyle: false },
        modelName: 'ranker',
        checkpoints: join(folder, checkpoints),
      }
      const emit: Emit = (event) => 'text' in event && notes.push(event.text)
      return (await runTraining(plan, library, { emit, shouldStop: () => false })).ubj
    }
    const name = JSON.stringify(parameters)
    const whole = await train('whole', 9)
    await train('halves', 4)
    const halves = await train('halves', 9)
    t.ok(Buffer.compare(halves, whole) === 0, name)
    t.match(notes.join('\n'), /halves.*: \d rounds are done/, name)
    t.equal(notes.join().includes('kept on disk'), limitBytes === 4096)
  }
})

t.test('no byte of a checkpoint can change unseen', async (t) => {
  const checkpoint = {
    origin: { eta: '0.3' },
    version: '1',
    history: [new Map([['train-auc', Number.NaN]]), new Map([['train-auc', 0.1 + 0.2]])],
    booster: Buffer.from([0, 10, 255]),
  }
  const bytes = encodeCheckpoint(checkpoint)
  t.strictSame(decodeCheckpoint(bytes), checkpoint)
  const isFound = (damaged: Buffer) => typeof decodeCheckpoint(damaged) === 'string'
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes)
    flipped[at]! ^= 1 << (at % 8)
    if (!isFound(flipped) || !isFound(bytes.subarray(0, at)) || !isFound(bytes.subarray(at + 1))) {
      t.fail(`byte ${at} of ${bytes.length}`)
    }
  }
  t.ok(isFound(Buffer.concat([bytes, Buffer.of(0)])))
})

t.test('a damaged checkpoint is named and skipped to the older one', async (t) => {
  const root = job(t, { num_round: '30' })
  await run(root)
  const wanted = results(root)
  const [older, newest] = names(root).map((name) => join(root, 'checkpoints', name)) as [string, string]
  const sound = readFileSync(newest)
  const flipped = Buffer.from(sound)
  flipped[flipped.length >> 1]! ^= 1
  const cases: [string, RegExp, () => void][] = [
    ['a flipped bit', /its sha256 is not the one/, () => writeFileSync(newest, flipped)],
    ['a cut end', /its sha256 is not the one/, () => truncateSync(newest, sound.length - 9)],
    ['nothing', /it is empty/, () => truncateSync(newest, 0)],
  ]
  for (const [name, reason, damage] of cases) {
    damage()
    const { code, stdout, stderr } = await run(root)
    t.equal(code, 0, stderr)
    t.match(stderr, reason, name)
    t.ok(stderr.includes(`warning: checkpoint ${newest} is damaged`))
    t.ok(stderr.includes(`resumed from ${older}: 20 rounds are done`))
    t.equal(roundsIn(stdout)[0], 20)
    t.same(results(root), wanted)
    t.same(rounds(root), [20, 30])
    t.ok(readFileSync(newest).equals(sound), 'it is written anew')
  }
  truncateSync(older, 5)
  truncateSync(newest, 5)
  t.equal(roundsIn((await run(root)).stdout)[0], 0, 'with none that is sound, training starts afresh')
  t.same(results(root), wanted)
})

t.test('the markers of the platform', async (t) => {
  const root = job(t, { num_round: '10' })
  await run(root)
  const [ten] = names(root) as [string]
  const other = ten.replace(/-\w{8}\./, '-0123abcd.')
  writeTree(join(root, 'checkpoints'), {
    [`${ten}.sagemaker-uploading`]: '',
    [`${ten.replace('10', '99')}.sagemaker-uploaded`]: '',
    [`${ten.replace('10', '77')}.sagemaker-ignore`]: 'half written',
    [`${other}.sagemaker-ignore`]: 'half written by another job before',
    'notes.txt': 'somebody’s own',
  })
  change(root, { num_round: '40' })
  const { stdout, stderr } = await run(root)
  t.equal(roundsIn(stdout)[0], 10, 'a marker is no checkpoint')
  t.notMatch(stderr, /damaged/)
  t.same(
    names(root)
      .map((name) => name.replace(/^ranker-checkpoint-\w+/, ''))
      .sort(),
    [
      '.000010',
      '.000010.sagemaker-uploading',
      '.000030',
      '.000040',
      '.000099.sagemaker-uploaded',
      'notes.txt',
    ],
    'what is being uploaded stays, half-written files go',
  )
  writeTree(join(root, 'checkpoints'), { [`${ten}.sagemaker-uploaded`]: '' })
  change(root, { num_round: '50' })
  await run(root)
  t.same(rounds(root), [40, 50], 'once it is uploaded it goes as well')
})

t.test('checkpoints of other data or parameters are named and left alone', async (t) => {
  const root = job(t, { num_round: '10', eta: '0.3' })
  await run(root)
  const [first] = names(root) as [string]
  change(root, { num_round: '10', eta: '0.2', early_stopping_rounds: '5', checkpoint_interval: '3' })
  const other = await run(root)
  t.equal(roundsIn(other.stdout)[0], 0)
  t.match(other.stderr, `${first} is of another job and left alone: eta was 0.3 and is 0.2\n`)
  t.ok(names(root).includes(first))
  change(root, { num_round: '20', eta: '0.3' })
  const back = await run(root)
  t.equal(roundsIn(back.stdout)[0], 10, 'the first job finds its own')
  writeTree(root, { 'input/data/train/b.csv': 'label,qid,f0,f1,f2,f3,f4,f5\n1,new,1,1,1,1,1,1\n' })
  const more = await run(root)
  t.equal(roundsIn(more.stdout)[0], 0)
  t.match(more.stderr, /left alone: train was \w+ and is \w+/)
})

t.test('only where they were asked for, and where they can be kept', async (t) => {
  const without = jobFolder(t, { num_round: '12', checkpoint_interval: '2', subsample: '0.5' }, data)
  const plain = await run(without)
  t.notMatch(plain.stderr, /checkpoint|seed_per_iteration/)
  t.same(readdirSync(without).sort(), ['input', 'model', 'output'])
  const withThem = job(t, { num_round: '12', checkpoint_interval: '2', subsample: '0.5' })
  t.match((await run(withThem)).stderr, /every 2 rounds in .*seed_per_iteration is 1/)
  t.not(hashesIn(without, 'model')['model.ubj'], hashesIn(withThem, 'model')['model.ubj'])

  const refused = async (config: object | string, hyperparameters: object, sentence: RegExp) => {
    const root = job(t, { num_round: '3', ...hyperparameters })
    writeTree(root, { 'input/config/checkpointconfig.json': config, 'a-file': '' })
    t.equal((await run(root)).code, 1)
    t.match(readFileSync(join(root, 'output/failure'), 'utf8'), sentence)
  }
  await refused('{"LocalPath":', {}, /checkpointconfig\.json cannot be read/)
  await refused({ LocalPath: 7 }, {}, /checkpointconfig\.json cannot be read \(LocalPath/)
  await refused({}, { lambdarank_unbiased: 'true' }, /lambdarank_unbiased cannot be resumed/)
  await refused({ LocalPath: '/dev/null/x' }, {}, /cannot write \/dev\/null\/x: not a directory/)
})
