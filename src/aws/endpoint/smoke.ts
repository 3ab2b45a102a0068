import { RankerError, reasonOf } from '../../errors.ts'
import { rawQueries } from '../../features/raw-json.ts'
import { MANIFEST_FILE, parseManifest } from '../../model/manifest.ts'
import type { Answer, Query } from './invoke.ts'

/** Items of the query: enough to see a ranking. */
const MOST_ITEMS = 10
/** The manifest's business rules could leave items out. */
const NO_RULES = { rerank: false }

/**
 * A query that the model has to answer: its own golden rows as candidates, of a model with a feature pipeline the first
 * whole query of them. Undefined for a model without a manifest, about whose columns nothing is known.
 */
export function goldenQuery(files: ReadonlyMap<string, Uint8Array>): Query | undefined {
  const manifest = files.get(MANIFEST_FILE)
  if (!manifest) return undefined
  const { features, goldenRows } = parseManifest(Buffer.from(manifest).toString())
  const { columns, rows, sizes = rows.map(() => 1) } = goldenRows
  // A feature of that name could not be told from the name of the item.
  if (columns.includes('id')) return undefined
  const first = features
    ? rawQueries(columns, rows, sizes)[0]!
    : { query: {}, items: rows.slice(0, MOST_ITEMS).map((row) => named(columns, row)) }
  const items = first.items.map((item, at) => ({ ...item, id: `golden-${at + 1}` }))
  return {
    body: Buffer.from(JSON.stringify({ query: first.query, items, context: NO_RULES })),
    contentType: 'application/json',
    accept: 'application/json',
  }
}

const named = (columns: readonly string[], row: readonly unknown[]): object =>
  Object.fromEntries(columns.map((column, cell) => [column, row[cell] ?? null]))

/** Hooks may answer in a shape of their own: all that can be asked of them is an answer. */
export const hasHooks = (files: ReadonlyMap<string, Uint8Array>): boolean =>
  [...files.keys()].some((name) => name.startsWith('code/'))

/** @throws {RankerError} SMOKE_FAILED unless an answer to {@link goldenQuery} ranks exactly its items. */
export function checkGoldenAnswer(name: string, query: Query, { body }: Answer): void {
  const refuse = (reason: string): never => {
    throw new RankerError('SMOKE_FAILED', { name, reason })
  }
  let ranking: unknown
  try {
    ranking = (JSON.parse(body.toString()) as { ranking?: unknown }).ranking
  } catch (cause) {
    refuse(`the answer is no JSON: ${reasonOf(cause)}`)
  }
  const wanted = (JSON.parse(query.body.toString()) as { items: unknown[] }).items.length
  if (!Array.isArray(ranking) || ranking.length !== wanted)
    refuse(`the answer ranks ${Array.isArray(ranking) ? ranking.length : 'no'} items of ${wanted}`)
  for (const { id, score } of ranking as { id: unknown; score: unknown }[])
    if (!Number.isFinite(score)) refuse(`the score of ${id} is ${score}`)
}
