import type { JsonObject } from '../data/json.ts'
import { RankerError } from '../errors.ts'
import { MANIFEST_FILE, type Manifest } from '../model/manifest.ts'
import { inputFn } from './input-fn.ts'
import type { Model } from './model.ts'
import { predictFn, type Ranking } from './predict-fn.ts'

const TOLERANCE = 1e-5

/**
 * Sends every golden row through the path of a real request, from the bytes of a JSON query to its ranking, and
 * compares the scores with those that the booster gave in training. Users' hooks take no part.
 * @throws {RankerError} GOLDEN_MISMATCH, MODEL_DAMAGED when a row is none of this model.
 */
export async function proveGoldenRows(model: Model, { goldenRows }: Manifest): Promise<void> {
  const { columns, rows, scores } = goldenRows
  for (const [row, cells] of rows.entries()) {
    const named = Object.fromEntries(columns.map((column, cell) => [column, cells[cell] ?? null]))
    const seen = await scoreOf(named, row, model)
    const wanted = scores[row]!
    if (!(Math.abs(seen - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted)))) {
      throw new RankerError('GOLDEN_MISMATCH', { row, seen, wanted })
    }
  }
}

async function scoreOf(named: JsonObject, row: number, model: Model): Promise<number> {
  // A feature may be called id, and a query cannot say that an id is missing.
  const isQuery = named.id !== null
  // A query for each row: an item's id cannot tell the rows apart then.
  const request = isQuery
    ? { items: [{ id: row, ...named }] }
    : { instances: [{ features: model.featureNames.map((name) => named[name]) }] }
  try {
    const input = inputFn(Buffer.from(JSON.stringify(request)), 'application/json', { model })
    const prediction = await predictFn(input, model)
    return isQuery ? (prediction as Ranking).ranking[0]!.score : (prediction as number[])[0]!
  } catch (cause) {
    if (!(cause instanceof RankerError) || cause.status >= 500) throw cause
    const reason = `golden row ${row} is none of this model: ${cause.message}`
    throw new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason }, { cause })
  }
}
