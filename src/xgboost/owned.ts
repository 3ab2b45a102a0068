interface Closeable {
  close(): void
}

/** Hands something that must be closed to the piece of work that owns it, and returns it. */
export type Own = <C extends Closeable>(closeable: C) => C

/**
 * Runs or awaits a piece of work that owns resources: everything passed to `own` is closed when the work ends, well
 * or badly, in reverse order.
 */
export function withOwned<T>(work: (own: Own) => T): T {
  const owned: Closeable[] = []
  const closeAll = () => {
    for (const closeable of owned.reverse()) closeable.close()
  }
  let result: T
  try {
    result = work((closeable) => {
      owned.push(closeable)
      return closeable
    })
  } catch (thrown) {
    closeAll()
    throw thrown
  }
  if (result instanceof Promise) return result.finally(closeAll) as T
  closeAll()
  return result
}
