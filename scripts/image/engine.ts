import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { env } from 'node:process'

/** What builds and runs images here: Docker where its daemon answers, else Podman, which needs none. */
export interface Engine {
  readonly command: 'docker' | 'podman'
  /** What `build` and `run` need beside the words that both engines share. */
  readonly buildFlags: readonly string[]
  readonly runFlags: readonly string[]
}

const ENGINES: readonly Engine[] = [
  { command: 'docker', buildFlags: [], runFlags: [] },
  {
    command: 'podman',
    // Health checks are no part of the OCI format. Chroot is the one isolation that needs no right to make containers.
    buildFlags: ['--format=docker', '--isolation=chroot', '--pull=never'],
    // Podman asks for higher limits than a user, or root in a sandbox, may set.
    runFlags: ['--ulimit=host', '--pull=never'],
  },
]

/** @returns the first engine that answers */
export function findEngine(): Engine | undefined {
  return ENGINES.find(({ command }) => call(command, ['info'], { stdio: 'ignore' }).status === 0)
}

/** Runs a command to its end. It prints to this process's streams unless told otherwise. */
export function call(command: string, args: readonly string[], options: SpawnSyncOptions = {}) {
  return spawnSync(command, args, { stdio: 'inherit', encoding: 'utf8', env, ...options })
}

/** Runs a command to its end. @returns what it printed. @throws Error with its last words when it fails. */
export function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = call(command, args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 })
  if (status === 0) return String(stdout)
  const words = error ? error.message : String(stderr).trimEnd().split('\n').slice(-12).join('\n')
  throw new Error(`${command} ${args[0]} failed:\n${words}`)
}
