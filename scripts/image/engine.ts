import { type SpawnSyncOptions, spawnSync } from 'node:child_process'

/** What builds and runs images here: Docker where its daemon answers, else Podman, which needs none. */
export interface Engine {
  readonly command: 'docker' | 'podman'
  /** What `build` and `run` need beside the words that both share. */
  readonly buildFlags: readonly string[]
  readonly runFlags: readonly string[]
}

const ENGINES: readonly Engine[] = [
  { command: 'docker', buildFlags: [], runFlags: [] },
  {
    command: 'podman',
    // Health checks are no part of the OCI format; chroot is the isolation that asks the kernel for least.
    buildFlags: ['--format=docker', '--isolation=chroot', '--pull=never'],
    // Podman asks for higher limits than a user, or root in a sandbox, may set, and systemd to time its health checks.
    runFlags: ['--pull=never', '--no-healthcheck', '--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096'],
  },
]

/** @returns the first engine that answers, undefined where none does */
export function findEngine(): Engine | undefined {
  return ENGINES.find(({ command }) => succeeds(command, ['info']))
}

/** Runs a command quietly to its end. */
export function succeeds(command: string, args: readonly string[], options: SpawnSyncOptions = {}): boolean {
  return spawnSync(command, args, { stdio: 'ignore', ...options }).status === 0
}

/** Runs a command to its end, printing as it goes. @throws Error when it fails. */
export function run(command: string, args: readonly string[], options: SpawnSyncOptions = {}): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options })
  if (status !== 0)
    throw new Error(`${command} ${args[0]} failed: ${error?.message ?? `exit code ${status}`}`)
}

/** Runs a command to its end. @returns what it printed. @throws Error with its last words when it fails. */
export function outputOf(command: string, args: readonly string[], input?: string): string {
  const options = { encoding: 'utf8', maxBuffer: 1 << 28, ...(input !== undefined && { input }) } as const
  const { status, stdout, stderr, error } = spawnSync(command, args, options)
  if (status === 0) return stdout
  const words = error?.message ?? stderr.trimEnd().split('\n').slice(-12).join('\n')
  throw new Error(`${command} ${args[0]} failed:\n${words}`)
}
