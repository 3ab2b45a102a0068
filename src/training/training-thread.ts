import type { Worker } from 'node:worker_threads'
import { RankerError } from '../errors.ts'
import type { HostsInput } from './hosts/hosts.ts'
import type { TrainingEvent, TrainingPlan } from './plan.ts'
import type { TrainingResult } from './run.ts'
import type { ThreadInput, ThreadMessage, ThreadStart } from './thread.ts'
import { startThread } from './threads.ts'

export interface ThreadWork {
  readonly plan: TrainingPlan
  /** Absent on a single machine. */
  readonly hosts?: HostsInput | undefined
  /** Abort it to end after the current round and keep what was learnt. */
  readonly stop?: AbortSignal | undefined
  /** Told of every round and every warning. */
  readonly onEvent: (event: TrainingEvent) => void
  /** Told where XGBoost's tracker listens, on the host that leads. */
  readonly onTracker: (port: number) => void
}

/**
 * The thread that owns XGBoost, and trains once. From its creation on it loads its modules and the library, while its
 * owner works out what to train.
 */
export class TrainingThread {
  readonly #worker: Worker
  readonly #died: Promise<never>

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#worker = startThread('thread', {
      workerData: { env: { ...env } } satisfies ThreadStart,
      // A FIFO's descriptor is closed by the socket that takes it over, which Node's tracking would not know.
      trackUnmanagedFds: false,
      // The AWS SDK reads its settings and credentials from there if a channel is in S3.
      env: { ...env },
    })
    const { promise, reject } = Promise.withResolvers<never>()
    const fail = (reason: string) => reject(new RankerError('TRAINING_DIED', { reason }))
    this.#worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)))
    this.#worker.on('exit', (code) => fail(`its thread ended with code ${code}`))
    this.#died = promise
    // Whoever awaits the training gets the error.
    this.#died.catch(() => {})
  }

  /** @throws {RankerError} whatever is wrong with the data or the parameters, TRAINING_DIED. */
  async train({ plan, hosts, stop, onEvent, onTracker }: ThreadWork): Promise<TrainingResult> {
    const flag = new SharedArrayBuffer(4)
    const raise = () => Atomics.store(new Int32Array(flag), 0, 1)
    if (stop?.aborted) raise()
    stop?.addEventListener('abort', raise, { once: true })
    const { promise, resolve, reject } = Promise.withResolvers<TrainingResult>()
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'tracker') onTracker(message.port)
      else if (message.type === 'done') resolve(message.result)
      else if (message.type === 'failed') reject(new RankerError(message.code, message.values as never))
      else onEvent(message)
    })
    this.#worker.postMessage({ plan, hosts, stop: flag } satisfies ThreadInput)
    return Promise.race([promise, this.#died])
  }

  /** Ends it, and gives its memory back. */
  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
