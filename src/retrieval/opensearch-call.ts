import { RankerError } from '../errors.ts'

/** A request in progress, as the client gives it. */
interface Call<T> extends Promise<T> {
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
export async function inTime<T>(call: Call<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(openSearchFailure('it did not answer in time'))
      call.abort()
    }, timeoutMs)
  })
  try {
    return await Promise.race([call, late])
  } finally {
    clearTimeout(timer)
  }
}
