import { RankerError } from '../errors.ts'
import { rawQueries } from '../features/raw-json.ts'
import { MANIFEST_FILE, type Manifest } from '../model/manifest.ts'
import { isSameScore } from '../scoring/same-score.ts'
import { inputFn } from './input-fn.ts'
import type { Model } from './model.ts'
import { type LineAnswer, predictFn, type RankedItem, type RowPrediction } from './predict-fn.ts'

/** Only scores are compared, and the manifest's business rules may need columns that no feature is made from. */
const NO_RULES = { rerank: false }

/**
 * Sends the golden rows through the path of a real request, from the bytes of JSON Lines to rankings, and compares
 * the scores with those that the booster gave in training. Users' hooks take no part.
 * @throws {RankerError} GOLDEN_MISMATCH, or MODEL_DAMAGED when a row does not fit this model.
 */
export async function proveGoldenRows(model: Model, { goldenRows }: Manifest): Promise<void> {
  const { scores } = goldenRows
  const body = goldenRequests(model, goldenRows).map((request) => `${JSON.stringify(request)}\n`)
  const input = inputFn(Buffer.from(body.join('')), 'application/jsonlines', { model })
  const { lines } = (await predictFn(input, model)) as { lines: LineAnswer[] }
  let row = 0
  for (const line of lines) {
    if ('error' in line) {
      const reason = `golden row ${row} is none of this model: ${line.error.message}`
      throw new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason })
    }
    const answers: readonly (RankedItem | RowPrediction)[] =
      'ranking' in line ? line.ranking : line.predictions
    for (const answer of answers) {
      // The items of a query come back ranked; their ids are their row numbers.
      const golden = model.features && 'id' in answer ? Number(answer.id) : row
      const [seen, wanted] = [answer.score, scores[golden]!]
      if (!isSameScore(seen, wanted)) throw new RankerError('GOLDEN_MISMATCH', { row: golden, seen, wanted })
    }
    row += answers.length
  }
}

/** The golden rows as requests: whole queries where a pipeline looks at them, else a row each. */
function goldenRequests(
  { features, featureNames }: Model,
  { columns, rows, sizes = rows.map(() => 1) }: Manifest['goldenRows'],
): object[] {
  if (features) {
    let row = 0
    return rawQueries(columns, rows, sizes).map(({ query, items }) => ({
      query,
      items: items.map((item) => ({ ...item, id: row++ })),
      context: NO_RULES,
    }))
  }
  return rows.map((cells, row) => {
    const named = Object.fromEntries(columns.map((column, cell) => [column, cells[cell] ?? null]))
    // A feature may be called id, and a query cannot say that an id is missing.
    if (named.id === null) return { features: featureNames.map((name) => named[name]) }
    return { items: [{ id: row, ...named }], context: NO_RULES }
  })
}
