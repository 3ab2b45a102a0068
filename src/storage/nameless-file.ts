import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Opens a new file for writing and reading that has no name: it is gone when it is closed, or when the process ends,
 * however it ends. @returns its descriptor. @throws what the system says.
 */
export function openNameless(folder: string): number {
  const own = mkdtempSync(join(folder, 'ranker-'))
  try {
    return openSync(join(own, 'nameless'), 'wx+', 0o600)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}
