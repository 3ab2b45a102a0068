import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { ranker } from '../helpers/command.ts'
import { emptyFolder, modelFolder } from '../helpers/model.ts'
import { childrenOf, serve, waitFor } from '../helpers/serve-process.ts'

const CSV = { 'content-type': 'text/csv' }

t.test(
  'a process serves, logs one line of JSON a request and none a ping, and ends at SIGTERM',
  async (t) => {
    const { url, child, log, pinged, exited } = await serve(t, modelFolder(t), {
      SAGEMAKER_MODEL_SERVER_WORKERS: '1',
    })
    await pinged(200)
    const answer = await fetch(`${url}/invocations`, { method: 'POST', headers: CSV, body: '9,4,1' })
    t.equal(await answer.text(), '1.5\n')
    child.kill('SIGTERM')
    t.same(await exited, [0, null])
    // Two processes write it.
    const lines = log().sort((a, b) => String(a.msg).localeCompare(String(b.msg)))
    t.match(
      lines.map(({ msg }) => msg),
      ['answered', 'drained', 'draining', /^Server listening/, 'the model is ready'],
    )
    t.match(lines[0], {
      level: 'info',
      time: /^\d{4}-\d\d-\d\dT.*Z$/,
      requestId: answer.headers.get('x-request-id'),
      model: 'lots',
      version: '7',
      status: 200,
      rows: 1,
      parseMs: Number,
      scoreMs: Number,
      encodeMs: Number,
    })
  },
)

t.test('it listens while the model loads, and stays when it cannot be loaded', async (t) => {
  const never = modelFolder(t, { 'code/inference.mjs': 'await new Promise(() => setTimeout(() => {}, 1e6))' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const slow = await serve(t, never)
    t.match(await (await slow.pinged(503)).json(), { error: { code: 'NOT_READY' } })
    slow.child.kill(signal)
    t.same(await slow.exited, [0, null], 'a model that never loads does not keep the process')
  }

  const missing = await serve(t, emptyFolder(t))
  t.match(await (await missing.pinged(503)).json(), { error: { code: /MODEL_MISSING|NOT_READY/ } })
  await delay(300)
  t.match(await (await missing.pinged(503)).json(), { error: { code: 'MODEL_MISSING' } })
  t.equal(missing.child.exitCode, null)
})

t.test(
  'what a hook throws late is logged and harms nobody; its timers do not keep the process',
  async (t) => {
    const { url, child, log, pinged, exited } = await serve(
      t,
      modelFolder(t, {
        'code/inference.js': `setInterval(() => {}, 1000)
        export const inputFn = () => {
          setTimeout(() => { throw new Error('late throw') }, 10)
          Promise.reject(new Error('late rejection'))
          return [[9, 4, 1]]
        }`,
      }),
      { SAGEMAKER_CONTAINER_LOG_LEVEL: '40' },
    )
    await pinged(200)
    for (let request = 0; request < 2; request++) {
      const answer = await fetch(`${url}/invocations`, { method: 'POST', headers: CSV, body: 'x' })
      t.equal(await answer.text(), '1.5\n')
      await delay(50)
    }
    child.kill('SIGTERM')
    t.same(await exited, [0, null])
    const messages = log().map(({ err }) => (err as Error).message)
    t.same(messages.sort(), ['late rejection', 'late rejection', 'late throw', 'late throw'])
  },
)

t.test('requests in flight at SIGTERM are answered', async (t) => {
  const { url, child, pinged, exited } = await serve(
    t,
    modelFolder(t, {
      'code/inference.js': 'export const predictFn = () => new Promise((r) => setTimeout(r, 400, [7]))',
    }),
  )
  await pinged(200)
  const answers = [1, 2, 3].map(() =>
    fetch(`${url}/invocations`, { method: 'POST', headers: CSV, body: '9,4,1' }),
  )
  await delay(150)
  child.kill('SIGTERM')
  child.kill('SIGINT')
  t.match(await (await pinged(503)).json(), { error: { code: 'DRAINING' } })
  for (const answer of answers) t.equal(await (await answer).text(), '7\n')
  t.same(await exited, [0, null])
})

t.test('several processes serve one port as one server', async (t) => {
  const { url, child, log, pinged, exited } = await serve(t, modelFolder(t), {
    SAGEMAKER_MODEL_SERVER_WORKERS: '2',
  })
  await pinged(200)
  const workers = await waitFor(() => {
    const pids = childrenOf(child.pid!)
    return log().filter(({ msg }) => msg === 'the model is ready').length === 2 ? pids : undefined
  })
  t.equal(workers.length, 2)
  // Each on a connection of its own, so that both processes get some.
  const headers = { ...CSV, connection: 'close' }
  const ask = () => fetch(`${url}/invocations`, { method: 'POST', headers, body: '9,4,1' })
  for (let request = 0; request < 10; request++) t.equal(await (await ask()).text(), '1.5\n')
  const scrape = async () => (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()
  t.match(await scrape(), /^ranker_rows_total 10$/m, 'whichever process is asked')

  process.kill(workers[0]!, 'SIGKILL')
  await waitFor(() => childrenOf(child.pid!).find((pid) => !workers.includes(pid)))
  for (let request = 0; request < 10; request++) t.equal((await ask()).status, 200, 'the other one goes on')
  await waitFor(() => log().find(({ msg }) => /a worker ended/.test(String(msg))))
  t.match(
    log().find(({ msg }) => /a worker ended/.test(String(msg))),
    { level: 'error', pid: workers[0], how: 'by SIGKILL' },
  )
  await waitFor(() => (childrenOf(child.pid!).length === 2 ? true : undefined))
  const later = await scrape()
  t.match(later, /^ranker_rows_total 20$/m, 'what the dead one had counted stays')
  t.match(later, /^ranker_request_duration_seconds_count\{phase="total"\} 20$/m)
  t.match(later, /^ranker_body_bytes 0$/m)

  // The signal goes to the whole process group, as from a terminal.
  for (const pid of [...childrenOf(child.pid!), child.pid!]) process.kill(pid, 'SIGTERM')
  t.same(await exited, [0, null])
})

t.test('workers that keep dying end the server, and its last line says so', async (t) => {
  const { child, exited, pinged } = await serve(t, modelFolder(t), { SAGEMAKER_MODEL_SERVER_WORKERS: '1' })
  let last = ''
  child.stderr!.on('data', (chunk) => {
    last += chunk
  })
  let ended = false
  void exited.then(() => {
    ended = true
  })
  await pinged(200)
  const killed = new Set<number>()
  while (!ended) {
    for (const pid of childrenOf(child.pid!)) {
      process.kill(pid, 'SIGKILL')
      killed.add(pid)
    }
    await delay(20)
  }
  t.same(await exited, [1, null])
  t.equal(killed.size, 5)
  t.match(last, /^error: 5 workers ended within 60 s, the last one by SIGKILL: the server gives up\n$/)
})

t.test(
  'a model that is loaded through one process is served by all, and by those that come later',
  async (t) => {
    const root = emptyFolder(t)
    const folder = join(root, 'models/a/model')
    cpSync(modelFolder(t), folder, { recursive: true })
    const { url, child, log, pinged } = await serve(t, root, {
      SAGEMAKER_BASE_DIR: root,
      SAGEMAKER_MULTI_MODEL: 'true',
      SAGEMAKER_MODEL_SERVER_WORKERS: '2',
    })
    await pinged(200)
    await waitFor(() =>
      log().filter(({ msg }) => msg === 'ready to load models').length === 2 ? true : undefined,
    )
    const close = { connection: 'close' }
    const load = () =>
      fetch(`${url}/models`, {
        method: 'POST',
        headers: { ...close, 'content-type': 'application/json' },
        body: JSON.stringify({ model_name: 'a', url: folder }),
      })
    const ask = () =>
      fetch(`${url}/models/a/invoke`, { method: 'POST', headers: { ...CSV, ...close }, body: '9,4,1' })
    t.equal((await ask()).status, 404)
    t.equal((await load()).status, 200)
    t.equal((await load()).status, 409)
    for (let request = 0; request < 4; request++) t.equal(await (await ask()).text(), '1.5\n')
    process.kill(childrenOf(child.pid!)[0]!, 'SIGKILL')
    await waitFor(() =>
      log().filter(({ msg }) => msg === 'ready to load models').length === 3 ? true : undefined,
    )
    for (let request = 0; request < 4; request++) t.equal(await (await ask()).text(), '1.5\n')
    t.equal((await fetch(`${url}/models/a`, { method: 'DELETE', headers: close })).status, 200)
    for (let request = 0; request < 4; request++) t.equal((await ask()).status, 404)
    t.same(await (await fetch(`${url}/models`, { headers: close })).json(), { models: [] })
  },
)

t.test('what keeps it from starting is one sentence and exit code 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const cases: [argv: string[], env: Record<string, string>, sentence: RegExp][] = [
    [
      ['--host', '127.0.0.1', '--port', String(port)],
      {},
      /^error: cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE\n$/,
    ],
    [['--prot', '1'], {}, /unknown flag "--prot".*did you mean --port/],
    [['--port', 'x'], {}, /"x": wanted an integer/],
    [[], { MAX_CONTENT_LENGTH: 'big' }, /^error: MAX_CONTENT_LENGTH is "big": wanted an integer/],
  ]
  for (const [argv, env, sentence] of cases) {
    const { code, stderr } = await ranker(['serve', '--model-path', emptyFolder(t), ...argv], { env })
    t.equal(code, 1)
    t.match(stderr, sentence)
  }
  const help = await ranker(['serve', '--help'])
  t.match(help, { code: 0, stdout: /Usage: ranker serve[\s\S]*SAGEMAKER_BIND_TO_PORT[\s\S]*Examples/ })
})
