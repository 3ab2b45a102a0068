import { RankerError, reasonOf } from '../errors.ts'
import type { Pipeline } from './pipeline.ts'

/** A model on its way from loading to serving, or to the reason why it cannot be served. */
export class ServedModel {
  readonly #open: () => Promise<Pipeline>
  #loading: Promise<void> | undefined
  #closed = false
  #pipeline: Pipeline | undefined
  #reason: RankerError = new RankerError('NOT_READY', { reason: 'the model is being loaded' })

  /** @param open loads and proves the model */
  constructor(open: () => Promise<Pipeline>) {
    this.#open = open
  }

  get isReady(): boolean {
    return this.#pipeline !== undefined && this.#pipeline.failure === undefined
  }

  /** @throws {RankerError} of status 503, until the model is loaded and when it cannot be. */
  get pipeline(): Pipeline {
    if (!this.#pipeline) throw this.#reason
    if (this.#pipeline.failure) throw this.#pipeline.failure
    return this.#pipeline
  }

  /** Loads the model once. @throws whatever kept it from being loaded; `pipeline` tells why from then on. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  async #load(): Promise<void> {
    try {
      const pipeline = await this.#open()
      if (this.#closed) return await pipeline.close()
      this.#pipeline = pipeline
    } catch (cause) {
      this.#reason = toReason(cause)
      throw cause
    }
  }

  /** Frees the model; one that is still being loaded is freed when it is there, which nobody waits for. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pipeline?.close()
  }
}

/** Only this product's own sentences, and those of the user's hooks, are shown to clients. */
function toReason(cause: unknown): RankerError {
  if (!(cause instanceof RankerError)) {
    return new RankerError(
      'NOT_READY',
      { reason: 'the model cannot be loaded, the log holds the cause' },
      { cause },
    )
  }
  if (cause.code === 'HOOK_FAILED') {
    return new RankerError('NOT_READY', { reason: `modelFn failed: ${reasonOf(cause)}` }, { cause })
  }
  return cause.status === 503 ? cause : new RankerError('NOT_READY', { reason: reasonOf(cause) }, { cause })
}
