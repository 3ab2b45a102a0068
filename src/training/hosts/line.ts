import { RankerError, reasonOf } from '../../errors.ts'
import type { HostPlan } from '../../sagemaker/hosts.ts'

/**
 * What the hosts of a job tell each other beside XGBoost's collective, which knows neither their names nor why one of
 * them is gone: who is there, where the tracker listens, what went wrong, and that all is done. The leader listens; every
 * other host holds one connection to it from its start to its end.
 */
export interface HostLine {
  readonly hosts: HostPlan
  readonly news: News
  /** Says where XGBoost's tracker listens; only the leader calls this. */
  announce(trackerPort: number): void
  /** Ends well: waits until every host has. */
  finish(): Promise<void>
  /** Ends because of this error, and lets the others know as far as they can be reached. */
  fail(error: RankerError): Promise<void>
}

/** Where XGBoost's workers meet. */
export interface MeetingPlace {
  /** The address at which the others reach the leader. */
  readonly address: string
  /** Port of the tracker; absent while the leader has yet to start it. */
  readonly trackerPort?: number
}

/** A host counts as lost after this long without a sign of life; XGBoost alone would wait for the whole time-out. */
const MOST_SILENCE_SECONDS = 60

/** How long a host may be silent, in milliseconds. */
export const silenceOf = ({ timeoutSeconds }: HostPlan): number =>
  1000 * Math.min(MOST_SILENCE_SECONDS, timeoutSeconds)

/** The events on the line that a host can wait for. */
export class News {
  readonly #together = Promise.withResolvers<MeetingPlace>()
  readonly #failure = Promise.withResolvers<RankerError>()
  readonly #timer: NodeJS.Timeout
  /** Whether missing hosts may still come, so that it is worth waiting to tell them of a failure. */
  awaitsOthers = true

  /**
   * @param absence says, when the time to come together is over, who has not come.
   * @param stop gives up waiting for the others.
   */
  constructor({ timeoutSeconds }: HostPlan, stop: AbortSignal, absence: () => RankerError) {
    this.#timer = setTimeout(() => this.giveUp(absence()), 1000 * timeoutSeconds)
    const onStop = () => this.giveUp(new RankerError('STOPPED_ALONE', {}))
    if (stop.aborted) onStop()
    else stop.addEventListener('abort', onStop, { once: true })
    // A job that fails before it waits for the others reports its own error.
    this.together.catch(() => {})
  }

  /** Settles once every host is there. */
  get together(): Promise<MeetingPlace> {
    return this.#together.promise
  }

  /** Settles as soon as another host is known to have failed, or to be lost. */
  get failure(): Promise<RankerError> {
    return this.#failure.promise
  }

  /** The leader is there and watches the time from now on, since it can say who is missing. */
  leaveItToLeader(): void {
    clearTimeout(this.#timer)
  }

  /** All are there. */
  meet(place: MeetingPlace): void {
    this.awaitsOthers = false
    clearTimeout(this.#timer)
    this.#together.resolve(place)
  }

  /** Ends the wait for the others; without effect once all are together. */
  giveUp(error: RankerError): void {
    this.awaitsOthers = false
    clearTimeout(this.#timer)
    this.#together.reject(error)
  }

  /** Another host has failed. */
  hear(host: string, reason: string): void {
    const error = new RankerError('HOST_FAILED', { host, reason })
    clearTimeout(this.#timer)
    this.#together.reject(error)
    this.#failure.resolve(error)
  }
}

/** An error as the others are told of it: which host, and why. */
export function partsOf(error: RankerError, host: string): { host: string; reason: string } {
  return error.code === 'HOST_FAILED'
    ? (error.values as { host: string; reason: string })
    : { host, reason: reasonOf(error) }
}
