import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

export interface ServeProcess {
  readonly port: number
  readonly url: string
  readonly child: ChildProcess
  /** What it logged so far. */
  readonly log: () => Record<string, unknown>[]
  /** Waits until `/ping` answers with the status. */
  readonly pinged: (status: number) => Promise<Response>
  readonly exited: Promise<[code: number | null, signal: string | null]>
}

/**
 * Runs the real process; it is killed after the test.
 * @param command what to run instead of `ranker serve`
 */
export async function serve(
  t: Test,
  modelPath: string,
  env: Record<string, string> = {},
  command = [process.execPath, MAIN, 'serve', '--model-path', modelPath],
): Promise<ServeProcess> {
  const port = Number(env.SAGEMAKER_BIND_TO_PORT ?? (await freePort()))
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...process.env, RANKER_HOST: '127.0.0.1', SAGEMAKER_BIND_TO_PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout!.on('data', (chunk) => {
    output += chunk
  })
  const url = `http://127.0.0.1:${port}`
  return {
    port,
    url,
    child,
    log: () =>
      output
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line)),
    exited: once(child, 'exit') as ServeProcess['exited'],
    pinged: async (status) => {
      for (let tries = 0; tries < 2400; tries++) {
        const answer = await fetch(`${url}/ping`, { headers: { connection: 'close' } }).catch(() => undefined)
        if (answer?.status === status) return answer
        await answer?.arrayBuffer()
        await delay(25)
      }
      throw new Error(`/ping never answered ${status}: ${output}`)
    },
  }
}

/** Processes that another one started and that live. */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean).map(Number)
}

/** Looks again and again until something is there. */
export async function waitFor<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 3000; tries++) {
    const found = look()
    if (found !== undefined) return found
    await delay(20)
  }
  throw new Error('waited in vain')
}
