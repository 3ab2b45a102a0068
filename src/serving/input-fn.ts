import { readInstances } from '../data/instances.ts'
import { checkText, decodeText, isObject, parseJson } from '../data/json.ts'
import { type Query, readQuery } from '../data/query.ts'
import { type Rows, readCsvRows, readCsvTable } from '../data/rows.ts'
import { RankerError } from '../errors.ts'
import { currentContext } from './context.ts'
import type { HookContext } from './hook-types.ts'
import { parseMediaType } from './media-type.ts'

/** What the default inputFn makes of a request. */
export type ModelInput = Rows | Query

interface Format {
  readonly read: (
    body: Buffer,
    featureNames: readonly string[],
    parameter: (name: string) => string | null,
  ) => ModelInput
  /** The media type of an answer whose Accept leaves the choice to the server. */
  readonly answer: string
}

/** Every content type that is read, by its name without parameters. */
const FORMATS = new Map<string, Format>([
  [
    'text/csv',
    {
      answer: 'text/csv',
      read(body, featureNames, parameter) {
        checkText(body)
        const read = parameter('header')?.toLowerCase() === 'present' ? readCsvTable : readCsvRows
        return read(body, featureNames)
      },
    },
  ],
  ['application/json', { answer: 'application/json', read: readJson }],
])

/** The content types that are read. */
export const CONTENT_TYPES: readonly string[] = [...FORMATS.keys()]

/** The answer's media type for a request whose Accept leaves the choice to the server. */
export function ownAnswerType(contentType: string): string {
  return FORMATS.get(parseMediaType(contentType)?.essence ?? '')?.answer ?? 'application/json'
}

/**
 * The default inputFn: reads a request body of any known content type into rows or a query for the model.
 * @param context may be left out inside a hook, whose own it then is
 * @throws {RankerError} 415 for another content type or charset, 400 for unreadable bytes, 422 for what does not fit
 * the model.
 */
export function inputFn(body: Buffer, contentType: string, context?: Pick<HookContext, 'model'>): ModelInput {
  const model = (context ?? currentContext())?.model
  if (!model) throw new RankerError('NO_DEFAULT_MODEL', { hook: 'inputFn' })
  const mediaType = parseMediaType(contentType)
  const format = FORMATS.get(mediaType?.essence ?? '')
  if (!mediaType || !format) {
    const seen = contentType === '' ? undefined : contentType
    throw new RankerError('CONTENT_TYPE_UNSUPPORTED', { seen, known: CONTENT_TYPES })
  }
  const charset = mediaType.params.get('charset')
  if (charset && !/^utf-?8$/i.test(charset)) throw new RankerError('CHARSET_UNSUPPORTED', { seen: charset })
  return format.read(body, model.featureNames, (name) => mediaType.params.get(name))
}

function readJson(body: Buffer, featureNames: readonly string[]): ModelInput {
  checkText(body)
  const text = decodeText(body)
  const value = parseJson(text)
  if (isObject(value) && value.instances !== undefined) return readInstances(value.instances, featureNames)
  if (isObject(value) && value.items !== undefined) return readQuery(value, text, featureNames)
  throw new RankerError('BAD_REQUEST_SHAPE', {
    where: 'the body',
    seen: value,
    wanted: '{"items":[{"id":…}]} or {"instances":[{"features":[…]}]}',
  })
}
