import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RankerError, reasonOf } from '../../errors.ts'
import type { HostPlan } from '../../sagemaker/hosts.ts'
import { PRODUCT } from '../../version.ts'
import { type HostLine, News, partsOf, silenceOf } from './line.ts'
import { HostLink, type Message } from './link.ts'

/** The leader's end of the line. */
export class LeaderLine implements HostLine {
  readonly news: News
  readonly hosts: HostPlan
  readonly #server: Server
  /** Those that have come, by name. */
  readonly #links = new Map<string, HostLink>()
  readonly #allCame = Promise.withResolvers<void>()
  readonly #done = new Set<string>()
  readonly #allDone = Promise.withResolvers<void>()
  #failed: Message | undefined

  constructor(hosts: HostPlan, stop: AbortSignal) {
    this.hosts = hosts
    this.news = new News(hosts, stop, () => {
      const missing = hosts.names.slice(1).filter((name) => !this.#links.has(name))
      return new RankerError('HOSTS_ABSENT', { hosts: missing, seconds: hosts.timeoutSeconds })
    })
    this.#server = createServer((socket) => this.#welcome(socket))
    this.#server.on('error', (error) => {
      const reason = `${reasonOf(error)}; the hosts of a job come together there, and RANKER_TRACKER_PORT moves it`
      this.news.giveUp(new RankerError('LISTEN_FAILED', { address: `port ${hosts.port}`, reason }))
    })
    this.#server.listen(hosts.port)
  }

  announce(trackerPort: number): void {
    this.#tell({ type: 'tracker', port: trackerPort })
  }

  async finish(): Promise<void> {
    await this.#allDone.promise
    await this.#end({ type: 'done' })
  }

  async fail(error: RankerError): Promise<void> {
    this.#failed = { type: 'failed', ...partsOf(error, this.hosts.names[0]!) }
    this.#tell(this.#failed)
    // Hosts that come late must hear of it too, instead of waiting for a leader that is gone.
    if (this.news.awaitsOthers) {
      await Promise.race([this.#allCame.promise, sleep(silenceOf(this.hosts), undefined, { ref: false })])
    }
    await this.#end()
  }

  #welcome(socket: Socket): void {
    let host: string | undefined
    const link = new HostLink(socket, silenceOf(this.hosts), {
      onMessage: (message) => {
        if (message.type === 'hello') {
          const reason = this.#objectionTo(message)
          if (reason !== undefined) return void link.end({ type: 'refused', reason })
          host = message.host
          this.#addHost(host, link, socket)
        } else if (host === undefined) {
          link.end()
        } else if (message.type === 'failed') {
          this.news.hear(message.host, message.reason)
        } else if (message.type === 'done') {
          this.#done.add(host)
          if (this.#done.size === this.hosts.names.length - 1) this.#allDone.resolve()
        }
      },
      onLost: (reason) => {
        if (host !== undefined && !this.#done.has(host)) this.news.hear(host, reason)
      },
    })
  }

  /** Why a caller is not let in. It alone fails, because it may not be a host of this job at all. */
  #objectionTo({ host, hosts, version }: Message & { type: 'hello' }): string | undefined {
    const [leader, ...others] = this.hosts.names
    if (hosts.join() !== this.hosts.names.join()) {
      return `the leader ${leader} has another job, of the hosts ${this.hosts.names.join(', ')}`
    }
    if (version !== PRODUCT.version) return `the leader runs version ${PRODUCT.version}, this is ${version}`
    if (!others.includes(host)) return `${host} is not one of ${others.join(', ')}`
    return this.#links.has(host) ? `another machine came as ${host} before` : undefined
  }

  #addHost(host: string, link: HostLink, socket: Socket): void {
    this.#links.set(host, link)
    link.send({ type: 'welcome' })
    if (this.#failed) link.send(this.#failed)
    if (this.#links.size < this.hosts.names.length - 1) return
    this.#allCame.resolve()
    // Another host reached this one at this address, so all others can, and so can clients of the tracker.
    this.news.meet({ address: addressOf(socket.localAddress!) })
  }

  #tell(message: Message): void {
    for (const link of this.#links.values()) link.send(message)
  }

  async #end(message?: Message): Promise<void> {
    this.#server.close()
    await Promise.all(Array.from(this.#links.values(), (link) => link.end(message)))
  }
}

/** An address without the prefix that an IPv4 address has on a dual-stack socket. */
export const addressOf = (address: string): string => address.replace(/^::ffff:/, '')
