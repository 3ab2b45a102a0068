import type { ChildProcess } from 'node:child_process'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import { RankerError } from '../../errors.ts'
import { memoryOfContainer } from '../../storage/memory.ts'
import type { MetricsData } from '../metrics.ts'
import type { ModelHost } from '../models/model-host.ts'
import { Registry } from '../models/registry.ts'
import type { ServeSettings } from '../settings.ts'
import { Calls } from './calls.ts'
import { within } from './within.ts'

export interface SupervisorOptions {
  readonly settings: ServeSettings
  /** The module that a worker runs; the settings are its first argument, as JSON. */
  readonly workerEntry: string
  /** What the workers' stdout and stderr are: a file descriptor, or where it is piped to. */
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Made when there is something to log: a worker starts sooner when nothing is loaded before it. */
  readonly openLog: () => Promise<FastifyBaseLogger>
  readonly stop: AbortSignal
}

/** Deaths of workers within so many seconds that end the server, for each worker. */
const MOST_DEATHS = 5
const DEATHS_SECONDS = 60
/** The platform kills 30 s after SIGTERM. */
const DRAIN_MS = 24_000
/** A worker that is too busy to count is left out of the metrics. */
const METRICS_MS = 1000

/** A worker that is alive. */
interface Member {
  readonly worker: Worker
  readonly calls: Calls
  /** Whether its model is loaded, so that it may be given models and connections. */
  isReady: boolean
}

/**
 * Runs the processes that serve a port: one at first, which listens at once and says why it is not ready yet; the rest
 * when that one is ready, each listening when it is ready itself. One that dies is replaced at once.
 * @returns when all of them have drained, after `stop`
 * @throws {RankerError} LISTEN_FAILED, or WORKERS_DIED when they keep dying.
 */
export async function superviseWorkers(options: SupervisorOptions): Promise<void> {
  const supervisor = new Supervisor(options)
  await supervisor.run()
}

class Supervisor {
  readonly #options: SupervisorOptions
  readonly #members = new Set<Member>()
  readonly #registry: Registry
  /** Times of deaths, in milliseconds. */
  #deaths: number[] = []
  /** Nothing is started any more. */
  #ending = false
  #end: { resolve(): void; reject(error: Error): void } | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    const { settings } = options
    this.#registry = new Registry({
      hosts: () => [...this.#members].filter(({ isReady }) => isReady).map(({ calls }) => hostOver(calls)),
      root: settings.modelsRoot ?? '',
      memory: memoryOfContainer(),
      program: settings.program,
    })
  }

  async run(): Promise<void> {
    const { settings, workerEntry, stop, stdout, stderr } = this.#options
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({
      exec: workerEntry,
      args: [JSON.stringify(settings)],
      serialization: 'advanced',
      // Where workers would only be piped through this process, they write to its files themselves.
      stdio: ['ignore', fileOf(stdout), fileOf(stderr), 'ipc'],
    })
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = { resolve, reject }
    })
    const drain = () => void this.#drain()
    stop.addEventListener('abort', drain)
    if (stop.aborted) drain()
    else this.#fork({ listens: true })
    try {
      await ended
    } finally {
      stop.removeEventListener('abort', drain)
      this.#ending = true
      for (const { worker } of this.#members) worker.process.kill('SIGKILL')
      await Promise.all([...this.#members].map(({ worker }) => once(worker, 'exit')))
    }
  }

  /** @param how whether it listens before its model is loaded */
  #fork({ listens }: { listens: boolean }): void {
    const worker = cluster.fork({ RANKER_LISTENS: listens ? '1' : '' })
    const { stdout, stderr } = worker.process as ChildProcess
    stdout?.pipe(this.#options.stdout, { end: false })
    stderr?.pipe(this.#options.stderr, { end: false })
    const calls = new Calls((message) => worker.send(message, () => {}), {
      ready: () => this.#onReady(member),
      listenFailed: (reason: string) => this.#end?.reject(this.#listenFailed(reason)),
      metrics: () => this.#metricsOfOthers(member),
      load: ([name, url]: [unknown, unknown]) => this.#registry.load(name, url),
      unload: (name: string) => this.#registry.unload(name),
      describe: (name: string) => this.#registry.describe(name),
      list: ([token, limit]: [unknown, unknown]) => this.#registry.list(token, limit),
    })
    const member: Member = { worker, calls, isReady: false }
    this.#members.add(member)
    worker.on('message', (message) => calls.receive(message))
    worker.on('error', () => {})
    worker.once('exit', (code, signal) => this.#onExit(member, signal ? `by ${signal}` : `with code ${code}`))
  }

  /** @returns when the worker may listen */
  async #onReady(member: Member): Promise<void> {
    await this.#registry.fill(hostOver(member.calls), () => {
      member.isReady = true
    })
    if (this.#ending) return
    while (this.#members.size < this.#options.settings.workers) this.#fork({ listens: false })
  }

  #onExit(member: Member, how: string): void {
    this.#members.delete(member)
    member.calls.fail(new RankerError('PROCESS_ENDED', { how: `ended ${how}` }))
    if (this.#ending) {
      if (this.#members.size === 0) this.#end?.resolve()
      return
    }
    const now = performance.now()
    this.#deaths = [...this.#deaths.filter((at) => now - at < 1000 * DEATHS_SECONDS), now]
    const deaths = this.#deaths.length
    const pid = member.worker.process.pid
    if (deaths >= MOST_DEATHS * this.#options.settings.workers) {
      this.#end?.reject(new RankerError('WORKERS_DIED', { deaths, seconds: DEATHS_SECONDS, how }))
      return
    }
    // One that listens and says why it is not ready is better than none.
    this.#fork({ listens: this.#members.size === 0 })
    void this.#log((log) => log.error({ pid, how, deaths }, 'a worker ended: another one takes its place'))
  }

  async #drain(): Promise<void> {
    this.#ending = true
    await this.#log((log) => log.info({ signal: this.#options.stop.reason }, 'draining'))
    if (this.#members.size === 0) this.#end?.resolve()
    for (const { calls } of this.#members) calls.tell('drain')
    setTimeout(() => {
      for (const { worker } of this.#members) worker.process.kill('SIGKILL')
    }, DRAIN_MS).unref()
  }

  async #metricsOfOthers(asking: Member): Promise<MetricsData[]> {
    const others = [...this.#members].filter((member) => member !== asking && member.isReady)
    const all = others.map(({ calls }) =>
      within(METRICS_MS, calls.call<MetricsData>('metrics'), () => new Error('it is busy')).catch(
        () => undefined,
      ),
    )
    return (await Promise.all(all)).filter((data) => data !== undefined)
  }

  #listenFailed(reason: string): RankerError {
    const { host, port } = this.#options.settings
    return new RankerError('LISTEN_FAILED', { address: `${host}:${port}`, reason })
  }

  async #log(write: (log: FastifyBaseLogger) => void): Promise<void> {
    write(await this.#options.openLog())
  }
}

function hostOver(calls: Calls): ModelHost {
  return {
    open: (name, path) => calls.call('open', [name, path]),
    close: (name) => calls.call('close', name),
  }
}

function fileOf(stream: NodeJS.WritableStream): number | 'pipe' {
  return (stream as { fd?: number }).fd ?? 'pipe'
}
