import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, synced, then renamed.
 * Missing folders are made. @throws {RankerError} WRITE_FAILED, with nothing left behind.
 */
export function writeWhole(path: string, content: Uint8Array | string): void {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${process.pid}.partial`)
  try {
    mkdirSync(folder, { recursive: true })
    const file = openSync(temporary, 'w')
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw new RankerError('WRITE_FAILED', { path, reason: reasonOf(cause) }, { cause })
  }
}

/**
 * Reads a file chunk by chunk; a chunk is valid until the next one is asked for.
 * @throws {RankerError} INPUT_UNREADABLE.
 */
export function* readChunks(path: string, chunkBytes = 1 << 20): Generator<Uint8Array> {
  const buffer = new Uint8Array(chunkBytes)
  const file = readable(path, () => openSync(path, 'r'))
  try {
    for (;;) {
      const read = readable(path, () => readSync(file, buffer))
      if (read === 0) return
      yield buffer.subarray(0, read)
    }
  } finally {
    closeSync(file)
  }
}

/** Runs a call that reads a file. @throws {RankerError} INPUT_UNREADABLE where the system refuses. */
export function readable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
}

/** Removes the named files of a folder, those that are there, and what an interrupted {@link writeWhole} left of them. */
export function removeFiles(folder: string, names: readonly string[]): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder)) {
    const isTheirs = names.some(
      (name) => entry === name || (entry.startsWith(`.${name}.`) && entry.endsWith('.partial')),
    )
    if (isTheirs) rmSync(join(folder, entry), { force: true })
  }
}

/** A folder of its own name below another, removed with all it holds when closed. */
export function makeTemporaryFolder(
  parent: string,
  prefix: string,
): { readonly path: string; close(): void } {
  let path: string
  try {
    path = mkdtempSync(join(parent, prefix))
  } catch (cause) {
    throw new RankerError('WRITE_FAILED', { path: parent, reason: reasonOf(cause) }, { cause })
  }
  return { path, close: () => rmSync(path, { recursive: true, force: true }) }
}
