import { RankerError } from '../errors.ts'
import { inTime } from './in-time.ts'

/** A request under way, as the client gives it. */
export interface Call<T> extends Promise<T> {
  abort(): unknown
}

export function openSearchFailure(reason: string, cause?: unknown): RankerError {
  return new RankerError('SEARCH_FAILED', { engine: 'OpenSearch', reason }, { cause })
}

/**
 * Awaits a call, and aborts it when its time is over. The client's own time-out ends once the head of an answer has
 * come, so it would wait for ever for a body that stalls or drips.
 * @throws {RankerError} SEARCH_FAILED, or what the client throws.
 */
export function callInTime<T>(call: Call<T>, timeoutMs: number): Promise<T> {
  const work = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      // Not returned: it is the call, whose failure would be thrown where nobody catches it.
      call.abort()
    })
    return call
  }
  return inTime(timeoutMs, work, () => openSearchFailure('it did not answer in time'))
}
