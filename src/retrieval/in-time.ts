import type { RankerError } from '../errors.ts'

/**
 * Waits for work, and gives it up after its time: whoever does it is told by the signal, and not waited for.
 * @param late makes the error that is thrown then
 */
export async function inTime<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => RankerError,
): Promise<T> {
  const unwanted = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late())
      unwanted.abort()
    }, timeoutMs)
  })
  try {
    return await Promise.race([work(unwanted.signal), end])
  } finally {
    clearTimeout(timer)
  }
}
