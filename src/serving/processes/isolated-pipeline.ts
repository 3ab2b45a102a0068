import { setTimeout as delay } from 'node:timers/promises'
import { RankerError, reasonOf } from '../../errors.ts'
import type { HookLog } from '../hook-types.ts'
import type { ModelInfo } from '../model.ts'
import type { Answer, Invocation, Pipeline } from '../pipeline.ts'
import { PipelineProcess, type ProcessLimits, type ProcessPlan } from './pipeline-process.ts'
import { within } from './within.ts'

/** A process that lived less than this is no more to be trusted than the one before it. */
const SHORT_LIFE_MS = 10_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/**
 * A pipeline in its own process, which is replaced when it ends, takes too much memory, or takes too long over a
 * request. Requests that come meanwhile wait for the next process.
 */
export class IsolatedPipeline implements Pipeline {
  readonly #plan: ProcessPlan
  readonly #limits: ProcessLimits
  readonly #log: HookLog
  readonly #onReplace: () => void
  #current: Promise<PipelineProcess>
  #model: ModelInfo | undefined
  #shortLives = 0
  #failure: RankerError | undefined
  readonly #closing = new AbortController()

  private constructor(plan: ProcessPlan, limits: ProcessLimits, log: HookLog, onReplace: () => void) {
    this.#plan = plan
    this.#limits = limits
    this.#log = log
    this.#onReplace = onReplace
    this.#current = this.#start()
  }

  /**
   * @param onReplace called whenever a process was replaced
   * @throws {RankerError} when the first process cannot serve the model.
   */
  static async open(
    plan: ProcessPlan,
    limits: ProcessLimits,
    log: HookLog,
    onReplace: () => void = () => {},
  ): Promise<IsolatedPipeline> {
    const pipeline = new IsolatedPipeline(plan, limits, log, onReplace)
    pipeline.#model = (await pipeline.#current).model
    return pipeline
  }

  get model(): ModelInfo | undefined {
    return this.#model
  }

  get failure(): RankerError | undefined {
    return this.#failure
  }

  async invoke(invocation: Invocation): Promise<Answer> {
    const { requestMs } = this.#limits
    const late = () => new RankerError('HOOK_TIMEOUT', { seconds: (requestMs ?? 0) / 1000 })
    const current = this.#current
    const process = await (requestMs === undefined ? current : within(requestMs, current, late))
    try {
      return await process.invoke(invocation)
    } catch (thrown) {
      if (thrown instanceof RankerError && thrown.code === 'HOOK_TIMEOUT' && this.#current === current) {
        this.#log.error({ pid: process.pid }, 'hooks took too long: their process is replaced')
        this.#replace()
        void process.retire()
      }
      throw thrown
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await (await this.#current.catch(() => undefined))?.close()
  }

  #replace(pauseMs = 0): void {
    this.#onReplace()
    this.#current = delay(pauseMs, undefined, { signal: this.#closing.signal }).then(() => this.#start())
    this.#current.then(
      () => {
        this.#failure = undefined
      },
      (thrown) => {
        if (this.#closing.signal.aborted) return
        this.#log.error({ err: thrown }, 'the process of the hooks could not be replaced')
        this.#failure = new RankerError('NOT_READY', { reason: reasonOf(thrown) }, { cause: thrown })
        this.#replace(this.#pause())
      },
    )
  }

  async #start(): Promise<PipelineProcess> {
    const started = performance.now()
    const process = await PipelineProcess.open(this.#plan, this.#limits, this.#log)
    if (this.#closing.signal.aborted) void process.close()
    const current = this.#current
    void process.ended.then((how) => {
      if (performance.now() - started > SHORT_LIFE_MS) this.#shortLives = 0
      if (this.#closing.signal.aborted || this.#current !== current) return
      this.#log.error({ pid: process.pid, how }, 'the process of the hooks ended: it is replaced')
      this.#replace(this.#pause())
    })
    return process
  }

  /** No pause before the first replacement, then twice as long each time. */
  #pause(): number {
    const lives = this.#shortLives++
    return lives === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (lives - 1))
  }
}
