interface Closeable {
  close(): void
}

/**
 * Runs a piece of work that owns native objects: each one passed to `own` is closed when the work ends, well or badly,
 * the last first.
 */
export function withOwned<T>(work: (own: <C extends Closeable>(closeable: C) => C) => T): T {
  const owned: Closeable[] = []
  try {
    return work((closeable) => {
      owned.push(closeable)
      return closeable
    })
  } finally {
    for (const closeable of owned.reverse()) closeable.close()
  }
}
