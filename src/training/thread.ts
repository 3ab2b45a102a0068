import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorCode, RankerError, reasonOf } from '../errors.ts'
import { XGBoost } from '../xgboost/library.ts'
import { type HostsInput, joinHosts, ONE_HOST } from './hosts/hosts.ts'
import type { TrainingEvent, TrainingPlan } from './plan.ts'
import { runTraining, type TrainingResult } from './run.ts'

/** What the training thread is started with. */
export interface ThreadStart {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What it is then told to do. */
export interface ThreadInput {
  readonly plan: TrainingPlan
  /** One int32 that turns 1 when training should stop. */
  readonly stop: SharedArrayBuffer
  /** Absent on a single machine. */
  readonly hosts?: HostsInput | undefined
}

/** What the training thread says: events while it runs, and one end. */
export type ThreadMessage =
  | TrainingEvent
  /** XGBoost's tracker listens there, on the leader. */
  | { readonly type: 'tracker'; readonly port: number }
  | { readonly type: 'done'; readonly result: TrainingResult }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly values: unknown }

/**
 * The thread that owns XGBoost: the library's last error is thread-local and its calls block, so all calls are made
 * here, and the main thread stays free for signals.
 */
async function main(port: NonNullable<typeof parentPort>, { env }: ThreadStart): Promise<void> {
  const post = (message: ThreadMessage, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers)
  const told = once(port, 'message')
  try {
    const library = XGBoost.load(env)
    const [{ plan, stop, ...input }] = (await told) as [ThreadInput]
    const flag = new Int32Array(stop)
    const hosts = input.hosts
      ? joinHosts(library, input.hosts, (port) => post({ type: 'tracker', port }))
      : ONE_HOST
    const signals = { emit: post, shouldStop: () => Atomics.load(flag, 0) === 1 }
    const result = await runTraining(plan, library, signals, hosts)
    // Not after an error: leaving talks to the tracker once more, and the process is about to end anyway.
    hosts.close()
    post({ type: 'done', result }, [result.onnx.buffer, result.ubj.buffer] as ArrayBuffer[])
  } catch (thrown) {
    const error =
      thrown instanceof RankerError ? thrown : new RankerError('TRAINING_DIED', { reason: reasonOf(thrown) })
    post({ type: 'failed', code: error.code, values: error.values })
  }
}

if (parentPort) await main(parentPort, workerData as ThreadStart)
