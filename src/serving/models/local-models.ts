import { RankerError } from '../../errors.ts'
import type { Answer, Invocation, Pipeline } from '../pipeline.ts'
import { ServedModel } from '../served-model.ts'
import { collectGarbage } from './garbage.ts'
import type { ModelHost } from './model-host.ts'

/** The models that this thread serves, by name. */
export class LocalModels implements ModelHost {
  readonly #models = new Map<string, ServedModel>()
  readonly #openPipeline: (path: string) => Promise<Pipeline>
  #isReady = false

  /** @param openPipeline loads and proves the model at a path */
  constructor(openPipeline: (path: string) => Promise<Pipeline>) {
    this.#openPipeline = openPipeline
  }

  get size(): number {
    return this.#models.size
  }

  /** @param join opens here what other hosts have; nobody is answered before that */
  async start(join: () => Promise<void>): Promise<void> {
    await join()
    this.#isReady = true
  }

  /** @throws {RankerError} NOT_READY, until what is loaded elsewhere is loaded here. */
  checkReady(): void {
    if (!this.#isReady) throw new RankerError('NOT_READY', { reason: 'the models are being loaded' })
  }

  /** @throws {RankerError} NOT_READY, MODEL_NOT_LOADED. */
  get(name: string): ServedModel {
    this.checkReady()
    const served = this.#models.get(name)
    if (!served) throw new RankerError('MODEL_NOT_LOADED', { name })
    return served
  }

  async open(name: string, path: string): Promise<void> {
    const pipeline = new CountingPipeline(await this.#openPipeline(path))
    const served = new ServedModel(async () => pipeline)
    await served.load()
    this.#models.set(name, served)
  }

  async close(name: string): Promise<void> {
    const served = this.#models.get(name)
    if (!served) return
    this.#models.delete(name)
    await served.close()
    // The memory that the model held on the heap should be free before this is answered, not when somebody next needs
    // memory.
    collectGarbage()
  }

  async closeAll(): Promise<void> {
    const all = [...this.#models.values()]
    this.#models.clear()
    await Promise.all(all.map((served) => served.close()))
  }
}

/** A pipeline that closes when its last request is answered. */
class CountingPipeline implements Pipeline {
  readonly #inner: Pipeline
  #inFlight = 0
  #onIdle: (() => void) | undefined

  constructor(inner: Pipeline) {
    this.#inner = inner
  }

  get model() {
    return this.#inner.model
  }

  get failure() {
    return this.#inner.failure
  }

  async invoke(invocation: Invocation): Promise<Answer> {
    this.#inFlight++
    try {
      return await this.#inner.invoke(invocation)
    } finally {
      this.#inFlight--
      if (this.#inFlight === 0) this.#onIdle?.()
    }
  }

  async close(): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    await this.#inner.close()
  }
}
