import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ChildOptions {
  /** Set on top of this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Told of every line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void
  /** Where to run. */
  readonly cwd?: string
  /** The child is ended after so many seconds. @default 900 */
  readonly timeout?: number
}

/** Children are ended with this process: a server that outlived its benchmark would disturb the next one. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Lines kept for the message when a child fails. */
const LAST_LINES = 12

/** A process that runs, and how it ends. */
export interface Child {
  readonly pid: number
  /** Every line of its stdout so far. */
  readonly stdout: readonly string[]
  /** Settles when it has ended; rejects with its last words unless it ended by itself with code 0. */
  readonly ended: Promise<void>
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>
}

/** Starts a process; its output is read line by line and shown to nobody. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const { env = {}, onLine, cwd, timeout = 900 } = options
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeout * 1000,
    killSignal: 'SIGKILL',
  })
  running.add(child)
  const stdout: string[] = []
  const last: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      if (stream === child.stdout) stdout.push(line)
      last.push(line)
      if (last.length > LAST_LINES) last.shift()
      onLine?.(line)
    })
  }
  let stopped = false
  const closed = once(child, 'close').finally(() => running.delete(child))
  const ended = closed.then(([code, signal]) => {
    if (code === 0 || stopped) return
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`
    throw new Error([`${[command, ...args].join(' ').slice(0, 200)} ${how}:`, ...last].join('\n  '))
  })
  // Whoever waits for it gets the rejection; a server that is only stopped has nobody waiting.
  ended.catch(() => {})
  return {
    pid: child.pid ?? -1,
    stdout,
    ended,
    async stop() {
      stopped = true
      child.kill('SIGTERM')
      await ended.catch(() => {})
    },
  }
}

/** Runs a process to its end. @returns the lines of its stdout. @throws with its last words when it fails. */
export async function runChild(
  command: string,
  args: readonly string[],
  options?: ChildOptions,
): Promise<readonly string[]> {
  const child = startChild(command, args, options)
  await child.ended
  return child.stdout
}
