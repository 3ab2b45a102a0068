import { RankerError } from '../errors.ts'
import { lengthOf } from './bodies.ts'
import type { ModelInfo } from './model.ts'
import { type Answer, type Invocation, milliseconds, type Pipeline } from './pipeline.ts'
import type { Turns } from './turns.ts'

/** Milliseconds without a large request after which the process for large ones ends. */
const IDLE_MS = 60_000

export interface TurnPipelineOptions {
  /** Shared by all pipelines of a thread. */
  readonly turns: Turns
  /** A larger body would block this thread for too long, and goes to another process. */
  readonly largeBytes: number
  readonly openLarge: () => Promise<Pipeline>
}

/**
 * A pipeline on this thread that lets the event loop turn between requests. Large requests go to a second pipeline
 * elsewhere, which exists only while there are any.
 */
export class TurnPipeline implements Pipeline {
  readonly #here: Pipeline
  readonly #options: TurnPipelineOptions
  #large: Promise<Pipeline> | undefined
  #largeRequests = 0
  #idle: NodeJS.Timeout | undefined

  constructor(here: Pipeline, options: TurnPipelineOptions) {
    this.#here = here
    this.#options = options
  }

  get model(): ModelInfo | undefined {
    return this.#here.model
  }

  async invoke(invocation: Invocation): Promise<Answer> {
    const { turns, largeBytes } = this.#options
    const asked = performance.now()
    if (lengthOf(invocation.body) > largeBytes) return this.#invokeLarge(invocation)
    return turns.run(async () => {
      const queueMs = milliseconds(asked, performance.now())
      const { trace, ...answer } = await this.#here.invoke(invocation)
      return { ...answer, trace: { queueMs, ...trace } }
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#here.close(), this.#closeLarge()])
  }

  async #invokeLarge(invocation: Invocation): Promise<Answer> {
    clearTimeout(this.#idle)
    this.#largeRequests++
    try {
      this.#large ??= this.#options.openLarge()
      const opening = this.#large
      opening.catch(() => {
        if (this.#large === opening) this.#large = undefined
      })
      return await (await opening).invoke(invocation)
    } catch (thrown) {
      // Only what a client sent can be at fault there.
      const isEnd = thrown instanceof RankerError && thrown.code === 'PROCESS_ENDED'
      throw isEnd ? new RankerError('WORK_TOO_LARGE', {}, { cause: thrown }) : thrown
    } finally {
      this.#largeRequests--
      if (this.#largeRequests === 0) this.#idle = setTimeout(() => this.#closeLarge(), IDLE_MS).unref()
    }
  }

  async #closeLarge(): Promise<void> {
    clearTimeout(this.#idle)
    const large = this.#large
    this.#large = undefined
    await (await large?.catch(() => undefined))?.close()
  }
}
