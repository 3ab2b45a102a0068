import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { emptyFolder, FOREST, modelFolder, onnxOf } from '../helpers/model.ts'
import { childrenOf, serve, waitFor } from '../helpers/serve-process.ts'

const CSV = { 'content-type': 'text/csv' }

t.test('a drain under load loses no answer, on connections that are kept and on new ones', async (t) => {
  const { port, child, log, pinged, exited } = await serve(t, modelFolder(t), {
    SAGEMAKER_MODEL_SERVER_WORKERS: '2',
  })
  await pinged(200)
  await waitFor(() =>
    log().filter(({ msg }) => msg === 'the model is ready').length === 2 ? true : undefined,
  )
  const body = '9,4,1\n'.repeat(500)
  const ask = (agent: Agent) =>
    new Promise<string>((resolve) => {
      const options = { host: '127.0.0.1', port, method: 'POST', path: '/invocations', headers: CSV, agent }
      const asking = request(options, (answer) => {
        let bytes = 0
        answer.on('data', (chunk) => {
          bytes += chunk.length
        })
        answer.on('error', (error: NodeJS.ErrnoException) => resolve(`cut: ${error.code}`))
        answer.on('end', () => resolve(`${answer.statusCode}${bytes > 0 ? '' : ' without a body'}`))
      })
      asking.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`)).end(body)
    })
  const seen = new Map<string, number>()
  const clients = Array.from({ length: 12 }, async (_, client) => {
    const agent = new Agent({ keepAlive: client % 3 > 0, maxSockets: 1 })
    for (let outcome = ''; outcome !== 'ECONNREFUSED'; ) {
      outcome = await ask(agent)
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    }
    agent.destroy()
  })
  await waitFor(() => ((seen.get('200') ?? 0) > 50 ? true : undefined))
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
  await Promise.all(clients)
  t.same([...seen.keys()].sort(), ['200', '503', 'ECONNREFUSED'], 'each is answered, or was never let in')
})

/** This process's own cgroup and the name of its limit, where others can be made below it. */
function ownGroup(): { folder: string; limit: string } | undefined {
  const [, memory, path] =
    /^(?:\d+:(memory):|0::)(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? []
  const folder = join('/sys/fs/cgroup', memory ?? '', path ?? '')
  const limit = memory ? 'memory.limit_in_bytes' : 'memory.max'
  const probe = join(folder, `ranker-probe-${process.pid}`)
  try {
    mkdirSync(probe)
    const isThere = existsSync(join(probe, limit))
    rmdirSync(probe)
    return isThere ? { folder, limit } : undefined
  } catch {
    return undefined
  }
}

const own = ownGroup()
const noGroup = own === undefined && 'no cgroup can be made here'

t.test('507 comes before the kernel kills, and unloading makes room again', { skip: noGroup }, async (t) => {
  const group = join(own!.folder, `ranker-test-${process.pid}`)
  mkdirSync(group)
  t.teardown(async () => {
    await waitFor(() => (readFileSync(join(group, 'cgroup.procs'), 'utf8') === '' ? true : undefined))
    rmdirSync(group)
  })
  writeFileSync(join(group, own!.limit), String(320 << 20))
  const root = emptyFolder(t)
  const folder = join(root, 'models/big/model')
  mkdirSync(folder, { recursive: true })
  const trees = Array.from({ length: 20_000 }, (_, tree) => FOREST.trees[tree % 2]!)
  writeFileSync(join(folder, 'model.onnx'), onnxOf({ ...FOREST, trees }))
  const env = { SAGEMAKER_BASE_DIR: root, SAGEMAKER_MULTI_MODEL: 'true', SAGEMAKER_MODEL_SERVER_WORKERS: '1' }
  const main = join(import.meta.dirname, '../../src/cli/main.ts')
  const enter = `echo $$ > ${join(group, 'cgroup.procs')} && exec "$0" "$@"`
  const { url, child, pinged, exited } = await serve(t, root, env, [
    'sh',
    '-c',
    enter,
    process.execPath,
    main,
    'serve',
  ])
  await pinged(200)
  const worker = childrenOf(child.pid!)
  const load = (name: string) =>
    fetch(`${url}/models`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model_name: name, url: folder }),
    })
  const statuses: number[] = []
  // Four at a time: what is being loaded counts as well.
  while (!statuses.includes(507) && statuses.length < 60) {
    const names = [0, 1, 2, 3].map((one) => `m${statuses.length + one}`)
    statuses.push(...(await Promise.all(names.map(async (name) => (await load(name)).status))))
  }
  t.same([...new Set(statuses)].sort(), [200, 507])
  t.same(childrenOf(child.pid!), worker, 'nothing was killed')
  const { models } = (await (await fetch(`${url}/models`)).json()) as { models: { modelName: string }[] }
  t.equal(models.length, statuses.filter((status) => status === 200).length)
  for (const { modelName } of models) {
    const answer = await fetch(`${url}/models/${modelName}/invoke`, {
      method: 'POST',
      headers: CSV,
      body: '9,4,1',
    })
    t.equal(answer.status, 200)
  }
  for (const { modelName } of models.slice(0, 4))
    await fetch(`${url}/models/${modelName}`, { method: 'DELETE' })
  t.equal((await load('again')).status, 200)
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
})
