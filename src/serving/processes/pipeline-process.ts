import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { OutputKey } from '../../data/request/output-keys.ts'
import { RankerError } from '../../errors.ts'
import type { Engine } from '../../scoring/engines.ts'
import { residentBytes } from '../../storage/memory.ts'
import { lengthOf } from '../bodies.ts'
import type { HookLog } from '../hook-types.ts'
import type { ModelInfo } from '../model.ts'
import type { Answer, Invocation } from '../pipeline.ts'
import { Calls } from './calls.ts'
import { fromPlainError, type PlainError } from './plain-error.ts'
import { within } from './within.ts'

/** What a pipeline's process is to serve. */
export interface ProcessPlan {
  readonly modelPath: string
  readonly program?: string | undefined
  readonly defaultAccept?: string | undefined
  readonly output?: readonly OutputKey[] | undefined
  readonly engine?: Engine | undefined
}

/** A request as it is sent to a process. */
export interface SentInvocation extends Invocation {
  /** The number that the pieces of its body were sent ahead under; undefined if `body` holds them. */
  readonly ahead?: number
}

/** A piece of a body that goes ahead of its request. */
export interface SentPiece {
  readonly ahead: number
  readonly piece: Buffer
}

export interface ProcessLimits {
  /** Milliseconds until the model and its hooks must be loaded. */
  readonly openMs: number
  /** Milliseconds that a request may take; undefined sets no limit. */
  readonly requestMs: number | undefined
  /** Bytes of memory that it may take; undefined sets no limit. */
  readonly memoryBytes: number | undefined
}

/** A log entry that a process passes on. */
export interface LogLine {
  readonly level: keyof HookLog
  readonly fields: object
  readonly message?: string | undefined
}

const ENTRY = fileURLToPath(new URL(`../../cli/pipeline-process${extname(import.meta.url)}`, import.meta.url))
const MEBIBYTE = 1 << 20
const MEMORY_CHECK_MS = 500
/** A process answers a liveness check within this time, unless its event loop is blocked. */
const ALIVE_MS = 1000
/** How long a process may take to exit by itself. */
const END_MS = 1000
const LONGEST_LINE = 8192
/** Bytes written to the channel in one turn of the event loop. */
const TURN_BYTES = 1 << 19

/**
 * A model with its hooks in a process of its own. Whatever the hooks do (block, crash, leak, exit) ends that process
 * at worst, and it is killed together with everything that it started.
 */
export class PipelineProcess {
  readonly #child: ChildProcess
  readonly #calls: Calls
  readonly #limits: ProcessLimits
  readonly #log: HookLog
  #inFlight = 0
  #lastAhead = 0
  #retired = false
  #how: string | undefined
  #model: ModelInfo | undefined
  /** How it ended, once it has: `ended with code 1`. */
  readonly ended: Promise<string>

  private constructor(limits: ProcessLimits, log: HookLog) {
    this.#limits = limits
    this.#log = log
    const megabytes = limits.memoryBytes && Math.max(16, Math.floor(limits.memoryBytes / MEBIBYTE))
    this.#child = fork(ENTRY, {
      serialization: 'advanced',
      execArgv: [...process.execArgv, ...(megabytes ? [`--max-old-space-size=${megabytes}`] : [])],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // It leads a process group, so that whatever the hooks started is killed with it.
      detached: true,
    })
    const child = this.#child
    this.#calls = new Calls((message) => child.send(message, () => {}), {
      log: ({ level, fields, message }: LogLine) => log[level](fields, message),
      thrownLate: (error: PlainError) =>
        log.error({ err: fromPlainError(error) }, 'something was thrown outside of a request'),
    })
    child.on('message', (message) => this.#calls.receive(message))
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface(child[stream]!).on('line', (line) =>
        log.info({ stream, line: line.slice(0, LONGEST_LINE) }, 'printed by a hook'),
      )
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (cause) => resolve(`could not be started: ${cause.message}`))
      child.once('exit', (code, signal) =>
        resolve(this.#how ?? (signal ? `was ended by ${signal}` : `ended with code ${code}`)),
      )
    })
    this.#watch()
  }

  /** @throws {RankerError} when the model or its hooks cannot be served, or when they end the process. */
  static async open(plan: ProcessPlan, limits: ProcessLimits, log: HookLog): Promise<PipelineProcess> {
    const opened = new PipelineProcess(limits, log)
    try {
      const model = opened.#calls.call<ModelInfo | undefined>('open', plan)
      opened.#model = await within(limits.openMs, model, () =>
        notReady(`gave no sign of life for ${limits.openMs / 1000} s`),
      )
      return opened
    } catch (thrown) {
      opened.kill()
      const isEnd = thrown instanceof RankerError && thrown.code === 'PROCESS_ENDED'
      throw isEnd ? notReady(await opened.ended) : thrown
    }
  }

  get model(): ModelInfo | undefined {
    return this.#model
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** @throws {RankerError} HOOK_TIMEOUT, PROCESS_ENDED, or the error to answer with. */
  async invoke(invocation: Invocation): Promise<Answer> {
    const { requestMs } = this.#limits
    this.#inFlight++
    try {
      const answer = this.#calls.call<Answer>('invoke', await this.#sendAhead(invocation))
      if (requestMs === undefined) return await answer
      return await within(
        requestMs,
        answer,
        () => new RankerError('HOOK_TIMEOUT', { seconds: requestMs / 1000 }),
      )
    } finally {
      this.#inFlight--
      if (this.#retired && this.#inFlight === 0) this.kill()
    }
  }

  /** Writes a large body to the channel in pieces, between which the event loop turns. */
  async #sendAhead(invocation: Invocation): Promise<SentInvocation> {
    const { body } = invocation
    if (lengthOf(body) <= TURN_BYTES) return invocation
    const ahead = ++this.#lastAhead
    let written = 0
    for (const piece of body) {
      this.#calls.tell('piece', { ahead, piece } satisfies SentPiece)
      written += piece.length
      if (written < TURN_BYTES) continue
      written = 0
      await nextTurn()
    }
    return { ...invocation, body: [], ahead }
  }

  /**
   * Gives it no more requests, and ends it when those it works on are answered, or at once if it does not even answer
   * a liveness check.
   */
  async retire(): Promise<void> {
    this.#retired = true
    if (this.#inFlight === 0) return this.kill()
    await within(ALIVE_MS, this.#calls.call('alive'), () => new Error('it blocks')).catch(() => this.kill())
  }

  /** Lets it end by itself, and kills it when it does not. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await within(END_MS, this.ended, () => new Error('it does not end')).catch(() => {})
    this.kill()
    await this.ended
  }

  /** @param how what `ended` says, if not the signal */
  kill(how?: string): void {
    this.#how ??= how
    const { pid } = this.#child
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended already, and so has everything that it started.
    }
  }

  #watch(): void {
    const { memoryBytes } = this.#limits
    const timer = setInterval(() => {
      const resident = residentBytes(this.#child.pid!) ?? 0
      if (memoryBytes === undefined || resident <= memoryBytes) return
      const [seen, wanted] = [resident, memoryBytes].map((bytes) => Math.round(bytes / MEBIBYTE))
      this.#log.error({ pid: this.pid, seen, wanted }, 'a process takes more megabytes of memory than it may')
      this.kill('took more memory than it may')
    }, MEMORY_CHECK_MS)
    if (memoryBytes === undefined) clearInterval(timer)
    timer.unref()
    void this.ended.then((how) => {
      clearInterval(timer)
      this.#calls.fail(new RankerError('PROCESS_ENDED', { how }))
    })
  }
}

function notReady(how: string): RankerError {
  return new RankerError('NOT_READY', {
    reason: `the process of the model's hooks ${how} while it loaded them`,
  })
}
