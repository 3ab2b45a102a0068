import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RankerError } from '../errors.ts'
import { MANIFEST_FILE, type Manifest, parseManifest } from './manifest.ts'

const ONNX_FILE = 'model.onnx'
const XGBOOST_FILES = ['model.ubj', 'model.json', 'xgboost-model']

/** A model as it lies on disk, read and compared with its manifest, not yet opened by an engine. */
export interface Artefact {
  readonly name: string
  readonly version: string
  /** The graph's bytes: those that were hashed, so that no later change of the file is served. */
  readonly onnx: Uint8Array
  /** The graph's file name, for errors. */
  readonly file: string
  /** Absent for a bare model file. */
  readonly manifest?: Manifest
}

/**
 * Reads a model folder (ranker.json and the files it lists, else model.onnx) or a bare ONNX file.
 * Only plain files are read: no link, no FIFO, no device.
 * @throws {RankerError} MODEL_MISSING, MODEL_DAMAGED, MODEL_UNSUPPORTED, HASH_MISMATCH. Messages name files, not paths.
 */
export async function openArtefact(path: string): Promise<Artefact> {
  const kind = await stat(path).catch(() => undefined)
  if (kind?.isFile()) return openBare(dirname(path), basename(path))
  if (!kind?.isDirectory()) {
    throw new RankerError('MODEL_MISSING', { wanted: 'a model folder or a model file at the model path' })
  }
  const manifest = await readPlainFile(path, MANIFEST_FILE)
  if (manifest) return openListed(path, parseManifest(manifest.toString()))
  const names = await readdir(path).catch((): string[] => [])
  const file = [ONNX_FILE, ...XGBOOST_FILES].find((name) => names.includes(name))
  if (file !== undefined) return openBare(path, file)
  throw new RankerError('MODEL_MISSING', { wanted: `${MANIFEST_FILE} or ${ONNX_FILE} in the model folder` })
}

async function openListed(folder: string, manifest: Manifest): Promise<Artefact> {
  let onnx: Buffer | undefined
  for (const [file, wanted] of Object.entries(manifest.files)) {
    const bytes = await readPlainFile(folder, file)
    if (!bytes)
      throw new RankerError('MODEL_DAMAGED', { file, reason: `${MANIFEST_FILE} lists it, and it is missing` })
    const seen = sha256(bytes)
    if (seen !== wanted) throw new RankerError('HASH_MISMATCH', { file, seen, wanted })
    if (file === ONNX_FILE) onnx = bytes
  }
  if (!onnx) throw damagedManifest(`files does not list ${ONNX_FILE}`)
  if (manifest.goldenRows.rows.length === 0)
    throw damagedManifest('goldenRows is empty, so nothing proves the model')
  return { ...manifest.model, onnx, file: ONNX_FILE, manifest }
}

async function openBare(folder: string, file: string): Promise<Artefact> {
  if (!file.endsWith('.onnx')) {
    const reason = XGBOOST_FILES.includes(file)
      ? 'an XGBoost file alone is not served by this version; wanted the model.onnx of the same model'
      : 'wanted a model folder or an .onnx file'
    throw new RankerError('MODEL_UNSUPPORTED', { file, reason })
  }
  const onnx = await readPlainFile(folder, file)
  if (!onnx) throw new RankerError('MODEL_MISSING', { wanted: file })
  return { name: 'ranker', version: sha256(onnx).slice(0, 12), onnx, file }
}

function damagedManifest(reason: string): RankerError {
  return new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Reads a file below the folder; undefined when there is none. */
async function readPlainFile(folder: string, file: string): Promise<Buffer | undefined> {
  const path = join(folder, file)
  try {
    if (!(await lstat(path)).isFile() || !(await isInside(folder, file))) {
      throw new RankerError('MODEL_UNSUPPORTED', {
        file,
        reason: 'wanted a plain file inside the model folder',
      })
    }
    // A link or a FIFO that takes the file's place now is neither followed nor waited for.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof RankerError) throw cause
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    // Node's own sentence would name the path.
    throw new RankerError('MODEL_DAMAGED', { file, reason: `it cannot be read (${code})` }, { cause })
  }
}

/** Whether a listed name leads to a file of the folder itself, with no link and no `..` on the way. */
async function isInside(folder: string, file: string): Promise<boolean> {
  if (file.split('/').includes('..')) return false
  return (await realpath(join(folder, file))) === join(await realpath(folder), file)
}
