import * as z from 'zod'
import { RankerError } from '../../errors.ts'
import { isObject, type JsonObject } from '../json/json.ts'
import { OUTPUT_KEYS, type RequestOptions } from './output-keys.ts'

/** The fields around the items of a query or the rows of a request. */
export interface Envelope extends RequestOptions {
  readonly query: JsonObject
  readonly context: JsonObject
  /** Most items that the answer may have. */
  readonly limit: number | undefined
  /** Names of unknown fields. */
  readonly ignored: readonly string[]
}

const object = z.custom<JsonObject>(isObject, 'an object')
const keys = `a list of ${OUTPUT_KEYS.join(', ')}, each once at most`

const optionsSchema = z.object(
  {
    output: z
      .array(z.enum(OUTPUT_KEYS, keys), keys)
      .min(1, keys)
      .refine((list) => new Set(list).size === list.length, keys)
      .nullish(),
  },
  'an object',
)

const envelopeSchema = z.object({
  query: object.nullish(),
  context: object.nullish(),
  limit: z
    .custom<number>(
      (value) => Number.isInteger(value) && (value as number) >= 1,
      'an integer from 1, or no limit',
    )
    .optional(),
  explain: z.boolean('true or false').nullish(),
  options: optionsSchema.nullish(),
})

/**
 * Reads the fields around a request's rows or items. An unknown field is ignored, like an unknown column.
 * @param content the field that holds the rows or items, which is not read here
 * @param query which one of several it is, for errors
 * @throws {RankerError} BAD_REQUEST_SHAPE.
 */
export function readEnvelope(body: JsonObject, content: string, query?: number): Envelope {
  const result = envelopeSchema.safeParse(body)
  if (!result.success) {
    const { path, message } = result.error.issues[0]!
    const seen = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], body)
    throw new RankerError('BAD_REQUEST_SHAPE', { query, where: path.join('.'), seen, wanted: message })
  }
  const { limit, explain, options } = result.data
  const unknown = (value: JsonObject, shape: object) =>
    Object.keys(value).filter((key) => !Object.hasOwn(shape, key))
  return {
    query: result.data.query ?? {},
    context: result.data.context ?? {},
    limit,
    ...(explain && { explain }),
    ...(options?.output && { output: options.output }),
    ignored: [
      ...unknown(body, envelopeSchema.shape).filter((key) => key !== content),
      ...unknown(body.options ? (body.options as JsonObject) : {}, optionsSchema.shape).map(
        (key) => `options.${key}`,
      ),
    ],
  }
}
