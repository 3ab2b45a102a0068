import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { RankerError } from '../errors.ts'
import { openArtefact } from '../model/artefact.ts'
import { readPlainTree } from '../storage/files.ts'
import { readTarGz, writeTarGz } from '../storage/tar.ts'

/** A model as SageMaker takes it. */
export interface ModelArchive {
  readonly bytes: Buffer
  readonly sha256: string
  /** Its files, by name. */
  readonly names: readonly string[]
}

const CODE = 'code/'

/**
 * Packs an artefact as model.tar.gz after checking it: the folder's files without dotfiles, or a single model file.
 * The same files always give the same bytes.
 * @param code a folder with hooks, which replaces the artefact's code/
 * @throws {RankerError} MODEL_MISSING, MODEL_DAMAGED, HASH_MISMATCH, NOT_A_FILE, INPUT_UNREADABLE
 */
export async function packModel(path: string, code?: string): Promise<ModelArchive> {
  await openArtefact(path)
  const files = lstatSync(path).isDirectory()
    ? visible(readPlainTree(path))
    : new Map<string, Uint8Array>([[basename(path), readFileSync(path)]])
  if (code !== undefined) {
    if (!existsSync(code))
      throw new RankerError('INPUT_UNREADABLE', { path: code, reason: 'there is no such folder' })
    for (const name of files.keys()) if (name.startsWith(CODE)) files.delete(name)
    for (const [name, content] of visible(readPlainTree(code))) files.set(join(CODE, name), content)
  }
  return archiveOf(writeTarGz(files), [...files.keys()].sort())
}

/** An archive that is packed already, by its path. @throws {RankerError} INPUT_UNREADABLE */
export function readArchive(path: string): ModelArchive {
  return archiveOf(readFileSync(path), [...readTarGz(path).keys()].sort())
}

function archiveOf(bytes: Buffer, names: readonly string[]): ModelArchive {
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), names }
}

const visible = (files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> =>
  new Map([...files].filter(([name]) => !name.split('/').some((part) => part.startsWith('.'))))
