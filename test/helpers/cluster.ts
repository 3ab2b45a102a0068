import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { writeTree } from './command.ts'
import { hashesIn, type RunningJob, startJob } from './job.ts'
import { emptyFolder } from './model.ts'

export interface ClusterOptions {
  /** Names or addresses of this machine; the first one leads. */
  readonly names: readonly string[]
  readonly hyperparameters: object
  /** Files below input/data of each host. */
  readonly data: (name: string) => Readonly<Record<string, string>>
  readonly inputDataConfig?: object
  /** Files of single hosts that replace those that all have. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string | object>>>>
  /** Whether each host has a folder for checkpoints. */
  readonly checkpoints?: boolean
  /** RANKER_HOST_TIMEOUT, in seconds. */
  readonly timeout?: number
  readonly port?: number
}

/** A training job on several machines: each has a folder and a process of its own. */
export class Cluster {
  readonly names: readonly string[]
  readonly port: number
  readonly #t: Test
  readonly #root: string
  readonly #timeout: number
  readonly #running = new Map<string, RunningJob>()

  private constructor(t: Test, { names, timeout = 20 }: ClusterOptions, port: number) {
    this.names = names
    this.port = port
    this.#t = t
    this.#root = emptyFolder(t)
    this.#timeout = timeout
  }

  static async create(t: Test, options: ClusterOptions): Promise<Cluster> {
    const { names, hyperparameters, data, inputDataConfig = { train: {}, validation: {} }, files } = options
    const cluster = new Cluster(t, options, options.port ?? (await freePort()))
    for (const name of names) {
      const config: Record<string, object> = {
        'hyperparameters.json': hyperparameters,
        // Neither the order in the file matters, nor an interface that is not there.
        'resourceconfig.json': {
          current_host: name,
          hosts: names.toReversed(),
          network_interface_name: 'nope0',
        },
        'inputdataconfig.json': inputDataConfig,
        ...(options.checkpoints && {
          'checkpointconfig.json': { LocalPath: cluster.path(name, 'checkpoints') },
        }),
      }
      writeTree(cluster.path(name, 'input/config'), config)
      writeTree(cluster.path(name, 'input/data'), data(name))
      writeTree(cluster.path(name), files?.[name] ?? {})
    }
    return cluster
  }

  path(name: string, ...path: string[]): string {
    return join(this.#root, name, ...path)
  }

  env(name: string): Record<string, string> {
    return {
      RANKER_TRACKER_PORT: String(this.port),
      RANKER_HOST_TIMEOUT: String(this.#timeout),
      SAGEMAKER_BASE_DIR: this.path(name),
      // Many short processes: half of each would be spent on reading the same sources.
      NODE_COMPILE_CACHE: join(tmpdir(), 'cluster-compile-cache'),
    }
  }

  /** @param entry `main` is the process that trains alone, for what is done to it. */
  start(names = this.names, entry: 'container/train' | 'main' = 'main'): void {
    for (const name of names) {
      this.#running.set(name, startJob(this.#t, this.path(name), entry, this.env(name)))
    }
  }

  kill(name: string, signal: NodeJS.Signals): void {
    this.#running.get(name)!.child.kill(signal)
  }

  /** Waits until the leader has said how this round went. */
  round(round: number): Promise<boolean> {
    return this.#running.get(this.names[0]!)!.seen(new RegExp(`^\\[${round}\\]`, 'm'))
  }

  /** How the process of a host ended, and what it left. */
  async end(name: string) {
    return { ...(await this.#running.get(name)!.ended), ...this.left(name) }
  }

  ends(names = this.names) {
    return Promise.all(names.map((name) => this.end(name)))
  }

  /** What a host left: the model's files with their hashes, and why it failed. */
  left(name: string) {
    const failure = this.path(name, 'output/failure')
    return {
      model: hashesIn(this.path(name, 'model')),
      failure: existsSync(failure) ? readFileSync(failure, 'utf8') : '',
    }
  }
}
