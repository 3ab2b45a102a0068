// What SageMaker asks of an image that brings its own code, row by row, shown on the entry points that it calls.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { writeScoreRecords } from '../../src/data/recordio/writer.ts'
import { writeTree } from '../helpers/command.ts'
import { hashesIn, jobFolder, startJob } from '../helpers/job.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'
import { frameRecords, writeRecord } from '../helpers/judged-formats.ts'
import { emptyFolder, modelFolder } from '../helpers/model.ts'
import { type ServeProcess, serve } from '../helpers/serve-process.ts'

t.setTimeout(90_000)

const repository = join(import.meta.dirname, '../..')
const entry = (name: string) => join(repository, 'container', name)
const CSV = { 'content-type': 'text/csv' }

/** SAGEMAKER_BASE_DIR with a model where the platform puts it. */
function baseFolder(t: Test, files: Record<string, string> = {}, model = 'model'): string {
  const root = emptyFolder(t)
  cpSync(modelFolder(t, files), join(root, model), { recursive: true })
  return root
}

/** `container/serve`, ready unless it is told otherwise. */
async function start(
  t: Test,
  root: string,
  env: Record<string, string> = {},
  status = 200,
): Promise<ServeProcess> {
  const server = await serve(
    t,
    '',
    { SAGEMAKER_BASE_DIR: root, SAGEMAKER_MODEL_SERVER_WORKERS: '1', ...env },
    [entry('serve')],
  )
  await (await server.pinged(status)).arrayBuffer()
  return server
}

const post = (url: string, body: string | Buffer, headers: Record<string, string> = CSV) =>
  fetch(`${url}/invocations`, { method: 'POST', headers, body })

t.test('LABELs multi-models and accept-bind-to-port; EXPOSE 8080; exec ENTRYPOINT', async (t) => {
  const text = readFileSync(join(repository, 'Dockerfile'), 'utf8')
  for (const label of ['multi-models', 'accept-bind-to-port'])
    t.match(text, new RegExp(`com\\.amazonaws\\.sagemaker\\.capabilities\\.${label}"?="?true`))
  t.match(text, /^EXPOSE 8080$/m)
  t.match(text, /^ENTRYPOINT \["/m)
})

t.test('serve|train|score; anything else is told the usage', async (t) => {
  for (const name of ['serve', 'train', 'score']) {
    const run = spawnSync(join(repository, 'scripts/ranker'), [name, '--help'], { encoding: 'utf8' })
    t.match(run, { status: 0, stdout: new RegExp(`^Usage: ranker ${name}`) })
  }
  t.match(spawnSync(join(repository, 'scripts/ranker'), ['deploy'], { encoding: 'utf8' }), {
    status: 64,
    stderr: /unknown command "deploy"[\s\S]*Usage: ranker COMMAND/,
  })
})

t.test('one server', async (t) => {
  const server = await start(t, baseFolder(t), { MAX_CONTENT_LENGTH: '100000' })
  const { url, port } = server

  await t.test('/invocations, /models*, /execution-parameters, /metrics on one port', async (t) => {
    const parameters = await (await fetch(`${url}/execution-parameters`)).json()
    t.match(parameters, { MaxConcurrentTransforms: 1, BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: 1 })
    t.match(await (await fetch(`${url}/metrics`)).text(), /^ranker_requests_total/m)
    t.equal(await (await post(url, '9,4,1')).text(), '1.5\n')
    const root = baseFolder(t, {}, 'models/a/model')
    const several = await start(t, root, { SAGEMAKER_MULTI_MODEL: 'true' })
    t.same(await (await fetch(`${several.url}/models`)).json(), { models: [] }, 'an empty list at the start')
    for (const path of ['/metrics', '/execution-parameters'])
      t.equal((await fetch(several.url + path)).status, 200, path)
    const load = () =>
      fetch(`${several.url}/models`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model_name: 'a', url: join(root, 'models/a/model') }),
      })
    t.equal((await load()).status, 200)
    t.equal((await load()).status, 409)
    const invoke = { method: 'POST', headers: CSV, body: '9,4,1' }
    t.equal(await (await fetch(`${several.url}/models/a/invoke`, invoke)).text(), '1.5\n')
    t.equal((await fetch(`${several.url}/models/a`, { method: 'DELETE' })).status, 200)
    t.equal((await fetch(`${several.url}/models/a/invoke`, invoke)).status, 404)
  })

  await t.test('250 ms accept under full load', async (t) => {
    const body = '9,4,1\n'.repeat(5000)
    let stop = false
    const agent = new Agent({ keepAlive: true })
    const ask = () =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, method: 'POST', path: '/invocations', headers: CSV, agent }
        request(options, (answer) => answer.resume().on('end', resolve))
          .on('error', reject)
          .end(body)
      })
    const clients = Array.from({ length: 40 }, async () => {
      while (!stop) await ask()
    })
    await delay(200)
    const waits: number[] = []
    for (let turn = 0; turn < 15; turn++) {
      const started = performance.now()
      await new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => {
          waits.push(performance.now() - started)
          socket.destroy()
          resolve(undefined)
        }).on('error', reject)
      })
      await delay(20)
    }
    stop = true
    await Promise.all(clients)
    agent.destroy()
    t.ok(Math.max(...waits) < 250, `connections were accepted within ${Math.max(...waits).toFixed(0)} ms`)
  })

  await t.test('body limit env', async (t) => {
    const answer = await post(url, '9'.repeat(100_001)).catch(() => undefined)
    // Refused at once, so that the client may still be sending when the connection closes.
    if (answer) t.equal(answer.status, 413)
    t.equal((await post(url, '9,4,1\n'.repeat(16_666))).status, 200)
  })

  await t.test('JSON, JSONL, CSV, libsvm(+qid), recordio in and out', async (t) => {
    const bodies: [type: string, body: string | Buffer][] = [
      ['text/csv', '9,4,1\n'],
      ['text/libsvm', '3 qid:7 0:9 1:4 2:1\n'],
      ['application/json', '{"instances":[{"features":[9,4,1]}]}'],
      ['application/jsonlines', '{"features":[9,4,1]}\n'],
      ['application/x-recordio-protobuf', frameRecords([writeRecord({ values: { values: [9, 4, 1] } }, {})])],
    ]
    const answers: Record<string, Buffer> = {
      'text/csv': Buffer.from('1.5\n'),
      'application/json': Buffer.from('{"predictions":[{"score":1.5}]}'),
      'application/jsonlines': Buffer.from('{"score":1.5}\n'),
      'application/x-recordio-protobuf': writeScoreRecords([1.5]),
    }
    for (const [type, body] of bodies) {
      const outs = type === 'application/jsonlines' ? [type] : Object.keys(answers)
      for (const accept of outs) {
        const answer = await post(url, body, { 'content-type': type, accept })
        t.equal(answer.headers.get('content-type'), accept)
        t.same(Buffer.from(await answer.arrayBuffer()), answers[accept], `${type} answered as ${accept}`)
      }
    }
  })

  await t.test('echo Custom-Attributes with request id', async (t) => {
    const name = 'x-amzn-sagemaker-custom-attributes'
    const { headers } = await post(url, '9,4,1', { ...CSV, [name]: 'trace=1' })
    t.equal(headers.get(name), `trace=1;request-id=${headers.get('x-request-id')}`)
  })

  await t.test('SIGTERM 30 s', async (t) => {
    server.child.kill('SIGTERM')
    t.same(await server.exited, [0, null])
  })
})

t.test('PORT precedence SAGEMAKER_BIND_TO_PORT > PORT > 8080', async (t) => {
  const root = baseFolder(t)
  const [bound, other] = [String(await freePort()), String(await freePort())]
  await start(t, root, { SAGEMAKER_BIND_TO_PORT: bound, PORT: other })
  await t.rejects(fetch(`http://127.0.0.1:${other}/ping`))
  const { child } = await serve(
    t,
    '',
    { SAGEMAKER_BASE_DIR: root, SAGEMAKER_BIND_TO_PORT: '', PORT: other },
    [entry('serve')],
  )
  let answer: Response | undefined
  while (!answer && child.exitCode === null) {
    answer = await fetch(`http://127.0.0.1:${other}/ping`).catch(() => undefined)
    await delay(20)
  }
  t.ok(answer, 'PORT is next; 8080 is what src/serving/settings.ts has for neither')
})

t.test('/ping 503 until warm, during drain 503', async (t) => {
  const waits = 'await new Promise((resolve) => setTimeout(resolve, 700))\n'
  const slow = 'export const predictFn = () => new Promise((resolve) => setTimeout(resolve, 700, [7]))'
  const server = await start(t, baseFolder(t, { 'code/inference.mjs': waits + slow }), {}, 503)
  await server.pinged(200)
  const answer = post(server.url, '9,4,1')
  await delay(200)
  server.child.kill('SIGTERM')
  const refused = await server.pinged(503)
  t.match(await refused.json(), { error: { code: 'DRAINING' } })
  t.equal(await (await answer).text(), '7\n', 'what was in flight is answered')
  t.same(await server.exited, [0, null])
})

const data = { 'train/a.csv': toCsv(judgedData({ queries: 15 })) }

t.test('SIGTERM 120 s paths; checkpoint rename', async (t) => {
  const root = jobFolder(t, { num_round: '100000', nthread: '1', checkpoint_interval: '1' }, data, {
    checkpoints: true,
  })
  const { child, seen, ended } = startJob(t, root)
  await seen(/^\[5\]/m)
  const names = new Set<string>()
  for (let look = 0; look < 50; look++) {
    for (const name of readdirSync(join(root, 'checkpoints'))) names.add(name)
    await delay(4)
  }
  child.kill('SIGTERM')
  t.equal((await ended).code, 0, 'the job is complete')
  t.same(Object.keys(hashesIn(root, 'model')), ['model.onnx', 'model.ubj', 'ranker.json'])
  // The platform uploads what it sees, but for names with this end.
  const torn = [...names].filter((name) => !/^ranker-checkpoint-\w{8}\.\d{6}$|\.sagemaker-ignore$/.test(name))
  t.same(torn, [])
  t.ok(names.size > 2)
})

t.test('failure file', async (t) => {
  const root = jobFolder(t, { num_round: '5', objectve: 'rank:ndcg' }, data)
  t.equal((await startJob(t, root).ended).code, 1)
  const failure = readFileSync(join(root, 'output/failure'), 'utf8')
  t.match(failure, /objectve/)
  t.ok(
    failure.length >= 8 && failure.length <= 1024 && !/\n.*\n|\bat \S+:\d+/.test(failure),
    'one plain sentence',
  )
})

t.test('reserved hyperparameters; local-mode test with only four resourceconfig keys', async (t) => {
  const reserved = {
    sagemaker_program: '"train.js"',
    sagemaker_region: '"eu-west-1"',
    _tuning_objective_metric: 'x',
  }
  const root = jobFolder(t, { num_round: '3', ...reserved, objective: '"rank:ndcg"' }, data)
  writeTree(join(root, 'input/config'), {
    'inputdataconfig.json': { train: { TrainingInputMode: 'File', ContentType: 'text/csv' } },
    'resourceconfig.json': {
      current_host: 'algo-1',
      hosts: ['algo-1'],
      network_interface_name: 'eth0',
      current_instance_type: 'local',
    },
  })
  const { code, stdout, stderr } = await startJob(t, root).ended
  t.equal(code, 0, stderr)
  t.match(stdout, /^\[2\]\ttrain-ndcg@10:0\.\d{5,}$/m)
})

/** Whether this process may make namespaces: its disk can be read-only and its network empty there. */
const noNamespaces =
  spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'setpriv', '--reuid', '54321', 'true'])
    .status !== 0 && 'no namespaces can be made here'

t.test(
  'no network at start; non-root variant; a read-only disk; PID 1',
  { skip: noNamespaces },
  async (t) => {
    const root = baseFolder(t)
    spawnSync('chmod', ['-R', 'a+rX', root])
    mkdirSync(join(root, 'sockets'))
    // The requests are made inside, where there is a loopback and nothing else. PID 1 is the shell's, then the server's.
    const asks = `
    const url = 'http://127.0.0.1:8080'
    const ping = () => fetch(url + '/ping').then(({ status }) => status, () => 0)
    while ((await ping()) !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
    const body = '9,4,1\\n'.repeat(690_000)
    const large = await fetch(url + '/invocations', { method: 'POST', headers: { 'content-type': 'text/csv' }, body })
    const small = await fetch(url + '/invocations', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: '9,4,1' })
    console.error(JSON.stringify([body.length, large.status, (await large.text()).length, await small.text()]))
    process.kill(1, 'SIGTERM')`
    // What tap has every process of Node load would write to the disk.
    const script = `set -e
    unset NODE_OPTIONS
    mount --make-rprivate /
    mount --bind -o ro / / 2>/dev/null || true
    mount -o bind,remount,ro /
    if touch "${root}/x" 2>/dev/null; then echo 'the disk can be written' >&2; exit 9; fi
    command -v ip >/dev/null && ip link set lo up
    cd /
    setpriv --reuid 54321 --regid 54321 --clear-groups "$NODE" --input-type=module --eval "$ASKS" &
    exec setpriv --reuid 54321 --regid 54321 --clear-groups --no-new-privs \\
      env -u HOME -u XDG_CACHE_HOME SAGEMAKER_BASE_DIR="${root}" SAGEMAKER_MODEL_SERVER_WORKERS=1 "$NODE" "$SERVE"`
    const run = spawnSync(
      'unshare',
      ['--mount', '--net', '--pid', '--fork', '--kill-child', 'bash', '-c', script],
      {
        // Without what tap has its processes load, which writes to the disk.
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          ASKS: asks,
          NODE: process.execPath,
          SERVE: entry('serve.mjs'),
        },
        encoding: 'utf8',
        timeout: 60_000,
      },
    )
    t.equal(run.status, 0, run.stderr)
    t.equal(
      run.stderr,
      `${JSON.stringify([4_140_000, 200, 4 * 690_000, '1.5\n'])}\n`,
      'nothing else is said there',
    )
    t.match(run.stdout, /"msg":"drained"/)
  },
)
