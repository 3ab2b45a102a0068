import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../src/data/random.ts'
import type { Context } from './benchmark.ts'
import { requestBodies } from './data.ts'
import { rawItem, rawQuery } from './features-data.ts'

/** Requests as the load reads them. */
export interface RequestFile {
  readonly contentType: string
  /** In base64. */
  readonly bodies: readonly string[]
}

/** Bodies that take turns, and the file that the load reads. */
export interface Requests {
  readonly contentType: string
  readonly bodies: readonly Uint8Array[]
  readonly file: string
}

function save(
  { folder }: Context,
  name: string,
  contentType: string,
  bodies: readonly Uint8Array[],
): Requests {
  const file = join(folder, `requests-${name}.json`)
  const text: RequestFile = {
    contentType,
    bodies: bodies.map((body) => Buffer.from(body).toString('base64')),
  }
  writeFileSync(file, JSON.stringify(text))
  return { contentType, bodies, file }
}

/** Rows of features as CSV. */
export function csvRequests(context: Context, count: number, rows: number, features: number): Requests {
  const bodies = requestBodies(count, rows, features).map((text) => Buffer.from(text))
  return save(context, `csv-${rows}`, 'text/csv', bodies)
}

/** The same rows as an array of numpy's: a head of 128 bytes, then float32. */
export function npyRequests(context: Context, csv: Requests, features: number): Requests {
  const bodies = csv.bodies.map((body) => {
    const values = Float32Array.from(Buffer.from(body).toString().trimEnd().split(/[,\n]/), Number)
    const shape = `(${values.length / features}, ${features})`
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117)
    const start = Buffer.from(`\x93NUMPY\x01\x00v\x00${header}\n`, 'latin1')
    return Buffer.concat([start, Buffer.from(values.buffer)])
  })
  return save(context, 'npy', 'application/x-npy', bodies)
}

/** Raw columns of an item: numbers, words, texts and dates. */
const COLUMNS = 15

/** A query with its items of 15 raw columns each, as JSON. */
export function queryRequests(context: Context, count: number, items: number): Requests {
  const random = seededRandom(8)
  const bodies = Array.from({ length: count }, () => {
    const list = Array.from({ length: items }, (_, id) => ({ id, ...rawColumns(random) }))
    return Buffer.from(JSON.stringify({ query: rawQuery(random, 0), items: list }))
  })
  return save(context, 'query', 'application/json', bodies)
}

/** Judged queries of such items, a line each, as training reads them. */
export function judgedQueries(queries: number, items: number): string {
  const random = seededRandom(9)
  const lines = Array.from({ length: queries }, (_, qid) => {
    const list = Array.from({ length: items }, () => {
      const columns = rawColumns(random)
      const label = Math.min(4, Math.floor((5 * Number(columns.n3)) / 20 + 2 * random() * random()))
      return { label, ...columns }
    })
    return JSON.stringify({ qid, query: rawQuery(random, 0), items: list })
  })
  return `${lines.join('\n')}\n`
}

function rawColumns(random: () => number): Record<string, unknown> {
  const item = { ...rawItem(random, 0), photos: Math.floor(random() * 12) }
  if (Object.keys(item).length !== COLUMNS) throw new Error(`an item has ${Object.keys(item).length} columns`)
  return item
}
