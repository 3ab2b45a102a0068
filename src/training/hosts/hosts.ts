import { meanOfQueries } from '../../metrics/queries.ts'
import { Communicator, Tracker } from '../../xgboost/collective.ts'
import type { XGBoost } from '../../xgboost/library.ts'

/**
 * The hosts that train together, as the training thread sees them. Each call waits for all of them, so every host must
 * make the same calls in the same order.
 */
export interface Hosts {
  /** In order; the first leads. */
  readonly names: readonly string[]
  /** Place of this host among them. */
  readonly index: number
  /** What every host has to say, in their order. */
  gather<T>(mine: T): T[]
  /** A value for each query or row of every host, in their order. */
  concat(mine: Float64Array): Float64Array
  /** What the leader passes, on all hosts; what the others pass is ignored. */
  fromLeader(mine: Uint8Array | undefined): Uint8Array | undefined
  /** Whether any host says so. */
  any(flag: boolean): boolean
  /** Mean over the queries of all hosts, weighted where there are weights; NaN is a query that was skipped. */
  meanOfQueries(values: Float64Array, weights?: Float32Array): number
  /** Leaves, when all is done. */
  close(): void
}

/** A job on one machine. */
export const ONE_HOST: Hosts = {
  names: [''],
  index: 0,
  gather: (mine) => [mine],
  concat: (mine) => mine,
  fromLeader: (mine) => mine,
  any: (flag) => flag,
  meanOfQueries,
  close() {},
}

/** How the training thread gets into XGBoost's collective. */
export interface HostsInput {
  readonly names: readonly string[]
  readonly index: number
  readonly timeoutSeconds: number
  /** The address at which the others reach the leader. */
  readonly address: string
  /** Absent on the leader, which starts the tracker. */
  readonly trackerPort?: number
}

/**
 * Joins the collective. @param announce told where the tracker listens, on the leader.
 * @throws {RankerError} XGBOOST_FAILED when not all come.
 */
export function joinHosts(library: XGBoost, input: HostsInput, announce: (port: number) => void): Hosts {
  const { names, index, timeoutSeconds, address } = input
  const workers = names.length
  const tracker = index === 0 ? Tracker.start(library, address, workers, timeoutSeconds) : undefined
  if (tracker) announce(tracker.port)
  const port = tracker?.port ?? input.trackerPort!
  const collective = Communicator.join(library, { address, port, index, workers, timeoutSeconds })

  const gather = <T>(mine: T): T[] =>
    collective
      .gather(new TextEncoder().encode(JSON.stringify(mine)))
      .map((bytes) => JSON.parse(new TextDecoder().decode(bytes)))
  return {
    names,
    index,
    gather,
    concat(mine) {
      const parts = collective.gather(new Uint8Array(mine.buffer, mine.byteOffset, mine.byteLength))
      // Copied together, since a part need not start at a multiple of eight bytes.
      return new Float64Array(Uint8Array.from(Buffer.concat(parts)).buffer)
    },
    fromLeader(mine) {
      const [bytes] = collective.gather((index === 0 && mine) || new Uint8Array(0))
      return bytes!.length > 0 ? bytes : undefined
    },
    any: (flag) => collective.any(flag),
    meanOfQueries(values, weights) {
      const counts = values.map((value, query) => (Number.isNaN(value) ? 0 : (weights?.[query] ?? 1)))
      const count = counts.reduce((sum, one) => sum + one, 0)
      const parts = gather([count === 0 ? 0 : meanOfQueries(values, weights) * count, count] as const)
      return parts.reduce((sum, [one]) => sum + one, 0) / parts.reduce((sum, [, one]) => sum + one, 0)
    },
    close() {
      collective.close()
      tracker?.close()
    },
  }
}
