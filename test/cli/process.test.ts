// What only a real process shows: pipes, signals, a full disk.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { modelFolder } from '../helpers/model.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const ROWS = 50_000

/** `ranker score` of standard input, as CSV. */
function score(t: Test, stdout: 'pipe' | number = 'pipe', env = process.env): ChildProcess {
  const argv = ['score', '--model-path', modelFolder(t), '--input', '-', '--format', 'csv']
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['pipe', stdout, 'pipe'], env })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

t.test('a slow reader gets the whole answer', async (t) => {
  const child = score(t)
  child.stdin!.end('9,4,1\n'.repeat(ROWS))
  // It has written what the pipe takes, and would be gone by then.
  await once(child.stdout!, 'readable')
  await delay(500)
  t.equal((await text(child.stdout!)).length, '1.5\n'.length * ROWS)
})

t.test('a reader that has seen enough is no failure', async (t) => {
  const child = score(t)
  child.stdin!.end('9,4,1\n'.repeat(ROWS))
  const exited = once(child, 'exit')
  await once(child.stdout!, 'readable')
  child.stdout!.destroy()
  t.same(await exited, [0, null])
})

t.test('an answer that cannot be written is', { skip: !existsSync('/dev/full') }, async (t) => {
  const child = score(t, openSync('/dev/full', 'w'))
  const exited = once(child, 'exit')
  child.stdin!.end('9,4,1\n')
  t.match(await text(child.stderr!), /^error: cannot write the answer: no space left on device \(ENOSPC\)\n$/)
  t.same(await exited, [1, null])
})

t.test('a signal ends it while its reader takes nothing', async (t) => {
  const child = score(t)
  const exited = once(child, 'exit')
  child.stdin!.end('9,4,1\n'.repeat(ROWS))
  await once(child.stdout!, 'readable')
  child.kill('SIGTERM')
  t.same(await exited, [143, null])
})

t.test('nothing is left in the home of its user, nor sent: ONNX Runtime has no telemetry', async (t) => {
  const home = t.testdir({})
  // There it is off by itself.
  const { CI, ORT_DISABLE_TELEMETRY, XDG_CACHE_HOME, ...env } = process.env
  const child = score(t, 'pipe', { ...env, HOME: home })
  child.stdin!.end('9,4,1\n')
  t.equal(await text(child.stdout!), '1.5\n')
  t.same(readdirSync(home), [])
})
