// scripts/*.mjs, the executables and .ci/run as their users meet them: each test runs them in a small
// checkout with stand-ins for npm and Python that need no network.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { zipSync } from 'fflate'
import t, { type Test } from 'tap'

const repository = join(import.meta.dirname, '..')
const systemTools = 'bash cp dirname env grep ln mkdir mktemp rm sh sleep tail tee'.split(' ')

const oldNode = findOldNode()
const skipWithoutOldNode = oldNode ? {} : { skip: 'needs a Node older than 22.18 as /usr/bin/node' }

const files = {
  'xgboost/lib/libxgboost.so': 'library',
  'xgboost/core.py': 'not wanted',
  'xgboost_cpu.libs/libgomp-1.so': 'openmp',
  'xgboost_cpu-3.4.1.dist-info/licenses/LICENSE': 'licence',
  'xgboost_cpu-3.4.1.dist-info/RECORD': 'not wanted',
}
const wheel = zipSync(
  Object.fromEntries(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)])),
)

const fakeNpm = `
echo "npm $*" >>calls
[ "$1" = ci ] || exit 0
mkdir -p node_modules/.bin node_modules/@tapjs/test/test-built
ln -sfn ${join(repository, 'node_modules', 'fflate')} ${join(repository, 'node_modules', 'esbuild')} node_modules/
cp ../tap node_modules/.bin/tap
cp package-lock.json node_modules/.package-lock.json`

const fakeTap = `require('node:fs').appendFileSync('calls', 'tap ' + process.argv.slice(2) + '\\n')`

const fakePython = `
echo "python3 $*" >>calls
case "$*" in
*--version) ;;
*) while [ "$1" != -d ]; do shift; done; cp ../xgboost_cpu-3.4.1.whl "$2" ;;
esac`

function findOldNode(): string | undefined {
  try {
    const version = execFileSync('/usr/bin/node', ['-p', 'process.versions.node'], { encoding: 'utf8' })
    const [major, minor] = version.split('.').map(Number) as [number, number]
    return major < 22 || (major === 22 && minor < 18) ? '/usr/bin/node' : undefined
  } catch {
    return undefined
  }
}

/** A checkout with this repository's scripts and a single package, and the only programs that it can find. */
class Checkout {
  readonly root: string
  readonly #bin: string

  constructor(t: Test, tools: Record<string, string> = { npm: fakeNpm, python3: fakePython }) {
    const folder = t.testdir({ checkout: { src: { cli: {} } }, bin: {} })
    this.root = join(folder, 'checkout')
    this.#bin = join(folder, 'bin')
    writeFileSync(join(folder, 'xgboost_cpu-3.4.1.whl'), wheel)
    writeFileSync(join(folder, 'tap'), fakeTap)
    for (const path of ['scripts', 'container', '.ci', '.taprc']) {
      cpSync(join(repository, path), join(this.root, path), { recursive: true, verbatimSymlinks: true })
    }
    this.write('package.json', JSON.stringify({ type: 'module' }))
    this.write('src/cli/serve-worker.ts', 'console.log(import.meta.url satisfies string)')
    this.write('package-lock.json', lockfile('1.0.0'))
    this.write('scripts/xgboost-requirements.txt', createHash('sha256').update(wheel).digest('hex'))
    const paths = (process.env.PATH ?? '').split(':')
    for (const tool of systemTools) {
      const found = paths.map((path) => join(path, tool)).find((path) => existsSync(path))
      if (found) symlinkSync(found, join(this.#bin, tool))
    }
    for (const [name, script] of Object.entries(tools)) this.tool(name, script)
  }

  tool(name: string, script: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(this.#bin, name), 0o755)
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  write(path: string, content: string): void {
    writeFileSync(this.path(path), content)
  }

  /** Lets the launcher find Node and the packages. */
  pretendSetUp(main: string): void {
    mkdirSync(this.path('node_modules'))
    this.write('node_modules/.package-lock.json', '{}')
    mkdirSync(this.path('.cache/node-v24.21.0/bin'), { recursive: true })
    symlinkSync(process.execPath, this.path('.cache/node-v24.21.0/bin/node'))
    this.write('src/cli/main.ts', main)
  }

  /** The calls that the stand-ins have seen. */
  calls(): string[] {
    const log = this.path('calls')
    return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []
  }

  start(command: string, args: string[], env: NodeJS.ProcessEnv = {}, node = process.execPath): ChildProcess {
    rmSync(join(this.#bin, 'node'), { force: true })
    symlinkSync(node, join(this.#bin, 'node'))
    return spawn(command, args, { cwd: this.root, env: { PATH: this.#bin, ...env }, stdio: 'pipe' })
  }

  async run(command: string, args: string[] = [], env: NodeJS.ProcessEnv = {}, node = process.execPath) {
    const child = this.start(command, args, env, node)
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close'),
    ])
    return { code, stdout, stderr }
  }

  setUp(env?: NodeJS.ProcessEnv, node = process.execPath) {
    return this.run(node, ['scripts/setup.mjs'], env, node)
  }
}

function lockfile(version: string): string {
  const packages = {
    '': { name: 'checkout' },
    'node_modules/fflate': { version, integrity: 'sha512-x', dev: true },
    'node_modules/for-another-platform': { version: '1.0.0', optional: true, os: ['none'], cpu: ['none'] },
  }
  return JSON.stringify({ lockfileVersion: 3, packages })
}

/** Waits for a process to print something; what it prints from then on is thrown away. */
async function seen(stream: Readable, pattern: RegExp): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk) => {
      output += chunk
      if (pattern.test(output)) resolve()
    })
    stream.on('close', () => reject(new Error(`no ${pattern} in: ${output}`)))
  })
}

t.setTimeout(60_000)
// Most of the time goes into starting processes.
t.jobs = 4

t.test('set-up fetches everything once', async (t) => {
  const checkout = new Checkout(t)
  const first = await checkout.setUp()
  t.match(first, { code: 0, stdout: '' })
  t.equal(
    first.stderr,
    [
      'setup: installing the packages',
      'setup: fetching libxgboost 3.4.1',
      'setup: building the test runner',
      'setup: bundling the server',
      'setup: ready',
      '',
    ].join('\n'),
  )
  t.strictSame(
    checkout.calls().map((call) => call.split(' ').slice(0, 4).join(' ')),
    [
      'npm ci --include=dev --include=optional',
      'python3 -m pip --version',
      'python3 -m pip download',
      'tap build',
    ],
  )
  t.strictSame(
    readdirSync(checkout.path('.cache')),
    ['worker', 'xgboost-3.4.1'],
    'neither a lock nor temporary files',
  )
  const kept = Object.entries(files).filter(([, content]) => content !== 'not wanted')
  t.strictSame(
    readdirSync(checkout.path('.cache/xgboost-3.4.1'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .sort(),
    kept.map(([, content]) => content).sort(),
  )
  for (const [path, content] of kept) {
    t.equal(readFileSync(checkout.path('.cache/xgboost-3.4.1', path), 'utf8'), content, path)
  }

  const calls = checkout.calls().length
  t.strictSame(await checkout.setUp(), { code: 0, stdout: '', stderr: '' }, 'then it does and says nothing')
  t.equal(checkout.calls().length, calls)

  const installs = () => checkout.calls().filter((call) => call.startsWith('npm ci')).length
  rmSync(checkout.path('node_modules/.package-lock.json'))
  t.match(await checkout.setUp(), { code: 0 })
  t.equal(installs(), 2, 'an install that did not finish is done again')

  checkout.write('node_modules/.package-lock.json', '{"packages": {')
  t.match(await checkout.setUp(), { code: 0 })
  t.equal(installs(), 3, 'and so is one whose record was cut short')

  checkout.write('package-lock.json', lockfile('1.0.1'))
  t.match(await checkout.setUp(), { code: 0 })
  t.equal(installs(), 4, 'and one of another version')

  checkout.write('package-lock.json', lockfile('1.0.2'))
  checkout.write('node_modules/.package-lock.json', lockfile('1.0.2'))
  t.match(await checkout.setUp(), { code: 0, stderr: /^setup: bundling the server\nsetup: ready\n$/ })
  t.equal(installs(), 4, 'but not one that the user has made')

  const builds = () => checkout.calls().filter((call) => call === 'tap build').length
  const before = builds()
  checkout.write('.taprc', 'reporter: tap\n')
  t.match(await checkout.setUp(), { code: 0 })
  t.equal(builds(), before + 1, 'tap is built again for other settings')
})

t.test('a server is bundled, and its bundle used while its sources are the same', async (t) => {
  const checkout = new Checkout(t)
  t.match(await checkout.setUp(), { code: 0 })
  const bundle = checkout.path('.cache/worker/serve-worker.mjs')
  const source = checkout.path('src/cli/serve-worker.ts')
  t.match(
    await checkout.run('node', [bundle]),
    { stdout: `${pathToFileURL(source)}\n` },
    'it finds its files',
  )

  checkout.write(
    'src/cli/main.ts',
    'console.log(process.env.RANKER_SERVE_WORKER satisfies string | undefined)',
  )
  const named = async (command: string) =>
    (await checkout.run('node', ['scripts/ranker.mjs', command])).stdout
  t.equal(await named('serve'), `${bundle}\n`)
  t.equal(await named('train'), 'undefined\n', 'others have no use for it')
  checkout.write('src/cli/serve-worker.ts', 'console.log("changed")')
  t.equal(await named('serve'), '\n', 'sources that have changed are served as they are')
  t.match(await checkout.setUp(), { code: 0, stderr: /^setup: bundling the server\nsetup: ready\n$/ })
  t.match(await checkout.run('node', [await named('serve').then((path) => path.trim())]), {
    stdout: 'changed\n',
  })
  rmSync(bundle)
  t.equal(await named('serve'), '\n')
})

t.test('set-up says what is missing', async (t) => {
  t.test('no pip', async (t) => {
    const checkout = new Checkout(t, { npm: fakeNpm, python3: 'echo "No module named pip" >&2; exit 1' })
    const { code, stderr } = await checkout.setUp()
    t.equal(code, 1)
    t.match(stderr, /there is no pip: install Python 3 with pip/)
    t.strictSame(readdirSync(checkout.path('.cache')), [])

    const own = await checkout.setUp({ RANKER_XGBOOST_LIB: '/somewhere/libxgboost.so' })
    t.match(own, { code: 0, stderr: /setup: ready/ }, 'none is needed with a library of one’s own')
  })

  t.test('an old pip', async (t) => {
    const checkout = new Checkout(t, {
      npm: fakeNpm,
      python3: 'echo "pip 18.1 from /somewhere (python 3.6)"',
    })
    t.match(await checkout.setUp(), {
      code: 1,
      stderr: /python3 -m pip is 18\.1: upgrade it to pip 19\.3 or later/,
    })
    checkout.tool('pip', fakePython.replace('*--version) ;;', '*--version) echo "pip 26.0 from x" ;;'))
    t.match(await checkout.setUp(), { code: 0 }, 'another one is taken')
  })

  t.test('no index', async (t) => {
    const noIndex =
      'case "$*" in *--version) ;; *) echo "ERROR: Name or service not known" >&2; exit 1 ;; esac'
    const checkout = new Checkout(t, { npm: fakeNpm, pip: noIndex })
    const { code, stderr } = await checkout.setUp()
    t.equal(code, 1)
    t.match(
      stderr,
      'pip download failed (exit code 1): there is no network, or no way to the registry\n  ERROR: Name or service not known\n',
    )
    t.match(stderr, /pip used your own settings/)
    t.strictSame(readdirSync(checkout.path('.cache')), [])

    checkout.tool('python3', fakePython)
    t.match(await checkout.setUp(), { code: 0 }, 'the next run goes on from there')
  })

  t.test('another wheel', async (t) => {
    const checkout = new Checkout(t)
    checkout.write('scripts/xgboost-requirements.txt', 'xgboost-cpu==3.4.1 --hash=sha256:0123')
    const { code, stderr } = await checkout.setUp()
    t.equal(code, 1)
    t.match(stderr, /xgboost_cpu-3.4.1.whl is not the file pinned in .*: its sha256 differs/)
    t.strictSame(readdirSync(checkout.path('.cache')), [])
  })

  t.test('no npm', async (t) => {
    const checkout = new Checkout(t, {})
    t.match(await checkout.setUp(), { code: 1, stderr: /npm is not there: install Node with npm/ })
  })

  t.test('no registry', async (t) => {
    const checkout = new Checkout(t, { npm: 'echo "npm error code ENOTFOUND" >&2; exit 1' })
    const { code, stderr } = await checkout.setUp()
    t.equal(code, 1)
    t.match(
      stderr,
      'npm ci failed (exit code 1): there is no network, or no way to the registry\n  npm error code ENOTFOUND\nnpm used your own settings',
    )
  })

  t.test('an npm that installs nothing', async (t) => {
    const checkout = new Checkout(t, { npm: 'exit 0' })
    t.match(await checkout.setUp(), {
      code: 1,
      stderr: /node_modules does not hold what package-lock.json lists/,
    })
  })
})

t.test('set-up under an old Node', skipWithoutOldNode, async (t) => {
  const junk = `
while [ "$1" != --pack-destination ]; do shift; done
echo no >"$2/node-linux-${process.arch}-24.21.0.tgz"`
  const checkout = new Checkout(t, { npm: junk })
  const { code, stderr } = await checkout.setUp({}, oldNode)
  t.equal(code, 1)
  t.match(stderr, /setup: fetching Node 24.21.0, since .* does not run TypeScript/)
  t.match(stderr, /is not the package pinned in .*: its sha512 differs/)
  t.strictSame(readdirSync(checkout.path('.cache')), [])
})

t.test('set-ups in one folder take turns', async (t) => {
  const checkout = new Checkout(t)
  const readLock = () => readlinkSync(checkout.path('.cache/setup.lock'))
  const other = checkout.start('sleep', ['60'])
  t.teardown(() => other.kill())
  const start = readFileSync(`/proc/${other.pid}/stat`, 'latin1').split(' ')[21]
  mkdirSync(checkout.path('.cache'))
  symlinkSync(`${other.pid}:${start}`, checkout.path('.cache/setup.lock'))
  const waiting = checkout.start(process.execPath, ['scripts/setup.mjs'])
  await seen(waiting.stderr!, /waiting for another set-up/)
  t.strictSame(checkout.calls(), [], 'while a process of the other lives')
  other.kill()
  t.strictSame(await once(waiting, 'exit'), [0, null], 'and it takes over when that has ended')

  rmSync(checkout.path('node_modules'), { recursive: true })
  symlinkSync(`${process.pid}:1`, checkout.path('.cache/setup.lock'))
  const { code, stderr } = await checkout.setUp()
  t.equal(code, 0)
  t.notMatch(stderr, /waiting/, 'a process that only has the number of a dead one is not waited for')

  checkout.tool('npm', `[ -e first ] || { echo >first; exec sleep 60; }; ${fakeNpm}`)
  rmSync(checkout.path('node_modules'), { recursive: true })
  const killed = checkout.start(process.execPath, ['scripts/setup.mjs'])
  while (!existsSync(checkout.path('first')) || !readLock().includes(',')) await setTimeout(20)
  const npm = Number(readLock().split(',')[1]?.split(':')[0])
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const next = checkout.start(process.execPath, ['scripts/setup.mjs'])
  await seen(next.stderr!, /waiting for another set-up/)
  t.pass('a killed set-up’s npm is waited for')
  process.kill(npm)
  t.strictSame(await once(next, 'exit'), [0, null])
})

t.test('executables', async (t) => {
  const printArguments =
    'const args: string[] = process.argv.slice(2)\nconsole.log(args.join(), process.pid)\n'
  for (const [label, node] of [
    ['this Node', process.execPath],
    ['an old Node', oldNode],
  ] as const) {
    t.test(label, node ? {} : skipWithoutOldNode, async (t) => {
      const checkout = new Checkout(t)
      for (const executable of ['scripts/ranker', 'container/train', 'container/serve']) {
        const { code, stdout, stderr } = await checkout.run(checkout.path(executable), ['x'], {}, node)
        t.match(
          { code, stdout, stderr },
          { code: 1, stdout: '', stderr: /: run npm run setup first\n$/ },
          executable,
        )
      }
      checkout.pretendSetUp(printArguments)
      symlinkSync(checkout.path('container/train'), checkout.path('link'))
      t.match(await checkout.run(checkout.path('scripts/ranker'), ['score', '-x'], {}, node), {
        stdout: /^score,-x /,
      })
      t.match(await checkout.run(checkout.path('link'), ['-x'], {}, node), { stdout: /^train,-x / })
      t.match(await checkout.run(checkout.path('container/serve'), [], {}, node), { stdout: /^serve / })
      rmSync(checkout.path('node_modules'), { recursive: true })
      t.match(await checkout.run('container/serve', [], {}, node), {
        code: 1,
        stderr: /the packages are not installed: run npm run setup first/,
      })
    })
  }

  t.test('one process under a Node that will do', async (t) => {
    const checkout = new Checkout(t)
    checkout.pretendSetUp(printArguments)
    const child = checkout.start(checkout.path('container/serve'), [])
    t.equal(await text(child.stdout!), `serve ${child.pid}\n`)
  })
})

t.test('an old Node stands for the new one', skipWithoutOldNode, async (t) => {
  const serve = `
    let signals: number = 0
    process.on('SIGTERM', () => {
      signals += 1
      setTimeout(() => process.exit(40 + signals), 100)
    })
    process.on('SIGHUP', () => process.kill(process.pid, 'SIGKILL'))
    setInterval(() => {}, 1000)
    console.log('ready')`
  const checkout = new Checkout(t)
  checkout.pretendSetUp(serve)
  const start = async () => {
    const child = checkout.start(checkout.path('container/serve'), [], {}, oldNode)
    t.teardown(() => child.kill('SIGKILL'))
    await seen(child.stdout!, /ready/)
    return child
  }

  const told = await start()
  told.kill('SIGTERM')
  t.strictSame(await once(told, 'exit'), [41, null], 'signals go down, once, and exit codes come up')

  const hit = await start()
  hit.kill('SIGHUP')
  t.strictSame(await once(hit, 'exit'), [137, null], 'a death by signal is 128 and its number')

  const killed = await start()
  killed.kill('SIGKILL')
  await once(killed.stdout!, 'close')
  t.pass('the new one ends with it')
})

t.test('.ci/run', async (t) => {
  // Of one suite: what it does, and what is counted as passed, failed and skipped.
  const cases = [
    ['all pass', 'echo "# { total: 6, pass: 6 }"', [6, 0, 0]],
    ['some fail', 'echo "# { total: 6, pass: 4, fail: 2 }"; exit 1', [4, 2, 0]],
    ['some are skipped', 'echo "# { total: 6, pass: 3, todo: 1, skip: 2 }"', [3, 0, 3]],
    ['the last summary counts', 'echo "# { total: 1, fail: 1 }"; echo "# { total: 1, pass: 1 }"', [1, 0, 0]],
    ['no test ran', 'echo "# no tests"', [0, 1, 0]],
    ['a bad end', 'echo "# { total: 6, pass: 6 }"; exit 1', [6, 1, 0]],
  ] as const
  const text = readFileSync(join(repository, '.ci/run'), 'utf8')
  const suites = Array.from(text.matchAll(/^suite (.+)$/gm), ([, words]) => words!)
  t.ok(suites.includes('test') && suites.includes('run test:image'))
  const checkout = new Checkout(t, {})
  // Every other suite has one test, which passes; so have the benchmarks; packages that cannot be installed are one
  // that is skipped.
  const others = 'run\\ check) ;; --prefix*) exit 1 ;; *) echo "# { total: 1, pass: 1 }" ;;'
  const line = ([passed, failed, skipped]: readonly [number, number, number]) =>
    `${passed + suites.length} passed, ${failed} failed, ${skipped + 1} skipped`
  for (const suite of ['test', 'run test:image']) {
    for (const [name, does, counts] of cases) {
      checkout.tool('npm', `case "$*" in "${suite}") ${does} ;; ${others} esac`)
      const result = await checkout.run(checkout.path('.ci/run'))
      t.equal(result.code, counts[1] === 0 ? 0 : 1, `${suite}: ${name}`)
      t.equal(result.stdout.trimEnd().split('\n').at(-1), line(counts), `${suite}: ${name}`)
    }
  }
  checkout.tool('npm', `case "$*" in run\\ check) exit 2 ;; ${others} esac`)
  const result = await checkout.run(checkout.path('.ci/run'))
  t.match(result, { code: 1 })
  t.equal(result.stdout.trimEnd().split('\n').at(-1), line([1, 1, 0]), 'a failed check is one more')
})

t.test('no script hangs on another by its name', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    scripts: object
  }
  const hooks = Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))
  t.strictSame(hooks, [], '.npmrc sets ignore-scripts, and npm then leaves out pre and post scripts')
})
