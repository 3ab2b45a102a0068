import * as z from 'zod'
import { RankerError } from '../errors.ts'
import { rulesSchema } from '../rerank/rules.ts'

/** The manifest's name inside the artefact. */
export const MANIFEST_FILE = 'ranker.json'

/** A column name mapped to a number, or null where the value is missing. */
const cell = z.union([z.number(), z.string()]).nullable()

/**
 * Raw rows with the score the booster gave each: what was trained is what is served, or nothing is.
 * Scores are XGBoost's `predict()`; `columns` names the cells of every row, `sizes` counts the rows of each query where a
 * feature pipeline looks at whole queries.
 */
const goldenRows = z
  .object({
    columns: z.array(z.string()),
    rows: z.array(z.array(cell)),
    sizes: z.array(z.int().min(1)).optional(),
    scores: z.array(z.number()),
  })
  .refine((golden) => golden.rows.length === golden.scores.length, 'wanted one score a row')
  .refine(
    (golden) => golden.rows.every((row) => row.length === golden.columns.length),
    'wanted one cell a column',
  )
  .refine(
    ({ rows, sizes }) => !sizes || sizes.reduce((sum, size) => sum + size, 0) === rows.length,
    'wanted sizes that add up to the rows',
  )

export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(1),
  model: z.object({ name: z.string(), version: z.string() }),
  featureNames: z.array(z.string()).min(1),
  /** The feature pipeline with all that was fitted, which src/features reads; absent where columns are taken as they are. */
  features: z.looseObject({ version: z.literal(1) }).optional(),
  objective: z.string(),
  hyperparameters: z.record(z.string(), z.unknown()),
  /** Zero-based round at which the kept model ends. */
  bestIteration: z.int().min(0),
  /** Null where a metric has no value, such as the AUC of labels that are all the same. */
  metrics: z.record(z.string(), z.record(z.string(), z.number().nullable())),
  training: z.looseObject({
    rows: z.int(),
    queries: z.int(),
    /** sha256 over the training matrix, labels and groups. */
    fingerprint: z.string(),
  }),
  libraries: z.record(z.string(), z.string()),
  /** sha256 in hex of each file beside the manifest. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, 'wanted a sha256 in hex')),
  goldenRows,
  /** Business rules after the score, for requests that do not bring their own. */
  rerank: rulesSchema.optional(),
})

export type Manifest = z.infer<typeof manifestSchema>

/** @throws {RankerError} MODEL_DAMAGED when the text is no manifest of a version this release reads. */
export function parseManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason: 'it is not JSON' }, { cause })
  }
  const result = manifestSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
  throw new RankerError('MODEL_DAMAGED', { file: MANIFEST_FILE, reason: `${where}${issue.message}` })
}

/** The manifest as people read it: indented, with every list on one line. */
export function formatManifest(manifest: Manifest): string {
  const lines = (value: unknown, indent: string): string => {
    const isList = Array.isArray(value)
    if (
      typeof value !== 'object' ||
      value === null ||
      (isList && value.every((one) => one === null || typeof one !== 'object'))
    ) {
      return JSON.stringify(value)
    }
    const inner = `${indent}  `
    const parts = isList
      ? value.map((one) => inner + lines(one, inner))
      : Object.entries(value)
          .filter(([, one]) => one !== undefined)
          .map(([key, one]) => `${inner}${JSON.stringify(key)}: ${lines(one, inner)}`)
    const [open, close] = isList ? '[]' : '{}'
    return parts.length === 0 ? `${open}${close}` : `${open}\n${parts.join(',\n')}\n${indent}${close}`
  }
  return `${lines(manifest, '')}\n`
}
