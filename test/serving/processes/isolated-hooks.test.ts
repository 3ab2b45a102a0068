import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { modelFolder } from '../../helpers/model.ts'
import { startServer } from '../../helpers/server.ts'

const ROW = '9,4,1'

/** Does what the body says; every hook that a person might get wrong is here. */
const HOOKS = `
  import { writeFileSync } from 'node:fs'
  import { spawn } from 'node:child_process'
  import { inputFn as read } from 'two-stage-ranking'
  const kept = []
  const acts = {
    block() { for (;;); },
    never() { return new Promise(() => {}) },
    exit() { process.exit(3) },
    abort() { process.abort() },
    kill() { process.kill(process.pid, 'SIGKILL') },
    leak() { setInterval(() => kept.push(Buffer.alloc(20_000_000, 1)), 5); return new Promise(() => {}) },
    late() { setTimeout(() => { throw new Error('thrown late') }); Promise.reject(new Error('rejected late')); return 'fine' },
    print() { console.log('hello'); console.error('world'); return 'fine' },
    log(ctx) { ctx.log.info({ a: 1 }, 'from a hook'); ctx.log.warn({ f() {} }); return 'fine' },
    child() { const c = spawn('sleep', ['1000']); return String(c.pid) },
    slow() { return new Promise((resolve) => setTimeout(resolve, 300, 'slow')) },
    map() { Array.prototype.map = () => []; return 'fine' },
    toJSON() { Object.prototype.toJSON = () => 'mine'; return 'fine' },
    add() { Array.prototype.last = function () { return this.at(-1) }; return 'fine' },
    pid() { return String(process.pid) },
    bad() { throw Object.assign(new Error('too young'), { statusCode: 422 }) },
    async wide() { return JSON.stringify(await read(Buffer.from('1,2'), 'text/csv')) },
  }
  export const transformFn = (model, body, type, accept, ctx) => acts[body.toString()](ctx)`

const start = (t: Test, hookMs = 60_000) =>
  startServer(t, modelFolder(t, { 'code/inference.js': HOOKS }), { hookMs, hookMemoryBytes: 400 << 20 })

/** A process that has ended leaves no line behind, or a zombie's. */
const isAlive = (pid: string) => {
  const status = `/proc/${pid}/status`
  return existsSync(status) && !/State:\s*Z/.test(readFileSync(status, 'utf8'))
}

t.test(
  'a hook that ends, crashes or takes too much memory is answered 500, and the next one is served',
  async (t) => {
    const { invoke, ping, log } = await start(t)
    const first = (await invoke('pid')).body
    for (const [act, how] of [
      ['exit', /ended with code 3/],
      ['abort', /was ended by SIGABRT/],
      ['kill', /was ended by SIGKILL/],
      ['leak', /took more memory than it may/],
    ] as const) {
      const [dead, innocent] = [invoke(act), ping()]
      t.equal((await innocent).statusCode, 200, `/ping during ${act}`)
      const answer = await dead
      t.match(answer.json(), { error: { code: 'PROCESS_ENDED', message: how } }, act)
      t.equal(answer.statusCode, 500)
      t.notMatch(answer.body, /\/tmp\/|\.ts:/)
      t.equal((await ping()).statusCode, 200)
      const next = await invoke('pid')
      t.match(next, { statusCode: 200, body: /^\d+$/ }, `after ${act}`)
      t.not(next.body, first)
    }
    t.equal(log().filter(({ msg }) => msg === 'the process of the hooks ended: it is replaced').length, 4)
  },
)

t.test(
  'a hook that takes too long is answered 500; others in its process are not, unless it blocks',
  async (t) => {
    const { invoke, ping } = await start(t, 3000)
    const child = (await invoke('child')).body
    const never = invoke('never')
    await delay(2900)
    const slow = invoke('slow')
    t.match(await never, { statusCode: 500, body: /HOOK_TIMEOUT.*within 3 s/ })
    t.equal((await slow).body, 'slow', 'what it had begun is finished')
    // On a busy machine the next process takes longer to start than a request may.
    const isServed = async () => (await invoke('print')).body === 'fine'
    while (!(await isServed())) await delay(100)

    let isBlocking = true
    const block = invoke('block').finally(() => {
      isBlocking = false
    })
    for (let times = 0; times < 5; times++) {
      t.equal((await ping()).statusCode, 200)
      t.ok(isBlocking, 'a ping is answered while a hook blocks')
      await delay(50)
    }
    const behind = invoke('pid')
    t.match(await block, { statusCode: 500, body: /HOOK_TIMEOUT/ })
    t.equal((await behind).statusCode, 500, 'what waits behind one that blocks cannot be saved')
    while (!(await isServed())) await delay(100)
    t.notOk(isAlive(child), 'what a hook started ends with it')
  },
)

t.test(
  'a process whose hooks replace what all code there uses is replaced, and serves until then',
  async (t) => {
    const { invoke, log } = await start(t)
    const spoiled = () => log().flatMap(({ builtin }) => builtin ?? [])
    const first = (await invoke('pid')).body
    t.equal((await invoke('add')).body, 'fine')
    t.equal((await invoke('pid')).body, first, 'what is only added is no harm')
    for (const [act, builtin] of [
      ['map', 'Array.prototype.map'],
      ['toJSON', 'Object.prototype'],
    ] as const) {
      const before = (await invoke('pid')).body
      await invoke(act)
      let now = before
      for (let tries = 0; tries < 400 && now === before; tries++) {
        await delay(25)
        const answer = await invoke('pid')
        if (answer.statusCode === 200) now = answer.body
      }
      t.not(now, before, act)
      t.equal(spoiled().at(-1), builtin)
      t.match(await invoke('wide'), { statusCode: 422, body: /WRONG_WIDTH/ })
    }
    t.equal(spoiled().length, 2)
  },
)

t.test('what hooks print, log and throw late is in the log; errors come as they are thrown', async (t) => {
  const { invoke, log } = await start(t)
  for (const act of ['late', 'print', 'log']) t.equal((await invoke(act)).body, 'fine')
  t.match(await invoke('bad'), {
    statusCode: 422,
    body: '{"error":{"code":"HOOK_FAILED","message":"too young"}}',
  })
  t.match(await invoke('wide'), { statusCode: 422, body: /WRONG_WIDTH.*2 values/ })
  await delay(200)
  t.match(
    log()
      .filter(({ msg }) => msg === 'something was thrown outside of a request')
      .map(({ err }) => (err as Error).message)
      .sort(),
    ['rejected late', 'thrown late'],
  )
  const lines = log()
  const line = (msg: string) => lines.filter((line) => line.msg === msg)
  t.match(line('printed by a hook'), [
    { stream: 'stdout', line: 'hello' },
    { stream: 'stderr', line: 'world' },
  ])
  t.match(line('from a hook'), [{ level: 'info', a: 1 }])
  t.ok(
    lines.some(({ level, fields }) => level === 'warn' && /f/.test(String(fields))),
    'what is no plain data too',
  )
})

t.test('hooks that cannot be loaded keep the server unready', async (t) => {
  for (const [code, reason] of [
    ['process.exit(0)', /the process of the model's hooks ended with code 0 while it loaded them/],
    ['for (;;);', /gave no sign of life for 0\.5 s/],
    ['throw new Error("no licence")', /inference\.js cannot be used: no licence/],
  ] as const) {
    const folder = modelFolder(t, { 'code/inference.mjs': code, 'code/inference.js': code })
    const { ping } = await startServer(t, folder, { openMs: code.startsWith('for') ? 500 : 20_000 })
    const answer = await ping()
    t.match(answer, { statusCode: 503 })
    t.match(answer.json().error.message, reason)
  }
})

t.test('a large request is worked on in another process, with the same answer', async (t) => {
  const { invoke, log } = await startServer(t, modelFolder(t), { largeBytes: 10_000 })
  const small = await invoke(`${ROW}\n11,6,\n`)
  const large = await invoke(`${ROW}\n11,6,\n`.repeat(2000))
  t.equal(large.body, small.body.repeat(2000))
  t.match(await invoke(`${ROW}\n`.repeat(2000).concat('1,2')), {
    statusCode: 422,
    body: /row \d+ has 2 values/,
  })
  t.same(
    log().flatMap(({ rows }) => rows ?? []),
    [2, 4000],
  )
})

t.test('so is one of many short parts, which would keep pings waiting for seconds', async (t) => {
  const { invoke, log } = await startServer(t, modelFolder(t))
  const query = '{"items":[]}'
  for (const lines of [4096, 4097])
    await invoke('x\n'.repeat(lines), { 'content-type': 'application/jsonlines' })
  for (const queries of [16_384, 16_385])
    await invoke(`[${Array(queries).fill(query)}]`, { 'content-type': 'application/json' })
  const answered = log().filter(({ msg }) => msg === 'answered')
  t.same(
    answered.map(({ queueMs }) => queueMs !== undefined),
    [true, false, true, false],
    'only the smaller one waits for its turn here',
  )
})
