import { createHash } from 'node:crypto'
import * as z from 'zod'

/** The first word of a checkpoint; another number is another layout. */
const MAGIC = 'ranker-checkpoint/1'

/** What a checkpoint was made from, by name: only a job with the same origin can continue from it. */
export type Origin = Readonly<Record<string, string>>

/** A training job between two rounds. */
export interface Checkpoint {
  readonly origin: Origin
  /** The release that wrote it. */
  readonly version: string
  /** Values of every finished round by `name-metric`; replaying them restores the state of early stopping. */
  readonly history: readonly ReadonlyMap<string, number>[]
  /** XGBoost's own serialised booster, which holds the state of training beside the model. */
  readonly booster: Uint8Array
}

const headSchema = z.object({
  origin: z.record(z.string(), z.string()),
  version: z.string(),
  metrics: z.array(z.string()),
  // A metric may be NaN, which JSON writes as null.
  history: z.array(z.array(z.number().nullable())),
})

/**
 * A line `ranker-checkpoint/1 SHA256`, a line of JSON, and the booster's bytes; the sha256 is over all that follows its
 * own line.
 */
export function encodeCheckpoint({ origin, version, history, booster }: Checkpoint): Buffer {
  const head: z.infer<typeof headSchema> = {
    origin,
    version,
    metrics: [...(history[0]?.keys() ?? [])],
    history: history.map((values) => [...values.values()]),
  }
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), booster])
  return Buffer.concat([Buffer.from(`${MAGIC} ${sha256(body)}\n`), body])
}

/** @returns the checkpoint, or a sentence about what is wrong with the bytes. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint | string {
  if (bytes.length === 0) return 'it is empty'
  const [first, body] = cutLine(bytes)
  const [magic, hash] = first.split(' ')
  if (magic !== MAGIC) return `it does not start with ${MAGIC}`
  if (sha256(body) !== hash) return 'its sha256 is not the one that it states'
  const [json, booster] = cutLine(body)
  const { metrics, history, ...head } = headSchema.parse(JSON.parse(json))
  return {
    ...head,
    history: history.map((values) => new Map(metrics.map((name, at) => [name, values[at] ?? Number.NaN]))),
    booster,
  }
}

function cutLine(bytes: Buffer): [line: string, rest: Buffer] {
  const end = bytes.indexOf('\n')
  return end < 0 ? ['', bytes] : [bytes.toString('utf8', 0, end), bytes.subarray(end + 1)]
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
