// The server in the images, from outside.
import { chmodSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Target } from '../../scripts/image/build.ts'
import { type Container, pinged, startContainer, startServer } from '../helpers/container.ts'
import { modelFolder } from '../helpers/model.ts'

t.setTimeout(120_000)

const HARDENED = [
  '--read-only',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
  '--network=none',
  '--memory=512m',
]
const HEALTH = ['/usr/local/bin/node', '/opt/ranker/container/health.mjs']
/** Run in a container that has no network: the status and the body of an answer. */
const INVOKE = `
  const body = '9,4,1\\n11,6,\\n'
  const headers = { 'content-type': 'text/csv' }
  const answer = await fetch('http://127.0.0.1:8080/invocations', { method: 'POST', headers, body })
  console.log(answer.status, JSON.stringify(await answer.text()))`

/** A model folder that every user may read. */
function openFolder(t: Test, files: Record<string, string | object> = {}): string {
  const folder = modelFolder(t, files)
  chmodSync(folder, 0o755)
  return folder
}

async function healthy(container: Container): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await setTimeout(50)) {
    if (!container.isRunning()) break
    if (container.exec(...HEALTH).code === 0) return
  }
  throw new Error(`it does not get healthy:\n${container.log()}`)
}

for (const [target, user] of [
  ['server', '1000:1000'],
  ['sagemaker', '0:0'],
  ['sagemaker', '4711:4711'],
] as [Target, string][]) {
  t.test(`${target} as ${user} with a read-only disk, no rights, no network and 512 MB`, async (t) => {
    const hooks = "import { inputFn } from 'two-stage-ranking'\nexport { inputFn }\n"
    const model = openFolder(t, { 'code/inference.js': hooks })
    const flags = [...HARDENED, `--user=${user}`, `-v=${model}:/opt/ml/model:ro`]
    const server = startContainer(t, target, flags, ['serve'])
    await healthy(server)
    const answer = server.exec('/usr/local/bin/node', '--input-type=module', '-e', INVOKE)
    t.equal(answer.stdout.trim(), '200 "1.5\\n-0.25\\n"', answer.stderr + server.log())
    server.signal('TERM')
    t.equal((await server.ended).code, 0)
  })
}

t.test('process 1 ends at SIGTERM, and a request in flight is answered', async (t) => {
  const slow =
    'export async function predictFn(rows, model) { await new Promise((r) => setTimeout(r, 1500)); return [7] }\n'
  const server = await startServer(t, 'sagemaker', [
    `-v=${openFolder(t, { 'code/inference.js': slow })}:/opt/ml/model:ro`,
  ])
  await pinged(server, 200)
  const headers = { 'content-type': 'text/csv' }
  const inFlight = fetch(`${server.url}/invocations`, { method: 'POST', headers, body: '9,4,1\n' })
  await setTimeout(500)
  const signalledAt = performance.now()
  server.signal('TERM')
  t.equal(await (await inFlight).text(), '7\n')
  t.equal((await server.ended).code, 0)
  t.ok(performance.now() - signalledAt < 10_000)
})

t.test('without /opt/ml it answers 503 and why', async (t) => {
  const server = await startServer(t, 'sagemaker', [])
  const { body } = await pinged(server, 503)
  await setTimeout(1000)
  t.match((await pinged(server, 503)).body, /model/, body)
  t.equal(server.exec(...HEALTH).code, 1, 'which the health check says too')
})

t.test('several models, loaded as the platform mounts them', async (t) => {
  const model = openFolder(t)
  const flags = ['-e', 'SAGEMAKER_MULTI_MODEL=true', `-v=${model}:/opt/ml/models/abc/model:ro`]
  const server = await startServer(t, 'sagemaker', flags)
  await pinged(server, 200)
  const call = async (method: string, path: string, body?: string, type = 'application/json') => {
    const init = body === undefined ? { method } : { method, body, headers: { 'content-type': type } }
    const answer = await fetch(`${server.url}${path}`, init)
    return { status: answer.status, text: await answer.text() }
  }
  t.match(await call('GET', '/models'), { status: 200, text: /"models":\[\]/ })
  const load = JSON.stringify({ model_name: 'lots', url: '/opt/ml/models/abc/model' })
  t.match(await call('POST', '/models', load), { status: 200 })
  t.match(await call('POST', '/models/lots/invoke', '9,4,1\n', 'text/csv'), { status: 200, text: '1.5\n' })
  t.match(await call('DELETE', '/models/lots'), { status: 200 })
  t.match(await call('POST', '/models/lots/invoke', '9,4,1\n', 'text/csv'), { status: 404 })
})
