import { existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'

/** Names that hold no data: hidden files, and what Hadoop and its like leave beside theirs (`_SUCCESS`). */
export const isSkipped = (name: string): boolean => name.startsWith('.') || name.startsWith('_')

/**
 * The data files below a folder of any depth, in the order of their names, links followed.
 * @throws {RankerError} NOT_A_FILE for a broken link, a FIFO, a socket or a device; INPUT_UNREADABLE.
 */
export function listDataFiles(folder: string): string[] {
  const files: string[] = []
  walk(folder, [], files)
  return files
}

/** @param above real paths of the folders that lead to this one: a link back to one of them would never end. */
function walk(folder: string, above: readonly string[], files: string[]): void {
  const real = look(folder, () => realpathSync(folder))
  if (above.includes(real))
    throw new RankerError('NOT_A_FILE', { path: folder, seen: 'a link back to a folder it is in' })
  const names = look(folder, () => readdirSync(folder))
  for (const name of names.sort()) {
    if (isSkipped(name)) continue
    const path = join(folder, name)
    const kind = look(path, () => statSync(path))
    if (kind.isDirectory()) walk(path, [...above, real], files)
    else if (kind.isFile()) files.push(path)
    else throw new RankerError('NOT_A_FILE', { path, seen: kindOf(kind) })
  }
}

/** Names in a folder, none where there is no such folder. @throws {RankerError} INPUT_UNREADABLE. */
export const namesIn = (folder: string): string[] =>
  existsSync(folder) ? look(folder, () => readdirSync(folder)) : []

export function kindOf(kind: Stats): string {
  if (kind.isFIFO()) return 'a FIFO'
  if (kind.isSocket()) return 'a socket'
  return kind.isDirectory() ? 'a folder' : 'a device'
}

function look<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // A name that readdir gives and stat does not find is a broken link.
    if (code === 'ENOENT') throw new RankerError('NOT_A_FILE', { path, seen: 'a broken link' }, { cause })
    if (code === 'ELOOP') throw new RankerError('NOT_A_FILE', { path, seen: 'a link to itself' }, { cause })
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
}
