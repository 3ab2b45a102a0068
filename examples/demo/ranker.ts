import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { freePort } from '../../scripts/free-port.ts'

const RANKER = join(import.meta.dirname, '../../src/cli/main.ts')

/** Answer of `/invocations` to one query. */
export interface Ranking {
  readonly ranking: readonly { readonly id: string; readonly rank: number; readonly score: number }[]
}

/** A running server. */
export interface Server {
  /** Milliseconds from start to the first good ping. */
  readonly readyMs: number
  /** Of `/invocations`. */
  readonly url: string
  invoke(body: object): Promise<Ranking>
  stop(): Promise<void>
}

function start(command: string, flags: Readonly<Record<string, string>>): ChildProcess {
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  // The demo is the same for all: settings that somebody has for a model of their own are not for this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SAGEMAKER_|MAX_CONTENT_LENGTH$)/.test(name)),
  )
  const child = spawn(process.execPath, [RANKER, command, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Asked kindly, a training would write what it has learnt into the folder that is gone by then.
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}

/** Runs `ranker train` to its end. @returns the metric line of each round. */
export async function train(output: string, flags: Readonly<Record<string, string>>): Promise<string[]> {
  const child = start('train', { ...flags, output })
  const [lines, errors, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit'),
  ])
  if (code !== 0) throw new Error(`ranker train ended with ${code}:\n${errors}`)
  return lines.trimEnd().split('\n')
}

/** Starts `ranker serve` on a free port of this machine and waits until it is ready. */
export async function serve(model: string): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const started = performance.now()
  const child = start('serve', { 'model-path': model, host: '127.0.0.1', port: String(port) })
  const exited = once(child, 'exit')
  let log = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => (log = `${log}${chunk}`.slice(-4000)))
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  for (let attempt = 0; ; attempt++) {
    const status = await fetch(`${url}/ping`).then(
      (response) => response.status,
      () => 0,
    )
    if (status === 200) break
    if (child.exitCode !== null || attempt === 400) {
      await stop()
      throw new Error(`ranker serve did not get ready:\n${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return {
    readyMs: Math.round(performance.now() - started),
    url: `${url}/invocations`,
    async invoke(body) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/invocations`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      if (!response.ok) throw new Error(`/invocations answered ${response.status}: ${await response.text()}`)
      return (await response.json()) as Ranking
    },
    stop,
  }
}
