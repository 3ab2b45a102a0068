import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { writeTree } from './command.ts'
import { freePort } from './free-port.ts'

const executable = join(import.meta.dirname, '../../container/train')

export interface ClusterOptions {
  /** Names or addresses of this machine; the first in sorted order leads. */
  readonly names: readonly string[]
  readonly hyperparameters: object
  /** Files below input/data of each host. */
  readonly data: (name: string) => Readonly<Record<string, string>>
  readonly inputDataConfig?: object
  /** Files of single hosts that replace those that all have. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string | object>>>>
  /** RANKER_HOST_TIMEOUT, in seconds. */
  readonly timeout?: number
  readonly port?: number
}

interface Running {
  readonly child: ChildProcess
  stdout: string
  stderr: string
}

/** A training job on several machines: each has a folder and a process of its own. */
export class Cluster {
  readonly names: readonly string[]
  readonly port: number
  readonly #root: string
  readonly #timeout: number
  readonly #running = new Map<string, Running>()

  private constructor(t: Test, { names, timeout = 20 }: ClusterOptions, port: number) {
    this.names = names
    this.port = port
    this.#root = mkdtempSync(join(tmpdir(), 'cluster-'))
    this.#timeout = timeout
    t.teardown(() => {
      for (const { child } of this.#running.values()) child.kill('SIGKILL')
      rmSync(this.#root, { recursive: true, force: true })
    })
  }

  static async create(t: Test, options: ClusterOptions): Promise<Cluster> {
    const { names, hyperparameters, data, inputDataConfig = { train: {}, validation: {} }, files } = options
    const cluster = new Cluster(t, options, options.port ?? (await freePort()))
    for (const name of names) {
      writeTree(cluster.path(name), {
        'input/config/hyperparameters.json': hyperparameters,
        // Neither the order in the file matters, nor an interface that is not there.
        'input/config/resourceconfig.json': {
          current_host: name,
          hosts: names.toReversed(),
          network_interface_name: 'nope0',
        },
        'input/config/inputdataconfig.json': inputDataConfig,
        ...files?.[name],
      })
      writeTree(cluster.path(name, 'input/data'), data(name))
    }
    return cluster
  }

  path(name: string, ...path: string[]): string {
    return join(this.#root, name, ...path)
  }

  env(name: string): Record<string, string | undefined> {
    return {
      PATH: process.env.PATH,
      RANKER_XGBOOST_LIB: process.env.RANKER_XGBOOST_LIB,
      RANKER_TRACKER_PORT: String(this.port),
      RANKER_HOST_TIMEOUT: String(this.#timeout),
      SAGEMAKER_BASE_DIR: this.path(name),
    }
  }

  start(names = this.names): void {
    for (const name of names) {
      const child = spawn(process.execPath, [executable], {
        // Many short processes: half of each would be spent on reading the same sources.
        env: { ...this.env(name), NODE_COMPILE_CACHE: join(tmpdir(), 'cluster-compile-cache') },
      })
      const running = { child, stdout: '', stderr: '' }
      child.stdout.on('data', (text) => {
        running.stdout += text
      })
      child.stderr.on('data', (text) => {
        running.stderr += text
      })
      this.#running.set(name, running)
    }
  }

  kill(name: string, signal: NodeJS.Signals): void {
    this.#running.get(name)!.child.kill(signal)
  }

  /** Waits until the leader has said how this round went. */
  async round(round: number): Promise<void> {
    const leader = this.#running.get(this.names[0]!)!
    while (!leader.stdout.includes(`[${round}]`) && leader.child.exitCode === null) await sleep(10)
  }

  /** How the process of a host ended, and what it left. */
  async end(name: string) {
    const running = this.#running.get(name)!
    const { child } = running
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    return { code: child.exitCode, stdout: running.stdout, stderr: running.stderr, ...this.left(name) }
  }

  /** What a host left. */
  left(name: string) {
    const [model, failure] = [this.path(name, 'model'), this.path(name, 'output/failure')]
    return {
      model: existsSync(model) ? readdirSync(model).sort() : [],
      failure: existsSync(failure) ? readFileSync(failure, 'utf8') : '',
    }
  }

  ends(names = this.names) {
    return Promise.all(names.map((name) => this.end(name)))
  }
}
