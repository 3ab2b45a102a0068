import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { RankerError } from '../../errors.ts'
import { memoryOfContainer } from '../../storage/memory.ts'
import type { MetricsData } from '../metrics.ts'
import type { ModelHost } from '../models/model-host.ts'
import { Registry } from '../models/registry.ts'
import { Calls } from './calls.ts'
import { type ForkOptions, forkWorker } from './fork-worker.ts'
import { within } from './within.ts'
import { WorkerMetrics } from './worker-metrics.ts'

export interface SupervisorOptions extends ForkOptions {
  /** The first worker, started before the supervisor's own modules were loaded. */
  readonly first: ChildProcess
  /** Called when there is something to log: a worker starts sooner if nothing is loaded before it. */
  readonly openLog: () => Promise<FastifyBaseLogger>
  readonly stop: AbortSignal
}

/** Deaths of workers within so many seconds that end the server, for each worker. */
const MOST_DEATHS = 5
const DEATHS_SECONDS = 60
/** The platform kills 30 s after SIGTERM. */
const DRAIN_MS = 24_000
/** Most turns of the event loop spent on connections that still wait at the end. */
const MOST_TURNS = 1000
/** After this long, the last metrics of a busy worker are used. */
const METRICS_MS = 1000

/** What is sent to a worker along with a connection. */
export interface Connection {
  readonly kind: 'connection'
  readonly id: number
  /** How many come behind it. */
  readonly behind: number
}

/** A worker that is alive. */
interface Member {
  readonly child: ChildProcess
  readonly calls: Calls
  /** Whether it has its models, so that it must also load the ones that are added from now on. */
  isReady: boolean
  /** Whether it is given connections. */
  takes: boolean
  /** Connections that it has not yet taken; the first is being sent. */
  readonly sent: Map<number, Socket>
  /** Called when it has taken all of them. */
  onEmpty: () => void
}

/**
 * Holds a port and runs the processes that serve it: one at first, which is given connections at once and says why it is
 * not ready yet; the rest when that one is ready, each given connections when it is ready itself. One that dies is
 * replaced at once; connections that it had not taken go to another one.
 * @returns when all of them have drained, after `stop`
 * @throws {RankerError} LISTEN_FAILED, or WORKERS_DIED when they keep dying.
 */
export async function superviseWorkers(options: SupervisorOptions): Promise<void> {
  const supervisor = new Supervisor(options)
  await supervisor.run()
}

class Supervisor {
  readonly #options: SupervisorOptions
  /** In the order of their turns. */
  readonly #members = new Set<Member>()
  readonly #registry: Registry
  readonly #metrics = new WorkerMetrics<Member>()
  readonly #server: Server
  /** Connections for which there is no worker yet. */
  #waiting: Socket[] = []
  #lastConnection = 0
  /** Times of deaths, in milliseconds. */
  #deaths: number[] = []
  /** Nothing is started any more. */
  #ending = false
  #end: { resolve(): void; reject(error: Error): void } | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    const { settings } = options
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#hand(socket))
    this.#registry = new Registry({
      hosts: () => [...this.#members].filter(({ isReady }) => isReady).map(({ calls }) => hostOver(calls)),
      root: settings.modelsRoot ?? '',
      memory: memoryOfContainer(),
      program: settings.program,
    })
  }

  async run(): Promise<void> {
    const { stop } = this.#options
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = { resolve, reject }
    })
    const drain = () => void this.#drain()
    stop.addEventListener('abort', drain)
    try {
      this.#adopt(this.#options.first)
      await this.#listen()
      if (stop.aborted) drain()
      await ended
    } finally {
      stop.removeEventListener('abort', drain)
      this.#ending = true
      this.#server.close()
      for (const socket of this.#waiting) socket.destroy()
      for (const { child } of this.#members) child.kill('SIGKILL')
      await Promise.all([...this.#members].map(({ child }) => once(child, 'exit')))
    }
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#options.settings
    this.#server.listen({ host, port })
    try {
      await once(this.#server, 'listening')
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      throw new RankerError(
        'LISTEN_FAILED',
        { address: `${host}:${port}`, reason: code ?? message },
        { cause },
      )
    }
    const { port: bound } = this.#server.address() as AddressInfo
    void this.#log((log) => log.info(`Server listening at http://${host}:${bound}`))
  }

  /** Sends a connection to the worker whose turn it is. */
  #hand(socket: Socket): void {
    socket.on('error', () => {})
    const member = [...this.#members].find(({ takes }) => takes)
    if (!member) {
      this.#waiting.push(socket)
      return
    }
    this.#members.delete(member)
    this.#members.add(member)
    member.sent.set(++this.#lastConnection, socket)
    if (member.sent.size === 1) this.#send(member)
  }

  /** One after the other, as Node would: a channel carries one handle at a time. */
  #send({ child, sent }: Member): void {
    const [first] = sent
    if (!first) return
    const [id, socket] = first
    const message: Connection = { kind: 'connection', id, behind: sent.size - 1 }
    // It stays open here until the worker confirms it: a worker that dies would take it along.
    child.send(message, socket, { keepOpen: true }, () => {})
  }

  #onTaken(member: Member, id: number): void {
    member.sent.get(id)?.destroy()
    member.sent.delete(id)
    if (member.sent.size === 0) member.onEmpty()
    this.#send(member)
  }

  #onTakes(member: Member): void {
    member.takes = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const socket of waiting) this.#hand(socket)
  }

  /** Watches over a worker. */
  #adopt(child: ChildProcess): void {
    const calls = new Calls((message) => child.send(message, () => {}), {
      takes: () => this.#onTakes(member),
      taken: (id: number) => this.#onTaken(member, id),
      leaving: () => this.#onLeaving(member),
      ready: () => this.#onReady(member),
      metrics: (own: MetricsData) => this.#metricsBeside(member, own),
      load: ([name, url]: [unknown, unknown]) => this.#registry.load(name, url),
      unload: (name: string) => this.#registry.unload(name),
      describe: (name: string) => this.#registry.describe(name),
      list: ([token, limit]: [unknown, unknown]) => this.#registry.list(token, limit),
    })
    const member: Member = { child, calls, isReady: false, takes: false, sent: new Map(), onEmpty: () => {} }
    this.#members.add(member)
    child.on('message', (message) => calls.receive(message))
    child.once('exit', (code, signal) => this.#onExit(member, signal ? `by ${signal}` : `with code ${code}`))
  }

  /**
   * The last worker is given everyone who has connected until now; later clients are refused rather than kept
   * waiting.
   */
  async #onLeaving(member: Member): Promise<void> {
    const isLast = ![...this.#members].some((other) => other !== member && other.takes)
    if (this.#ending && isLast) {
      await this.#acceptAll()
      this.#server.close()
    }
    member.takes = false
    // It takes them while it waits for the answer.
    if (member.sent.size > 0) await new Promise<void>((resolve) => (member.onEmpty = resolve))
  }

  /** Connections in the kernel's queue would be reset together with the port, and a turn accepts only one. */
  async #acceptAll(): Promise<void> {
    let accepted: number
    let turns = 0
    do {
      accepted = this.#lastConnection
      await nextTurn()
      await nextTurn()
    } while (this.#lastConnection > accepted && ++turns < MOST_TURNS)
  }

  /** @returns when the worker has all models */
  async #onReady(member: Member): Promise<void> {
    await this.#registry.fill(hostOver(member.calls), () => {
      member.isReady = true
    })
    if (this.#ending) return
    while (this.#members.size < this.#options.settings.workers) this.#adopt(forkWorker(this.#options, false))
  }

  #onExit(member: Member, how: string): void {
    this.#members.delete(member)
    this.#metrics.end(member)
    member.calls.fail(new RankerError('PROCESS_ENDED', { how: `ended ${how}` }))
    for (const socket of member.sent.values()) this.#hand(socket)
    if (this.#ending) {
      if (this.#members.size === 0) this.#end?.resolve()
      return
    }
    const now = performance.now()
    this.#deaths = [...this.#deaths.filter((at) => now - at < 1000 * DEATHS_SECONDS), now]
    const deaths = this.#deaths.length
    const { pid } = member.child
    if (deaths >= MOST_DEATHS * this.#options.settings.workers) {
      this.#end?.reject(new RankerError('WORKERS_DIED', { deaths, seconds: DEATHS_SECONDS, how }))
      return
    }
    // A worker that says why it is not ready is better than none.
    this.#adopt(forkWorker(this.#options, this.#members.size === 0))
    void this.#log((log) => log.error({ pid, how, deaths }, 'a worker ended: another one takes its place'))
  }

  async #drain(): Promise<void> {
    this.#ending = true
    await this.#log((log) => log.info({ signal: this.#options.stop.reason }, 'draining'))
    if (this.#members.size === 0) this.#end?.resolve()
    for (const { calls } of this.#members) calls.tell('drain')
    setTimeout(() => {
      for (const { child } of this.#members) child.kill('SIGKILL')
    }, DRAIN_MS).unref()
  }

  /**
   * The metrics of all workers except the one that asks, and of those that have ended. @param own the asking worker's
   */
  async #metricsBeside(asking: Member, own: MetricsData): Promise<MetricsData[]> {
    this.#metrics.tell(asking, own)
    const others = [...this.#members].filter((member) => member !== asking && member.isReady)
    const all = others.map((member) =>
      within(METRICS_MS, member.calls.call<MetricsData>('metrics'), () => new Error('it is busy')).then(
        (told) => this.#metrics.tell(member, told),
        () => this.#metrics.last(member),
      ),
    )
    return [...(await Promise.all(all)), this.#metrics.ofEnded]
  }

  async #log(write: (log: FastifyBaseLogger) => void): Promise<void> {
    write(await this.#options.openLog())
  }
}

function hostOver(calls: Calls): ModelHost {
  return {
    open: (name, path) => calls.call('open', [name, path]),
    // If its process has gone, the model has gone as well.
    close: (name) => calls.call<void>('close', name).catch(() => {}),
  }
}
