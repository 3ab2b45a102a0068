import { RankerError } from '../errors.ts'
import type { TrackerHandle, XGBoost } from './library.ts'

/** XGBoost's numbers for the types and operations of an allreduce (`ArrayInterfaceHandler::Type`, `collective::Op`). */
const INT32 = 6
const UINT8 = 8
const MAX = 0
const SUM = 2

/**
 * XGBoost's tracker, through which the workers find each other. It runs in a native thread that the library starts,
 * so nothing here blocks. Owned by whoever started it: `close()` waits until every worker has left, then frees it.
 */
export class Tracker {
  readonly port: number
  readonly #library: XGBoost
  readonly #handle: TrackerHandle
  readonly #timeoutSeconds: number

  private constructor(library: XGBoost, handle: TrackerHandle, timeoutSeconds: number) {
    this.#library = library
    this.#handle = handle
    this.#timeoutSeconds = timeoutSeconds
    library.call('XGTrackerRun', handle, '{}')
    const args: [string | null] = [null]
    library.call('XGTrackerWorkerArgs', handle, args)
    this.port = JSON.parse(args[0]!).dmlc_tracker_port
  }

  /**
   * @param address any address at which the workers reach this host: it only tells IPv4 from IPv6. The port is a free
   * one.
   */
  static start(library: XGBoost, address: string, workers: number, timeoutSeconds: number): Tracker {
    const config = {
      dmlc_communicator: 'rabit',
      host: address.includes(':') ? '::' : '0.0.0.0',
      port: 0,
      n_workers: workers,
      // Ranks follow the task ids, whatever the workers' addresses and order of arrival.
      sortby: 1,
      timeout: timeoutSeconds,
    }
    return new Tracker(library, library.create('XGTrackerCreate', JSON.stringify(config)), timeoutSeconds)
  }

  close(): void {
    // A tracker that is freed while workers still say goodbye would make them fail.
    this.#library.call('XGTrackerWaitFor', this.#handle, JSON.stringify({ timeout: this.#timeoutSeconds }))
    this.#library.call('XGTrackerFree', this.#handle)
  }
}

export interface Membership {
  /** Address and port of the tracker. */
  readonly address: string
  readonly port: number
  /** Place of this worker among all, from 0: its rank. */
  readonly index: number
  readonly workers: number
  /** Seconds to wait for another worker in any one step, at least 1: XGBoost takes 0 for no limit. */
  readonly timeoutSeconds: number
}

/**
 * This thread's membership in XGBoost's collective: while it is open, the library trains and evaluates over the rows
 * of all workers. It belongs to the thread that joined, as all of XGBoost's state does. Every worker must make the
 * same calls in the same order; each call waits for all of them. Owned by whoever joined: `close()` leaves.
 */
export class Communicator {
  readonly #library: XGBoost
  readonly #membership: Membership

  private constructor(library: XGBoost, membership: Membership) {
    this.#library = library
    this.#membership = membership
  }

  /** Joins, and waits until every worker has joined. @throws {RankerError} XGBOOST_FAILED. */
  static join(library: XGBoost, membership: Membership): Communicator {
    const { address, port, index, timeoutSeconds } = membership
    const config = {
      dmlc_communicator: 'rabit',
      dmlc_tracker_uri: address,
      dmlc_tracker_port: port,
      // Task ids sort as text.
      dmlc_task_id: String(index).padStart(6, '0'),
      dmlc_timeout: timeoutSeconds,
      // The tracker is known to be up: a connection that fails now fails for good.
      dmlc_retry: 1,
    }
    library.call('XGCommunicatorInit', JSON.stringify(config))
    return new Communicator(library, membership)
  }

  /** Whether any worker says so. */
  any(flag: boolean): boolean {
    const flags = Int32Array.of(flag ? 1 : 0)
    this.#library.call('XGCommunicatorAllreduce', flags, 1, INT32, MAX)
    return flags[0] === 1
  }

  /** What every worker has to say, in the order of their places. */
  gather(mine: Uint8Array): Uint8Array[] {
    const { index, workers } = this.#membership
    const lengths = new Int32Array(workers)
    lengths[index] = mine.length
    this.#library.call('XGCommunicatorAllreduce', lengths, workers, INT32, SUM)
    const ends: number[] = []
    for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length)
    const all = new Uint8Array(ends.at(-1)!)
    all.set(mine, ends[index]! - mine.length)
    // In each worker's stretch, all others have zeros.
    this.#library.call('XGCommunicatorAllreduce', all, all.length, UINT8, SUM)
    return ends.map((end, worker) => all.subarray(end - lengths[worker]!, end))
  }

  close(): void {
    this.#library.call('XGCommunicatorFinalize')
  }
}

/**
 * Whether an error of XGBoost's says that another worker is gone or too slow, rather than something about this one's
 * data.
 */
export function isCollectiveFailure(error: unknown): boolean {
  return (
    error instanceof RankerError &&
    error.code === 'XGBOOST_FAILED' &&
    /\[(allreduce|allgather|broadcast|comm|comm_group|loop|poll_utils|socket|tracker)\.(cc|h):\d+/.test(
      error.message,
    )
  )
}
