import { RankerError } from '../errors.ts'
import type { Manifest } from '../model/manifest.ts'
import { inputFn } from './input-fn.ts'
import type { Model } from './model.ts'
import { predictFn, type Ranking } from './predict-fn.ts'

const TOLERANCE = 1e-5

/**
 * Sends every golden row through the path of a real request, from the bytes of a JSON query to its ranking, and
 * compares the scores with those that the booster gave in training. Users' hooks take no part.
 * @throws {RankerError} GOLDEN_MISMATCH, or what the path throws.
 */
export async function proveGoldenRows(model: Model, { goldenRows }: Manifest): Promise<void> {
  const { columns, rows, scores } = goldenRows
  for (const [row, cells] of rows.entries()) {
    // A query for each row: an item's id cannot tell the rows apart where the model has a feature called id.
    const item = { id: row, ...Object.fromEntries(columns.map((column, cell) => [column, cells[cell]])) }
    const body = Buffer.from(JSON.stringify({ items: [item] }))
    const { ranking } = (await predictFn(inputFn(body, 'application/json', { model }), model)) as Ranking
    const seen = ranking[0]!.score
    const wanted = scores[row]!
    if (!(Math.abs(seen - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted)))) {
      throw new RankerError('GOLDEN_MISMATCH', { row, seen, wanted })
    }
  }
}
