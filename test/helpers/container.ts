import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { imageName, type Target } from '../../scripts/image/build.ts'
import { type Engine, findEngine, outputOf } from '../../scripts/image/engine.ts'

const found = findEngine()
if (!found) throw new Error('npm run test:image looks for docker or podman first')
export const engine: Engine = found

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Container {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly isRunning: () => boolean
  /** Both streams so far. */
  readonly log: () => string
  /** Sends a signal to its process 1. */
  readonly signal: (name: string) => void
  /** Runs a command in it. */
  readonly exec: (...args: string[]) => { code: number | null; stdout: string; stderr: string }
}

/**
 * Starts an image; it is removed after the test.
 * @param flags of `run`, such as mounts
 * @param args what the image is told to do
 */
export function startContainer(
  t: Test,
  target: Target,
  flags: readonly string[],
  args: readonly string[],
  input = '',
): Container {
  const name = `ranker-test-${randomUUID()}`
  const run = ['run', '--rm', '-i', '--name', name, ...engine.runFlags, ...flags, imageName(target), ...args]
  const child = spawn(engine.command, run, { stdio: 'pipe' })
  t.teardown(() => spawnSync(engine.command, ['rm', '-f', name], { stdio: 'ignore' }))
  child.stdin.end(input)
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code, ...output })),
    isRunning: () => child.exitCode === null,
    log: () => output.stdout + output.stderr,
    signal: (signal) => outputOf(engine.command, ['kill', '--signal', signal, name]),
    exec: (...command) => {
      const { status, stdout, stderr } = spawnSync(engine.command, ['exec', name, ...command], {
        encoding: 'utf8',
      })
      return { code: status, stdout, stderr }
    },
  }
}

/** Runs an image to its end, without a network. */
export function runContainer(
  t: Test,
  target: Target,
  flags: readonly string[],
  args: readonly string[],
  input?: string,
): Promise<Ended> {
  return startContainer(t, target, ['--network=none', ...flags], args, input).ended
}

export interface Server extends Container {
  readonly url: string
}

/** Starts `serve` on a free port of this machine. */
export async function startServer(t: Test, target: Target, flags: readonly string[]): Promise<Server> {
  const port = await freePort()
  const network = ['--network=host', '-e', 'RANKER_HOST=127.0.0.1', '-e', `SAGEMAKER_BIND_TO_PORT=${port}`]
  const container = startContainer(t, target, [...network, ...flags], ['serve'])
  return { ...container, url: `http://127.0.0.1:${port}` }
}

/** Pings until the answer has this status. @returns the statuses seen, without repetitions, and what the last one said. */
export async function pinged(
  { url, log, isRunning }: Server,
  wanted: number,
): Promise<{ seen: number[]; body: string }> {
  const seen: number[] = []
  for (const end = performance.now() + 30_000; performance.now() < end; await setTimeout(5)) {
    if (!isRunning()) break
    const answer = await fetch(`${url}/ping`).catch(() => undefined)
    if (!answer) continue
    if (seen.at(-1) !== answer.status) seen.push(answer.status)
    const body = await answer.text()
    if (answer.status === wanted) return { seen, body }
  }
  throw new Error(`no ping was answered ${wanted}, but ${seen}\n${log()}`)
}
