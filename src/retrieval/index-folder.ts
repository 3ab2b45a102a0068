import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { RankerError, reasonOf } from '../errors.ts'
import { writeWhole } from '../storage/files.ts'
import type { Collection } from './collection.ts'
import type { Embedder } from './engine.ts'
import { type FieldColumn, FieldTable } from './field-table.ts'
import { TextEmbedding } from './text-embedding.ts'

const CURRENT = 'current'
const DESCRIPTION = 'index.json'
const IDS = 'ids.json'
const VECTORS = 'vectors.f32'
const BYTES = 'vectors.i8'
const GRAPH = 'graph.usearch'
const TEXT = 'text-embedding.bin'

const descriptionSchema = z.object({
  format: z.literal(1),
  count: z.int().min(0),
  dimensions: z.int().min(1),
  /** Size of the graph in bytes; absent if every search looks at all vectors. */
  graph: z.int().optional(),
  /** Whether there are vectors in bytes, which the graph then is of. */
  hasBytes: z.boolean().default(false),
  embedder: z.string().optional(),
  /** Of the built-in embedding. */
  hasText: z.boolean(),
  fields: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['number', 'value']),
      values: z.array(z.union([z.string(), z.boolean()])).optional(),
    }),
  ),
})

/** An index as it lies in its folder. The vectors are read when they are first needed. */
export interface StoredIndex {
  readonly ids: readonly string[]
  readonly dimensions: number
  readonly fields: FieldTable
  /** The name of the embedder whose vectors these are, and the built-in one itself. */
  readonly embedder: string | undefined
  readonly textEmbedding: TextEmbedding | undefined
  /** The path of the graph; undefined where there is none. */
  readonly graph: string | undefined
  readonly vectors: () => Float32Array
  /** The same in bytes; undefined where they would not do. */
  readonly bytes: (() => Int8Array) | undefined
}

/** What searches go through, beside the collection itself. */
export interface Shortcuts {
  /** The vectors in bytes. */
  readonly bytes?: Int8Array | undefined
  /** Writes the graph to a path. */
  readonly saveGraph?: ((path: string) => void) | undefined
}

/**
 * Writes an index beside the one that is there, then makes it the current one; readers of the old one keep their files.
 * @throws {RankerError} WRITE_FAILED.
 */
export function writeIndex(
  folder: string,
  { ids, vectors, dimensions, fields, embedder }: Collection,
  { bytes, saveGraph }: Shortcuts,
): void {
  const version = `v-${Date.now().toString(36)}-${randomUUID().slice(0, 8)}`
  const path = join(folder, version)
  const write = (name: string, content: string | ArrayBufferView) =>
    writeWhole(join(path, name), typeof content === 'string' ? content : bytesOf(content))
  try {
    write(IDS, JSON.stringify(ids))
    write(VECTORS, vectors)
    if (bytes) write(BYTES, bytes)
    const columns = [...fields.columns]
    for (const [index, [, column]] of columns.entries())
      write(`field-${index}`, column.kind === 'number' ? column.values : column.codes)
    if (embedder instanceof TextEmbedding) write(TEXT, embedder.toBytes())
    if (saveGraph) writeGraph(join(path, GRAPH), saveGraph)
    const description: z.infer<typeof descriptionSchema> = {
      format: 1,
      count: ids.length,
      dimensions,
      ...(saveGraph && { graph: statSync(join(path, GRAPH)).size }),
      hasBytes: bytes !== undefined,
      ...(embedder && { embedder: embedder.name }),
      hasText: embedder instanceof TextEmbedding,
      fields: columns.map(([name, column]) =>
        column.kind === 'number'
          ? { name, kind: 'number' }
          : { name, kind: 'value', values: [...column.values] },
      ),
    }
    write(DESCRIPTION, `${JSON.stringify(description)}\n`)
    const before = currentVersion(folder)
    writeWhole(join(folder, CURRENT), `${version}\n`)
    if (before !== undefined) rmSync(join(folder, before), { recursive: true, force: true })
  } catch (thrown) {
    rmSync(path, { recursive: true, force: true })
    throw thrown
  }
}

/** usearch writes the file itself: under another name, synced, then renamed. */
function writeGraph(path: string, save: (path: string) => void): void {
  const temporary = `${path}.partial`
  try {
    mkdirSync(join(path, '..'), { recursive: true })
    save(temporary)
    const file = openSync(temporary, 'r+')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (cause) {
    throw new RankerError('WRITE_FAILED', { path, reason: reasonOf(cause) }, { cause })
  }
}

/** @returns undefined where nothing is indexed yet. @throws {RankerError} INDEX_DAMAGED. */
export function readIndex(folder: string): StoredIndex | undefined {
  const version = currentVersion(folder)
  if (version === undefined) return undefined
  try {
    return readVersion(join(folder, version))
  } catch (thrown) {
    // Another process may just have replaced it.
    const now = currentVersion(folder)
    if (now === version || now === undefined) throw thrown
    return readVersion(join(folder, now))
  }
}

function currentVersion(folder: string): string | undefined {
  if (!existsSync(join(folder, CURRENT))) return undefined
  const version = readText(join(folder, CURRENT), CURRENT).trim()
  if (/^v-[\w-]+$/.test(version)) return version
  throw new RankerError('INDEX_DAMAGED', { file: CURRENT, reason: 'it names no index' })
}

function readVersion(path: string): StoredIndex {
  const damaged = (file: string, reason: string): never => {
    throw new RankerError('INDEX_DAMAGED', { file, reason })
  }
  const parse = <T>(file: string, schema: z.ZodType<T>): T => {
    let value: unknown
    try {
      value = JSON.parse(readText(join(path, file), file))
    } catch (cause) {
      if (cause instanceof RankerError) throw cause
      return damaged(file, 'it is not JSON')
    }
    const result = schema.safeParse(value)
    return result.success
      ? result.data
      : damaged(file, `it is none of this release: ${result.error.issues[0]!.message}`)
  }
  const sized = (file: string, bytes: number): string => {
    const seen = statSync(join(path, file), { throwIfNoEntry: false })?.size
    if (seen === undefined) damaged(file, 'it is missing')
    if (seen !== bytes) damaged(file, `it has ${seen} bytes, wanted ${bytes}`)
    return join(path, file)
  }
  const read = (file: string, bytes: number): ArrayBuffer => {
    const buffer = readFileSync(sized(file, bytes))
    // A copy that starts at offset 0: usearch ignores the offset of an array in its buffer.
    return buffer.byteOffset === 0 && buffer.buffer.byteLength === bytes
      ? (buffer.buffer as ArrayBuffer)
      : (buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + bytes) as ArrayBuffer)
  }
  const { count, dimensions, graph, hasBytes, embedder, hasText, fields } = parse(
    DESCRIPTION,
    descriptionSchema,
  )
  const ids = parse(IDS, z.array(z.string()).length(count))
  const columns = fields.map(({ name, kind, values = [] }, index): [string, FieldColumn] => {
    const file = `field-${index}`
    return kind === 'number'
      ? [name, { kind, values: new Float64Array(read(file, 8 * count)) }]
      : [name, { kind, codes: new Uint32Array(read(file, 4 * count)), values }]
  })
  /** Reads a file when it is first needed; that it is whole is seen now. */
  const later = <T>(file: string, bytes: number, make: (buffer: ArrayBuffer) => T): (() => T) => {
    sized(file, bytes)
    let made: T | undefined
    return () => (made ??= make(read(file, bytes)))
  }
  return {
    ids,
    dimensions,
    fields: new FieldTable(new Map(columns), count),
    embedder,
    textEmbedding: hasText ? TextEmbedding.fromBytes(readBytes(join(path, TEXT), TEXT), TEXT) : undefined,
    graph: graph === undefined ? undefined : sized(GRAPH, graph),
    vectors: later(VECTORS, 4 * count * dimensions, (buffer) => new Float32Array(buffer)),
    bytes: hasBytes ? later(BYTES, count * dimensions, (buffer) => new Int8Array(buffer)) : undefined,
  }
}

function readText(path: string, file: string): string {
  return readBytes(path, file).toString()
}

function readBytes(path: string, file: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new RankerError('INDEX_DAMAGED', { file, reason: reasonOf(cause) }, { cause })
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** Whether an index can be searched by an embedder's vectors. */
export function isMadeBy({ embedder }: StoredIndex, given: Embedder): boolean {
  return embedder === undefined || embedder === given.name
}
