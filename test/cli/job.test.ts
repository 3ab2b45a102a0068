import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { readXGBoostModel } from '../../src/model/xgboost-model.ts'
import { ranker, writeTree } from '../helpers/command.ts'
import { hashesIn, jobFolder, startJob } from '../helpers/job.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'

// Processes are started and stopped, on a machine that may be busy.
t.setTimeout(90_000)

const data = {
  'train/a.csv': toCsv(judgedData({ queries: 15 })),
  'validation/v.csv': toCsv(judgedData({ seed: 2, queries: 8 })),
}
const ENDLESS = { num_round: '100000', nthread: '1' }
const failure = (root: string) => readFileSync(join(root, 'output/failure'), 'utf8')
const model = (root: string) => Object.keys(hashesIn(root, 'model'))
const COMPLETE = ['model.onnx', 'model.ubj', 'ranker.json']

t.test('SIGTERM, and what the platform does next', async (t) => {
  const limited = { num_round: '60', nthread: '1', subsample: '0.6', eta: '0.05', checkpoint_interval: '50' }
  const whole = jobFolder(t, limited, data, { checkpoints: true })
  t.equal((await ranker(['train'], { env: { SAGEMAKER_BASE_DIR: whole } })).code, 0)

  // More rounds than can be done, so that the signal is sure to come before the last.
  const stopped = jobFolder(t, { ...limited, num_round: '100000' }, data, { checkpoints: true })
  const { child, seen, ended } = startJob(t, stopped)
  await seen(/^\[20\]/m)
  child.kill('SIGTERM')
  child.kill('SIGINT')
  await setTimeout(20)
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  t.equal(code, 0, 'the job completes, and a second signal changes nothing')
  const [, last] = /asked to stop after round (\d+)/.exec(stderr)!
  t.same(model(stopped), COMPLETE)
  t.equal(readXGBoostModel(readFileSync(join(stopped, 'model/model.ubj')), '').trees.length, Number(last) + 1)
  t.equal(
    JSON.parse(readFileSync(join(stopped, 'output/data/metrics.json'), 'utf8')).best_iteration,
    Number(last),
  )
  t.equal(
    readdirSync(join(stopped, 'checkpoints')).at(-1)!.slice(-6),
    String(Number(last) + 1).padStart(6, '0'),
  )

  // The spot instance is back: a new container, the checkpoints where they were, outputs of the first attempt too.
  const target = Math.max(60, Number(last) + 10)
  for (const root of [whole, stopped]) {
    writeTree(root, { 'input/config/hyperparameters.json': { ...limited, num_round: String(target) } })
    const { code, stdout } = await startJob(t, root).ended
    t.equal(code, 0)
    if (root === stopped) t.match(stdout, new RegExp(`^\\[${Number(last) + 1}\\]`), 'no round is lost')
  }
  t.same(hashesIn(stopped, 'model'), hashesIn(whole, 'model'))
})

t.test('SIGTERM with early stopping keeps the best round', async (t) => {
  const root = jobFolder(t, { ...ENDLESS, eta: '1', early_stopping_rounds: '100000' }, data)
  const { child, seen, ended } = startJob(t, root)
  await seen(/^\[150\]/m)
  child.kill('SIGTERM')
  const { code, stdout } = await ended
  t.equal(code, 0)
  const ndcg = Array.from(stdout.matchAll(/validation-ndcg@10:(\S+)/g), (match) => Number(match[1]))
  const { bestIteration } = JSON.parse(readFileSync(join(root, 'model/ranker.json'), 'utf8'))
  t.equal(ndcg[bestIteration], Math.max(...ndcg))
  t.ok(bestIteration < ndcg.length - 1)
})

t.test('SIGTERM before the first round', async (t) => {
  const root = jobFolder(t, { num_round: '5' }, data, { checkpoints: true })
  const stop = AbortSignal.abort()
  const run = () => ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root }, stop })
  writeTree(root, { 'model/model.onnx': 'of an earlier job' })
  t.equal((await run()).code, 1, 'no model is no success')
  t.match(failure(root), /^asked to stop before a first round was finished: there is no model$/)
  t.same(model(root), [])

  await ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root } })
  const whole = hashesIn(root, 'model')
  writeTree(root, { 'input/config/hyperparameters.json': { num_round: '500' } })
  const { code, stdout } = await run()
  t.equal(code, 0, 'rounds of an earlier attempt are finished rounds')
  t.equal(stdout, '')
  t.same(hashesIn(root, 'model')['model.ubj'], whole['model.ubj'])
})

t.test('SIGTERM while the modules load', async (t) => {
  const root = jobFolder(t, ENDLESS, data)
  writeTree(root, {
    'slow.mjs': `import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'
const load = (url, context, next) => {
  if (/\\/(commands\\.ts|job\\.mjs)$/.test(url)) {
    writeSync(2, \`loading \${process.pid}\\n\`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  }
  return next(url, context)
}
registerHooks({ load })`,
  })
  for (const entry of ['scripts/ranker', 'container/train'] as const) {
    const { child, seen, ended } = startJob(t, root, entry, { NODE_OPTIONS: `--import=${root}/slow.mjs` })
    await seen(/loading/)
    child.kill('SIGTERM')
    const { code, signal } = await ended
    t.same([code, signal], [1, null], entry)
    t.match(failure(root), /^asked to stop before/)
    rmSync(join(root, 'output/failure'))
  }
})

t.test('SIGTERM while data is read', async (t) => {
  const [head, ...rows] = data['train/a.csv'].trimEnd().split('\n')
  const block = `${rows.join('\n')}\n`
  const root = jobFolder(
    t,
    { num_round: '3' },
    {
      'train/a.csv': `${head}\n${Array.from({ length: 1500 }, (_, part) => block.replaceAll(',q', `,p${part}q`)).join('')}`,
    },
    { checkpoints: true },
  )
  const { child, seen, ended } = startJob(t, root)
  await seen(/a checkpoint every/)
  child.kill('SIGTERM')
  const { code, stdout, stderr } = await ended
  t.equal(code, 1)
  t.equal(stdout, '')
  t.notMatch(stderr, /train: \d+ rows/, 'the reading is not gone on with')
  t.match(failure(root), /asked to stop before/)
})

t.test('SIGTERM while nothing comes through a pipe', async (t) => {
  const root = jobFolder(t, { num_round: '3' }, {}, { checkpoints: true })
  writeTree(root, { 'input/config/inputdataconfig.json': { train: { TrainingInputMode: 'Pipe' } } })
  mkdirSync(join(root, 'input/data'), { recursive: true })
  execFileSync('mkfifo', [join(root, 'input/data/train_0')])
  const { child, seen, ended } = startJob(t, root)
  await seen(/a checkpoint every/)
  child.kill('SIGTERM')
  t.equal((await ended).code, 1)
  t.match(failure(root), /asked to stop before/)
})

t.test('a killed or crashed process leaves a sentence and nothing half-written', async (t) => {
  for (const [signal, sentence] of [
    ['SIGKILL', /^the training process was killed \(SIGKILL\): .*memory.* [\d.]+ GiB$/],
    ['SIGABRT', /^the training process crashed \(SIGABRT\): /],
  ] as const) {
    const root = jobFolder(t, ENDLESS, data)
    const { child, seen, ended } = startJob(t, root)
    await seen(/^\[3\]/m)
    writeTree(root, { 'model/.model.onnx.7.partial': 'half', 'model/model.onnx': 'whole' })
    const trainer = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    process.kill(Number(trainer), signal)
    const { code, stderr } = await ended
    t.equal(code, 1)
    t.match(failure(root), sentence)
    t.match(stderr, `error: ${failure(root)}`)
    t.same(model(root), [])
  }
  await t.test('one that has said why it failed is not spoken for', async (t) => {
    const root = jobFolder(t, ENDLESS, data)
    const { child, seen, ended } = startJob(t, root)
    await seen(/^\[3\]/m)
    writeTree(root, { 'output/failure': 'what was wrong' })
    const trainer = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    process.kill(Number(trainer), 'SIGABRT')
    t.equal((await ended).code, 1)
    t.equal(failure(root), 'what was wrong')
  })
  await t.test('and one that is gone takes its training with it', async (t) => {
    const root = jobFolder(t, ENDLESS, data)
    const { child, seen, ended } = startJob(t, root)
    await seen(/^\[3\]/m)
    child.kill('SIGKILL')
    await ended
    t.same(model(root), [], 'both ends of its output are closed, so nothing runs any more')
  })
})

t.test('folders that an earlier attempt used, or that cannot be written', async (t) => {
  const run = (root: string) => ranker(['train'], { env: { SAGEMAKER_BASE_DIR: root } })
  await t.test('what was left is cleared', async (t) => {
    const root = jobFolder(t, { num_round: '3' }, data)
    writeTree(root, {
      'model/xgboost-model': 'of another algorithm',
      'model/code/inference.js': 'of an earlier job',
      'model/.ranker.json.99.partial': '{',
      'output/data/report.html': 'old',
      'output/failure': 'old',
    })
    t.equal((await run(root)).code, 0)
    t.same(model(root), COMPLETE)
    t.same(readdirSync(join(root, 'output/data')), ['metrics.json', 'per_query.csv', 'report.html'])
    t.notOk(existsSync(join(root, 'output/failure')))
    t.same(readdirSync(join(root, 'output')), ['data'])
  })
  await t.test('a file in a folder’s place', async (t) => {
    for (const place of ['model', 'output']) {
      const root = jobFolder(t, { num_round: '3' }, data)
      writeFileSync(join(root, place), '')
      const { code, stdout, stderr } = await run(root)
      t.equal(code, 1)
      t.equal(stdout, '', 'before any round')
      t.match(stderr, new RegExp(`^error: cannot write ${join(root, place)}: `))
    }
  })
  const mounts = canMount() ? {} : { skip: 'needs the right to mount' }
  await t.test('a full disk, a read-only one', mounts, async (t) => {
    const root = jobFolder(t, { num_round: '400', nthread: '1' }, data)
    const mounted = (place: string, options: string) => {
      mkdirSync(join(root, place), { recursive: true })
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', join(root, place)])
      t.teardown(() => execFileSync('umount', [join(root, place)]))
    }
    mounted('model', 'size=64k')
    const full = await run(root)
    t.equal(full.code, 1)
    t.match(failure(root), /^cannot write .*\/model\/model\.\w+: no space left on device \(ENOSPC\)$/)
    t.same(model(root), [])
    execFileSync('mount', ['-o', 'remount,ro', join(root, 'model')])
    const readOnly = await run(root)
    t.equal(readOnly.stdout, '', 'before any round')
    t.match(failure(root), /^cannot write .*\/model: read-only file system \(EROFS\)$/)

    execFileSync('mount', ['-o', 'remount,rw,size=9m', join(root, 'model')])
    writeTree(root, {
      'input/config/checkpointconfig.json': { LocalPath: join(root, 'kept') },
      'input/config/hyperparameters.json': { num_round: '400', nthread: '1' },
    })
    mounted('kept', 'size=256k')
    const { code, stderr } = await run(root)
    t.equal(code, 0, 'training is worth more than its checkpoints')
    t.match(stderr, /warning: checkpoint not saved, training goes on: cannot write .*no space left on device/)
    t.ok(
      readdirSync(join(root, 'kept')).every((name) => /\.\d{6}$/.test(name)),
      'nothing half-written',
    )
  })
})

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}
