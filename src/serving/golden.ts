import { RankerError } from '../errors.ts'
import { MANIFEST_FILE, type Manifest } from '../model/manifest.ts'
import { inputFn } from './input-fn.ts'
import type { Model } from './model.ts'
import { type LineAnswer, predictFn } from './predict-fn.ts'

const TOLERANCE = 1e-5
/** Scores are what is proven; the manifest's business rules may want columns that no feature is made of. */
const NO_RULES = { rerank: false }

/** Whether a score is the one that the booster gave in training, but for rounding. */
export function isGolden(seen: number, wanted: number): boolean {
  return Math.abs(seen - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted))
}

/**
 * Sends the golden rows through the path of a real request, from the bytes of JSON Lines to their rankings, and compares
 * the scores with those that the booster gave in training. Users' hooks take no part.
 * @throws {RankerError} GOLDEN_MISMATCH, MODEL_DAMAGED when a row is none of this model.
 */
export async function proveGoldenRows(model: Model, { goldenRows }: Manifest): Promise<void> {
  const { columns, rows, scores } = goldenRows
  const body = rows.map((cells, row) => {
    const named = Object.fromEntries(columns.map((column, cell) => [column, cells[cell] ?? null]))
    // A feature may be called id, and a query cannot say that an id is missing.
    const request =
      named.id === null
        ? { features: model.featureNames.map((name) => named[name]) }
        : { items: [{ id: row, ...named }], context: NO_RULES }
    return `${JSON.stringify(request)}\n`
  })
  const input = inputFn(Buffer.from(body.join('')), 'application/jsonlines', { model })
  const { lines } = (await predictFn(input, model)) as { lines: LineAnswer[] }
  for (const [row, line] of lines.entries()) {
    if ('error' in line) {
      const reason = `golden row ${row} is none of this model: ${line.error.message}`
      throw new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason })
    }
    const { score: seen } = ('ranking' in line ? line.ranking : line.predictions)[0]!
    const wanted = scores[row]!
    if (!isGolden(seen, wanted)) throw new RankerError('GOLDEN_MISMATCH', { row, seen, wanted })
  }
}
