import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RankerError } from '../errors.ts'
import type { Forest } from './forest.ts'
import { MANIFEST_FILE, type Manifest, parseManifest } from './manifest.ts'
import { checkTrees, setFeatures } from './onnx-check.ts'
import { type OnnxModel, readOnnx } from './onnx-reader.ts'
import { writeOnnx } from './onnx-writer.ts'
import { exposeProbabilities } from './onnx-zipmap.ts'
import { readXGBoostModel } from './xgboost-model.ts'

const ONNX_FILE = 'model.onnx'
const XGBOOST_FILES = ['model.ubj', 'model.json', 'xgboost-model']
const BARE_FILES = [ONNX_FILE, ...XGBOOST_FILES]

/** A model on disk, read and checked against its manifest, not yet opened by an engine. */
export interface Artefact {
  readonly name: string
  readonly version: string
  /** The graph: the very bytes that were hashed, so that no later change of the file is served. */
  readonly onnx: Uint8Array
  /** The structure of the graph. */
  readonly graph: OnnxModel
  /** The name of the graph's file, for errors. */
  readonly file: string
  /** In the order of a row's values; absent if nothing names them. */
  readonly featureNames?: readonly string[]
  /** Which features are codes of categories: whole numbers from 0. */
  readonly categorical: readonly number[]
  /** The forest as XGBoost has it, with covers; absent for a bare ONNX file. @throws {RankerError} as its reader does. */
  readonly forest?: () => Forest
  /** Absent for a bare model file. */
  readonly manifest?: Manifest
}

/**
 * Reads a model folder (ranker.json and the files it lists, else model.onnx, else XGBoost's model.ubj, model.json or
 * xgboost-model), or one such file. Only plain files are read: no link, no FIFO, no device.
 * @throws {RankerError} MODEL_MISSING, MODEL_DAMAGED, MODEL_UNSUPPORTED, HASH_MISMATCH. Messages name files, not paths.
 */
export async function openArtefact(path: string): Promise<Artefact> {
  const kind = await stat(path).catch(() => undefined)
  if (kind?.isFile() && basename(path) !== MANIFEST_FILE) return openBare(dirname(path), basename(path))
  if (!kind?.isDirectory() && !kind?.isFile()) {
    throw new RankerError('MODEL_MISSING', { wanted: 'a model folder or a model file at the model path' })
  }
  const folder = kind.isFile() ? dirname(path) : path
  const manifest = await readPlainFile(folder, MANIFEST_FILE)
  if (manifest) return openListed(folder, parseManifest(manifest.toString()))
  const names = await readdir(folder).catch((): string[] => [])
  const file = BARE_FILES.find((name) => names.includes(name))
  if (file !== undefined) return openBare(folder, file)
  throw new RankerError('MODEL_MISSING', {
    wanted: `${[MANIFEST_FILE, ...BARE_FILES].join(' or ')} in the model folder`,
  })
}

async function openListed(folder: string, manifest: Manifest): Promise<Artefact> {
  const read = new Map<string, Buffer>()
  for (const [file, wanted] of Object.entries(manifest.files)) {
    const bytes = await readPlainFile(folder, file)
    if (!bytes)
      throw new RankerError('MODEL_DAMAGED', { file, reason: `${MANIFEST_FILE} lists it, and it is missing` })
    const seen = sha256(bytes)
    if (seen !== wanted) throw new RankerError('HASH_MISMATCH', { file, seen, wanted })
    read.set(file, bytes)
  }
  const onnx = read.get(ONNX_FILE)
  if (!onnx) throw damagedManifest(`files does not list ${ONNX_FILE}`)
  if (manifest.goldenRows.rows.length === 0)
    throw damagedManifest('goldenRows is empty, so nothing proves the model')
  const booster = XGBOOST_FILES.find((name) => read.has(name))
  const bytes = read.get(booster ?? '')
  const graph = checkOnnx(onnx, ONNX_FILE)
  return {
    ...manifest.model,
    ...graph,
    file: ONNX_FILE,
    featureNames: manifest.featureNames,
    ...(booster && bytes && { forest: () => readXGBoostModel(bytes, booster) }),
    manifest,
  }
}

async function openBare(folder: string, file: string): Promise<Artefact> {
  const bytes = await readPlainFile(folder, file)
  if (!bytes) throw new RankerError('MODEL_MISSING', { wanted: file })
  const described = { name: 'ranker', version: sha256(bytes).slice(0, 12), file }
  // Sets in another exporter's graph may hold any numbers.
  if (file.endsWith('.onnx')) return { ...described, ...checkOnnx(bytes, file), categorical: [] }
  const forest = readXGBoostModel(bytes, file)
  const { featureNames } = forest
  const graph = checkOnnx(writeOnnx(forest, described), file)
  return { ...described, ...graph, ...(featureNames.length > 0 && { featureNames }), forest: () => forest }
}

/** A graph that is safe to open in a runtime. */
function checkOnnx(bytes: Uint8Array, file: string): Pick<Artefact, 'onnx' | 'graph' | 'categorical'> {
  const graph = readOnnx(bytes, file)
  checkTrees(graph, file)
  return { onnx: exposeProbabilities(bytes, graph), graph, categorical: setFeatures(graph) }
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
    // If a link or a FIFO has taken the file's place by now, it is neither followed nor waited for.
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
    // Node's own message would name the path.
    throw new RankerError('MODEL_DAMAGED', { file, reason: `it cannot be read (${code})` }, { cause })
  }
}

/** Whether a listed name leads to a file of the folder itself, with no link and no `..` on the way. */
async function isInside(folder: string, file: string): Promise<boolean> {
  if (file.split('/').includes('..')) return false
  return (await realpath(join(folder, file))) === join(await realpath(folder), file)
}
