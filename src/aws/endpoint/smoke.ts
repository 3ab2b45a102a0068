import { RankerError, reasonOf } from '../../errors.ts'
import { MANIFEST_FILE, parseManifest } from '../../model/manifest.ts'
import type { Answer, Query } from './invoke.ts'

/** Items of the query: enough to see a ranking. */
const MOST_ITEMS = 10

/**
 * A query that the model has to answer: its own golden rows as candidates. Undefined for a model without a manifest,
 * about whose columns nothing is known.
 */
export function goldenQuery(files: ReadonlyMap<string, Uint8Array>): Query | undefined {
  const manifest = files.get(MANIFEST_FILE)
  if (!manifest) return undefined
  const { columns, rows } = parseManifest(Buffer.from(manifest).toString()).goldenRows
  const items = rows.slice(0, MOST_ITEMS).map((row, at) => ({
    id: `golden-${at + 1}`,
    ...Object.fromEntries(columns.map((column, cell) => [column, row[cell] ?? null])),
  }))
  if (items.length === 0) return undefined
  return {
    body: Buffer.from(JSON.stringify({ items })),
    contentType: 'application/json',
    accept: 'application/json',
  }
}

/** @throws {RankerError} SMOKE_FAILED when an answer to {@link goldenQuery} ranks other than all of its items. */
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
