import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Registry } from '../../src/serving/models/registry.ts'
import { writeTree } from '../helpers/command.ts'
import { emptyFolder, FOREST, manifestOf, onnxOf } from '../helpers/model.ts'
import { idleServer, startServer } from '../helpers/server.ts'

/** A models' root with model folders by name, each with the files of a model and whatever is given. */
function modelsRoot(t: Test, models: Record<string, Record<string, string | object>>): string {
  const root = join(emptyFolder(t), 'models')
  mkdirSync(root)
  for (const [name, files] of Object.entries(models)) {
    const folder = join(root, name, 'model')
    writeTree(folder, { 'ranker.json': manifestOf({ model: { name, version: '1' } }), ...files })
    writeFileSync(join(folder, 'model.onnx'), onnxOf(FOREST))
  }
  return root
}

async function start(t: Test, models: Record<string, Record<string, string | object>>) {
  const root = modelsRoot(t, models)
  const { app, ping, log } = await startServer(t, '/nowhere', { modelsRoot: root })
  const send = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object | string) =>
    app.inject({
      method,
      url,
      ...(payload !== undefined && {
        payload,
        headers: { 'content-type': typeof payload === 'string' ? 'text/csv' : 'application/json' },
      }),
    })
  const load = (name: unknown, url: unknown = `${root}/${name}/model`) =>
    send('POST', '/models', { model_name: name, url })
  return { root, ping, log, send, load }
}

t.test('models are loaded, listed, asked and unloaded by name', async (t) => {
  const { root, ping, send, load } = await start(t, {
    a: {},
    b: { 'code/inference.js': 'export const predictFn = () => [7]' },
  })
  t.equal((await ping()).statusCode, 200, 'a server without a model is ready')
  t.same((await send('GET', '/models')).json(), { models: [] })
  t.match(await send('POST', '/models/a/invoke', '9,4,1'), { statusCode: 404, body: /MODEL_NOT_LOADED/ })

  t.equal((await load('a')).statusCode, 200)
  t.match(await load('a'), { statusCode: 409, body: /MODEL_LOADED_ALREADY/ })
  const [first, second] = await Promise.all([load('b'), load('b')])
  t.same([first.statusCode, second.statusCode].sort(), [200, 409], 'also while it is being loaded')

  t.equal((await send('POST', '/models/a/invoke', '9,4,1')).body, '1.5\n')
  t.equal((await send('POST', '/models/b/invoke', '9,4,1')).body, '7\n')
  t.match(await send('POST', '/models/a/invoke', '9,4'), { statusCode: 422 })
  const listed = ['a', 'b'].map((name) => ({ modelName: name, modelUrl: `${root}/${name}/model` }))
  t.same((await send('GET', '/models')).json(), { models: listed })
  t.same((await send('GET', '/models/a')).json(), listed[0])

  t.equal((await send('DELETE', '/models/a')).statusCode, 200)
  for (const method of ['GET', 'DELETE'] as const) t.equal((await send(method, '/models/a')).statusCode, 404)
  t.equal((await send('POST', '/models/a/invoke', '9,4,1')).statusCode, 404)
  t.equal((await send('POST', '/models/b/invoke', '9,4,1')).body, '7\n', 'the others stay')
  t.equal((await load('a')).statusCode, 200, 'and it can be loaded again')
  t.equal((await send('POST', '/invocations', '9,4,1')).statusCode, 404)
})

t.test('a process that has not yet what the others have answers 503', async (t) => {
  const root = modelsRoot(t, { a: {} })
  let join = () => {}
  const joined = new Promise<void>((resolve) => {
    join = resolve
  })
  const registry = new Registry({ hosts: () => [], root, memory: { limit: 1e9, used: () => 0 } })
  const peers = { metrics: async () => [], registry, join: () => joined }
  const { app, ping } = idleServer(t, '/nowhere', { modelsRoot: root, peers })
  const loading = app.load()
  await app.models.open('a', `${root}/a/model`)
  const invoke = () =>
    app.inject({
      method: 'POST',
      url: '/models/a/invoke',
      headers: { 'content-type': 'text/csv' },
      payload: '9,4,1',
    })
  for (const answer of [await ping(), await invoke(), await app.inject('/models')])
    t.match(answer, { statusCode: 503, body: /NOT_READY/ })
  join()
  await loading
  t.equal((await ping()).statusCode, 200)
  t.equal((await invoke()).body, '1.5\n')
  await t.rejects(registry.load('b', `${root}/a/model`), { code: 'NOT_READY' }, 'where nobody would serve it')
})

t.test('a list of models comes in pages, which models that go do not disturb', async (t) => {
  const { root, send, load } = await start(t, { m: {} })
  for (let model = 0; model < 5; model++) await load(`m${model}`, `${root}/m/model`)
  const page = async (query: string) => {
    const { models, nextPageToken } = (await send('GET', `/models?${query}`)).json()
    return [models.map(({ modelName }: { modelName: string }) => modelName), nextPageToken]
  }
  const [names, token] = await page('limit=2')
  t.same(names, ['m0', 'm1'])
  await send('DELETE', '/models/m1')
  await send('DELETE', '/models/m2')
  t.same(await page(`limit=2&next_page_token=${token}`), [['m3', 'm4'], undefined])
  for (const query of ['limit=0', 'limit=x', 'next_page_token=-1', 'next_page_token=zz'])
    t.match(await send('GET', `/models?${query}`), { statusCode: 400, body: /BAD_MODEL_REQUEST/ }, query)
})

t.test('names may be any text; urls only lead to plain folders below the root', async (t) => {
  const { root, send, load } = await start(t, { a: {}, broken: { 'ranker.json': '{' } })
  for (const name of ['a/b', '../a', '__proto__', 'ünï %2F', 'x'.repeat(1024), ' ', 'a?b#c']) {
    const path = `/models/${encodeURIComponent(name)}`
    t.equal((await load(name, `${root}/a/model`)).statusCode, 200, name)
    t.equal((await send('GET', path)).json().modelName, name)
    t.equal((await send('POST', `${path}/invoke`, '9,4,1')).body, '1.5\n')
    t.equal((await send('DELETE', path)).statusCode, 200)
  }
  for (const name of [undefined, null, 1, '', {}, 'x'.repeat(1025)])
    t.match(await load(name, `${root}/a/model`), { statusCode: 400, body: /model_name/ }, String(name))

  symlinkSync('/etc', join(root, 'link'))
  symlinkSync(join(root, 'a'), join(root, 'inside'))
  const cases: [url: unknown, status: number][] = [
    [null, 400],
    ['', 400],
    [7, 400],
    ['/etc', 400],
    [root, 400],
    [`${root}/`, 400],
    [`${root}/../models/a/model`, 400],
    [`${root}/a/../../../etc`, 400],
    [`${root}//a/model`, 400],
    [`${root}/./a/model`, 400],
    ['a/model', 400],
    ['s3://bucket/a', 400],
    [`file://${root}/a/model`, 400],
    [`${root}/link`, 400],
    [`${root}/inside/model`, 400],
    [`${root}/a/model/model.onnx`, 400],
    [`${root}/a\0/model`, 400],
    [`${root}/nowhere/model`, 404],
    [`${root}/${'x'.repeat(300)}`, 404],
    [`${root}-other/a`, 400],
    [`${root}/broken/model`, 400],
  ]
  for (const [url, status] of cases) {
    const answer = await load('m', url)
    t.equal(answer.statusCode, status, JSON.stringify(url))
    t.notMatch(answer.body, /\.ts:|ENOENT/)
  }
  t.same((await send('GET', '/models')).json(), { models: [] })
  t.equal((await send('POST', '/models', '[]')).statusCode, 400)
  t.equal((await send('POST', '/models')).statusCode, 400)
  const wrong = await send('GET', '/models/m/invoke')
  t.match(wrong, { statusCode: 405, headers: { allow: 'POST' }, body: /WRONG_METHOD/ })
  t.match(await send('POST', '/models/m'), { statusCode: 405, headers: { allow: 'GET, HEAD, DELETE' } })
  t.match(await send('POST', '/invocations'), { statusCode: 404, body: /wanted GET \/ping or POST \/models/ })
})

t.test('a model that does not fit is refused before it takes the memory', async (t) => {
  const root = modelsRoot(t, { a: {} })
  const opened: string[] = []
  const host = {
    open: async (name: string) => {
      opened.push(name)
      used += grows
    },
    close: async () => {
      used -= grows
    },
  }
  let used = 50 << 20
  let grows = 1 << 20
  const registry = new Registry({
    hosts: () => [host, host],
    root,
    memory: { limit: 100 << 20, used: () => used },
  })
  await registry.load('fits', `${root}/a/model`)
  t.equal(used, 52 << 20, 'in both hosts')

  used = 88 << 20
  await t.rejects(registry.load('second', `${root}/a/model`), { code: 'NO_MEMORY', status: 507 })
  t.same(opened, ['fits', 'fits'], 'it was not even begun')

  used = 70 << 20
  grows = 30 << 20
  await t.rejects(registry.load('larger than its files', `${root}/a/model`), {
    code: 'NO_MEMORY',
    status: 507,
  })
  t.equal(used, 70 << 20, 'what it took is given back')
  t.match(await registry.list(undefined, undefined), { models: [{ modelName: 'fits' }] })
})

t.test('a host that is new gets what the others have, and what is loaded meanwhile', async (t) => {
  const root = modelsRoot(t, { a: {} })
  const url = `${root}/a/model`
  const has = (): {
    names: Set<string>
    open(name: string): Promise<void>
    close(name: string): Promise<void>
  } => ({
    names: new Set(),
    async open(name) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      if (name === 'spoilt' && this !== hosts[0]) throw new Error('its files are gone')
      this.names.add(name)
    },
    async close(name) {
      this.names.delete(name)
    },
  })
  const hosts = [has()]
  const registry = new Registry({ hosts: () => hosts, root, memory: { limit: 1e9, used: () => 0 } })
  for (const name of ['one', 'spoilt', 'two']) await registry.load(name, url)
  const fresh = has()
  const filling = registry.fill(fresh, () => hosts.push(fresh))
  const loading = registry.load('three', url)
  await Promise.all([filling, loading])
  t.same([...fresh.names].sort(), ['one', 'three', 'two'])
  t.same([...hosts[0]!.names].sort(), ['one', 'three', 'two'], 'one that cannot be opened again is unloaded')
})
