import { RankerError, reasonOf } from '../errors.ts'
import type { Embedder } from './engine.ts'
import { inTime } from './in-time.ts'
import { isList } from './vectors.ts'

/** How many texts go to an embedder at once while items are indexed. */
export const EMBEDDED_AT_ONCE = 64

/**
 * One vector a text, whatever the embedder does.
 * @throws {RankerError} SEARCH_FAILED when it fails, is late, or gives something else.
 */
export async function embed(
  embedder: Embedder,
  texts: readonly string[],
  timeoutMs: number,
): Promise<readonly ArrayLike<number>[]> {
  const failure = (reason: string, cause?: unknown) =>
    new RankerError('SEARCH_FAILED', { engine: `the embedder ${embedder.name}`, reason }, { cause })
  const call = async (signal: AbortSignal): Promise<unknown> => {
    try {
      return await embedder.embed(texts, signal)
    } catch (cause) {
      throw failure(reasonOf(cause), cause)
    }
  }
  const made = await inTime(timeoutMs, call, () =>
    failure(`it did not answer within ${Math.round(timeoutMs)} ms`),
  )
  if (!Array.isArray(made)) throw failure('it gave no list of vectors')
  if (made.length !== texts.length) throw failure(`it gave ${made.length} vectors for ${texts.length} texts`)
  if (!made.every(isList)) throw failure('it gave something else than lists of numbers')
  return made
}
