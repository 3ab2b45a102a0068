import { lstatSync, readdirSync } from 'node:fs'
import { isAbsolute, join, normalize, relative, sep } from 'node:path'
import { RankerError } from '../../errors.ts'

/**
 * The folder that a url of the `/models` API names: below the models' root, and reached without a link.
 * @throws {RankerError} MODEL_URL_REFUSED, MODEL_FOLDER_MISSING.
 */
export function modelFolder(root: string, url: string): string {
  const refuse = (reason: string): never => {
    throw new RankerError('MODEL_URL_REFUSED', { url, reason })
  }
  const path = url.length > 1 ? url.replace(/\/$/, '') : url
  if (url.includes('\0') || !isAbsolute(path) || normalize(path) !== path) refuse('is no plain absolute path')
  const below = relative(root, path)
  if (below === '' || below.split(sep)[0] === '..') refuse('lies outside of the folder of models')
  let folder = root
  for (const level of below.split(sep)) {
    folder = join(folder, level)
    const found = lstat(folder)
    if (!found) throw new RankerError('MODEL_FOLDER_MISSING', { url })
    if (!found.isDirectory()) refuse(found.isSymbolicLink() ? 'leads through a link' : 'is no folder')
  }
  return path
}

/** Bytes of all files below a folder; links are not followed. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? (lstat(join(entry.parentPath, entry.name))?.size ?? 0) : 0),
    0,
  )
}

function lstat(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    // A name too long for the file system, or a folder that may not be read.
    return undefined
  }
}
