import { type ChildProcess, fork } from 'node:child_process'
import type { Environment, ServeSettings } from '../settings.ts'

export interface ForkOptions {
  readonly settings: ServeSettings
  /** The module that a worker runs. */
  readonly workerEntry: string
  /** What the workers' stdout and stderr are: a file descriptor, or where it is piped to. */
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Of the workers. */
  readonly env: Environment
}

/** What a worker is started with, as its first argument in JSON. */
export interface WorkerPlan {
  readonly settings: ServeSettings
  /** Whether it is given connections before its model is loaded. */
  readonly takes: boolean
}

/**
 * Bodies and rows lie outside of V8's heap and are freed when it looks through its young objects. With a young
 * generation of the usual size it does so too seldom: collections of everything take a third of the time then, and a
 * worker has 30 MB more.
 */
const YOUNG_GENERATION = '--max-semi-space-size=2'

/**
 * What is freed goes back to the kernel, which counts it: a model that was unloaded, and the larger parts of what loading
 * took. glibc keeps both by default, once something large was freed. It costs requests of over 128 KiB some time, which
 * where models come and go is worth it.
 */
const GIVE_BACK = {
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '2',
}

/**
 * Starts a process that serves. Its messages wait until somebody listens to them.
 * @param takes whether it is given connections before its model is loaded
 */
export function forkWorker(
  { settings, workerEntry, stdout, stderr, env }: ForkOptions,
  takes: boolean,
): ChildProcess {
  const child = fork(workerEntry, [JSON.stringify({ settings, takes } satisfies WorkerPlan)], {
    serialization: 'advanced',
    execArgv: [...process.execArgv, YOUNG_GENERATION],
    env: { ...(settings.modelsRoot !== undefined && GIVE_BACK), ...env },
    // What need not be piped through this process, workers write themselves.
    stdio: ['ignore', fileOf(stdout), fileOf(stderr), 'ipc'],
  })
  child.stdout?.pipe(stdout, { end: false })
  child.stderr?.pipe(stderr, { end: false })
  child.on('error', () => {})
  return child
}

function fileOf(stream: NodeJS.WritableStream): number | 'pipe' {
  return (stream as { fd?: number }).fd ?? 'pipe'
}
