import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'

type Content = Uint8Array | string

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, synced, then renamed.
 * Missing folders are made. @throws {RankerError} WRITE_FAILED, with nothing left behind.
 */
export function writeWhole(path: string, content: Content, temporary = temporaryName(path)): void {
  try {
    writeSynced(temporary, content)
    renameSync(temporary, path)
  } catch (cause) {
    discard(temporary)
    throw writeFailed(path, cause)
  }
}

/**
 * Writes files that belong together: all of them under temporary names first, so that a full disk leaves what was
 * there before as it was, then renamed in their order.
 * @throws {RankerError} WRITE_FAILED
 */
export function writeTogether(files: ReadonlyMap<string, Content>): void {
  const attempt = (path: string, step: () => void): void => {
    try {
      step()
    } catch (cause) {
      for (const one of files.keys()) discard(temporaryName(one))
      throw writeFailed(path, cause)
    }
  }
  for (const [path, content] of files) attempt(path, () => writeSynced(temporaryName(path), content))
  for (const path of files.keys()) attempt(path, () => renameSync(temporaryName(path), path))
}

const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.partial`)

function writeSynced(path: string, content: Content): void {
  makeFolder(dirname(path))
  const file = openSync(path, 'w')
  try {
    writeFileSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Makes a folder and its missing parents, one by one: Node's own `recursive` never returns if the system says that a
 * folder does not exist but does not make it either, as below /proc.
 */
function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw cause
    makeFolder(dirname(path))
    makeFolder(path)
  }
}

/** Whatever hinders the removal has already hindered the writing. */
function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true })
  } catch {}
}

function writeFailed(path: string, cause: unknown): RankerError {
  return new RankerError('WRITE_FAILED', { path, reason: reasonOf(cause) }, { cause })
}

/** Checks that a folder, made if need be, can be written: better before hours of work than after. */
export function checkWritable(folder: string): void {
  const probe = join(folder, `.probe.${process.pid}.sagemaker-ignore`)
  try {
    writeSynced(probe, '')
    rmSync(probe)
  } catch (cause) {
    throw writeFailed(folder, cause)
  }
}

/** Removes everything in a folder, if it exists. @throws {RankerError} WRITE_FAILED. */
export function emptyFolder(folder: string): void {
  if (!existsSync(folder)) return
  try {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
  } catch (cause) {
    throw writeFailed(folder, cause)
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

/** Runs a call that reads a file. @throws {RankerError} INPUT_UNREADABLE if the system refuses. */
export function readable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
}

/**
 * The plain files below a folder, by their relative paths. Links and devices are refused: a copy of them would hold
 * what was never in the folder.
 * @throws {RankerError} NOT_A_FILE
 */
export function readPlainTree(folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(relative(folder, path), readFileSync(path))
    else if (!entry.isDirectory()) {
      throw new RankerError('NOT_A_FILE', { path, seen: entry.isSymbolicLink() ? 'a link' : 'a device' })
    }
  }
  return files
}

/** A new folder with a unique name below another; closing it removes it with everything in it. */
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
