import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RankerError } from '../../errors.ts'
import type { HostPlan } from '../../sagemaker/hosts.ts'
import { PRODUCT } from '../../version.ts'
import { addressOf } from './leader.ts'
import { type HostLine, News, partsOf, silenceOf } from './line.ts'
import { HostLink, type Message } from './link.ts'

const RETRY_MS = 250

/** The end of the line on a host that does not lead. */
export class MemberLine implements HostLine {
  readonly news: News
  readonly hosts: HostPlan
  readonly #name: string
  readonly #leader: string
  #link: HostLink | undefined
  /** Settles when the leader has answered. */
  readonly #answered = Promise.withResolvers<void>()
  #welcomed = false
  readonly #allDone = Promise.withResolvers<void>()
  #over = false
  /** Why the last attempt did not reach the leader. */
  #trouble = 'it has not answered'

  constructor(hosts: HostPlan, stop: AbortSignal) {
    this.hosts = hosts
    this.#name = hosts.names[hosts.index]!
    this.#leader = hosts.names[0]!
    this.news = new News(hosts, stop, () => {
      const { port, timeoutSeconds: seconds } = hosts
      return new RankerError('LEADER_ABSENT', { host: this.#leader, port, seconds, reason: this.#trouble })
    })
    this.#reachLeader()
  }

  announce(): void {}

  async finish(): Promise<void> {
    this.#link?.send({ type: 'done' })
    await this.#allDone.promise
    await this.#end()
  }

  async fail(error: RankerError): Promise<void> {
    // The leader may not be up yet: it should still learn why this host has gone.
    if (this.news.awaitsOthers) {
      await Promise.race([this.#answered.promise, sleep(silenceOf(this.hosts), undefined, { ref: false })])
    }
    await this.#end({ type: 'failed', ...partsOf(error, this.#name) })
  }

  async #end(message?: Message): Promise<void> {
    this.#over = true
    await this.#link?.end(message)
  }

  /** Names may resolve late and the leader may start late: each attempt looks the address up again. */
  async #reachLeader(): Promise<void> {
    while (!this.#over && !(await this.#attempt())) await sleep(RETRY_MS)
  }

  /** @returns whether the leader has answered. */
  #attempt(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const { names, port } = this.hosts
    const socket = connect({ host: this.#leader, port }, () => {
      this.#trouble = 'what listens there does not answer as a host of the job'
    })
    const link = new HostLink(socket, silenceOf(this.hosts), {
      onMessage: (message) => {
        this.#take(message, addressOf(socket.remoteAddress!))
        this.#answered.resolve()
        resolve(true)
      },
      onLost: (reason) => {
        if (this.#welcomed) this.news.hear(this.#leader, reason)
        this.#trouble = reason
        resolve(false)
      },
    })
    this.#link = link
    link.send({ type: 'hello', host: this.#name, hosts: [...names], version: PRODUCT.version })
    return promise
  }

  #take(message: Message, leaderAddress: string): void {
    if (message.type === 'welcome') {
      this.#welcomed = true
      this.news.leaveItToLeader()
    } else if (message.type === 'refused') {
      this.news.giveUp(new RankerError('HOST_FAILED', { host: this.#name, reason: message.reason }))
    } else if (message.type === 'tracker') {
      this.news.meet({ address: leaderAddress, trackerPort: message.port })
    } else if (message.type === 'failed') {
      this.news.hear(message.host, message.reason)
    } else if (message.type === 'done') {
      this.#allDone.resolve()
    }
  }
}
