// Training jobs in the image, as the platform runs them: `train`, and a folder mounted at /opt/ml.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { ranker } from '../helpers/command.ts'
import { type Container, pinged, runContainer, startContainer, startServer } from '../helpers/container.ts'
import { jobFolder } from '../helpers/job.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'

t.setTimeout(120_000)

const data = {
  'train/a.csv': toCsv(judgedData({ queries: 40 })),
  'validation/v.csv': toCsv(judgedData({ seed: 2, queries: 8 })),
}
/** Milliseconds that the server's processes have computed: proc(5), fields 14 and 15, in ticks of 10 ms. */
function cpuMs(container: Container): number {
  const { stdout } = container.exec('/bin/sh', '-c', 'cat /proc/[0-9]*/stat')
  const processes = stdout.split('\n').filter((line) => line !== '' && !/ \((sh|cat)\) /.test(line))
  const ticks = processes.map((line) => line.split(' ').slice(13, 15).map(Number))
  return 10 * ticks.flat().reduce((sum, value) => sum + value, 0)
}

const failure = (root: string) => readFileSync(join(root, 'output/failure'), 'utf8')

t.test('a job of 500 rounds is trained, and its model served', async (t) => {
  const root = jobFolder(t, { num_round: '500', max_depth: '6' }, data)
  const { code, stdout, stderr } = await runContainer(t, 'sagemaker', [`-v=${root}:/opt/ml`], ['train'])
  t.equal(code, 0, stderr)
  t.match(stdout, /^\[499\]\ttrain-ndcg@10:0\.\d{5,}\tvalidation-ndcg@10:0\.\d{5,}$/m)
  t.strictSame(readdirSync(join(root, 'model')).sort(), ['model.onnx', 'model.ubj', 'ranker.json'])
  t.ok(
    existsSync(join(root, 'output/data/report.html')),
    'the report is drawn, which takes packages of its own',
  )

  const startedAt = performance.now()
  const server = await startServer(t, 'sagemaker', [`-v=${root}:/opt/ml:ro`])
  const { seen } = await pinged(server, 200)
  const ms = performance.now() - startedAt
  const cpu = cpuMs(server)
  t.comment(`docker run to the first good /ping: ${ms.toFixed(0)} ms, of which ${cpu} ms of processor time`)
  t.ok(cpu > 100 && cpu < 1500, 'twice what it takes, and not the wall clock of a busy machine')
  t.ok(seen.length <= 2 && [200, 503].includes(seen[0]!), `${seen}`)

  const input = 'f0,f1,f2,f3,f4,f5\n0.1,0.5,-0.3,0.2,0.9,-0.8\n-0.6,,0.3,0.1,-0.2,0.4\n'
  const headers = { 'content-type': 'text/csv; header=present' }
  const answer = await fetch(`${server.url}/invocations`, { method: 'POST', headers, body: input })
  const scores = await answer.text()
  t.match(scores, /^-?\d\S*\n-?\d\S*\n$/)
  const flags = ['--input', '-', '--format', 'csv', '--model-path']
  const outside = await ranker(['score', ...flags, join(root, 'model')], { stdin: input })
  t.equal(outside.stdout, scores, 'the scores are those of the same model outside of the image')
  const mount = [`-v=${join(root, 'model')}:/model:ro`]
  const inside = await runContainer(t, 'server', mount, ['score', ...flags, '/model'], input)
  t.equal(inside.stdout, scores, 'and of the image that only serves')
})

t.test('SIGTERM as process 1 keeps the rounds that are done', async (t) => {
  const root = jobFolder(t, { num_round: '100000', nthread: '1' }, data)
  const job = startContainer(t, 'sagemaker', ['--network=none', `-v=${root}:/opt/ml`], ['train'])
  while (job.isRunning() && !/^\[20\]/m.test(job.log())) await setTimeout(20)
  if (!job.isRunning()) throw new Error(job.log())
  const signalledAt = performance.now()
  job.signal('TERM')
  const { code, stderr } = await job.ended
  t.equal(code, 0, stderr)
  t.ok(performance.now() - signalledAt < 20_000)
  t.match(stderr, /asked to stop after round \d+/)
  t.ok(existsSync(join(root, 'model/model.onnx')))
})

t.test('a job without a right, a network or a disk of its own', async (t) => {
  const root = jobFolder(t, { num_round: '5' }, data)
  const flags = [
    '--read-only',
    '--tmpfs=/tmp',
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    '--memory=512m',
  ]
  const { code, stderr } = await runContainer(t, 'sagemaker', [...flags, `-v=${root}:/opt/ml`], ['train'])
  t.equal(code, 0, stderr)
})

t.test('a job that cannot be', async (t) => {
  const missing = await runContainer(t, 'sagemaker', [], ['train'])
  t.equal(missing.code, 1)
  t.match(missing.stderr, /\/opt\/ml\/input/)
  t.notMatch(missing.stderr, /^ +at /m)

  const root = jobFolder(t, { num_round: '5' }, data)
  const small = await runContainer(
    t,
    'sagemaker',
    ['--memory=64m', '--memory-swap=64m', `-v=${root}:/opt/ml`],
    ['train'],
  )
  t.equal(small.code, 1)
  t.match(failure(root), /memory/, 'process 1 outlives the job and says what ended it')
  const left = readdirSync(root, { recursive: true, encoding: 'utf8' })
  t.strictSame(
    left.filter((name) => name.startsWith('model/')),
    [],
  )
})
