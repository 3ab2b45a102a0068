import { readArrow } from '../data/arrow/rows.ts'
import { readCsvRows, readCsvTable } from '../data/csv/rows.ts'
import { checkText, decodeText, isObject, parseJson } from '../data/json/json.ts'
import { readLibsvmRows } from '../data/libsvm/rows.ts'
import { readNpy } from '../data/npy.ts'
import { readPlainInstances } from '../data/plain/instances.ts'
import { readRecordRows } from '../data/recordio/rows.ts'
import { readInstances } from '../data/request/instances.ts'
import { type Lines, readLines } from '../data/request/lines.ts'
import { type Queries, type Query, type ReadItems, readQueries, readQuery } from '../data/request/query.ts'
import type { Rows } from '../data/request/row-list.ts'
import { RankerError } from '../errors.ts'
import { pipelineOf } from '../features/pipeline.ts'
import { transformItems } from '../features/request-items.ts'
import { transformCsv } from '../features/request-table.ts'
import { currentContext } from './context.ts'
import type { HookContext } from './hook-types.ts'
import { parseMediaType } from './media-type.ts'
import type { ModelInfo } from './model.ts'

/** What the default inputFn makes of a request. */
export type ModelInput = Rows | Query | Queries | Lines

type Parameter = (name: string) => string | null
type Read = (body: Buffer, model: ModelInfo, parameter: Parameter) => ModelInput

function readCsv(body: Buffer, { featureNames, features }: ModelInfo, parameter: Parameter): ModelInput {
  if (parameter('header')?.toLowerCase() !== 'present') return readCsvRows(body, featureNames)
  if (!features) return readCsvTable(body, featureNames)
  checkText(body)
  return transformCsv(body, pipelineOf(features.fitted), { group: features.group, now: Date.now() })
}

/** The pipeline's reader of a query's items, if the model has a pipeline. */
function itemsReader({ features }: ModelInfo): ReadItems | undefined {
  if (!features) return undefined
  const pipeline = pipelineOf(features.fitted)
  const now = Date.now()
  return (items, query, number) => transformItems(pipeline, items, query, { now, query: number })
}

function readLibsvm(body: Buffer, { featureNames, libsvmIndexBase }: ModelInfo): ModelInput {
  return readLibsvmRows(body, featureNames.length, libsvmIndexBase)
}

function readJson(body: Buffer, model: ModelInfo): ModelInput {
  const { featureNames } = model
  const plain = readPlainInstances(body, featureNames.length)
  if (plain) return plain
  checkText(body)
  const text = decodeText(body)
  const value = parseJson(text)
  if (Array.isArray(value)) return readQueries(value, text, featureNames, itemsReader(model))
  if (isObject(value) && value.instances !== undefined) return readInstances(value, featureNames)
  if (isObject(value) && value.items !== undefined)
    return readQuery(value, text, featureNames, itemsReader(model))
  throw new RankerError('BAD_REQUEST_SHAPE', {
    where: 'the body',
    seen: value,
    wanted: '{"items":[{"id":…}]}, a list of these or {"instances":[{"features":[…]}]}',
  })
}

/** Every content type that is read, by its name without parameters. */
const FORMATS = new Map<string, Read>([
  ['text/csv', readCsv],
  ['text/libsvm', readLibsvm],
  ['text/x-libsvm', readLibsvm],
  ['application/json', readJson],
  [
    'application/jsonlines',
    (body, model) => readLines(body, model.featureNames, undefined, itemsReader(model)),
  ],
  ['application/x-recordio-protobuf', (body, { featureNames }) => readRecordRows(body, featureNames.length)],
  ['application/x-npy', (body, { featureNames }) => readNpy(body, featureNames)],
  ['application/vnd.apache.arrow.stream', (body, { featureNames }) => readArrow(body, featureNames)],
])

/** The content types that are read. */
export const CONTENT_TYPES: readonly string[] = [...FORMATS.keys()]

/**
 * The default inputFn: reads a request body of any known content type into rows, a query, several queries or lines of
 * these for the model.
 * @param context may be left out inside a hook, whose own it then is
 * @throws {RankerError} 415 for another content type or charset, 400 for unreadable bytes, 422 for what does not fit
 * the model.
 */
export function inputFn(body: Buffer, contentType: string, context?: Pick<HookContext, 'model'>): ModelInput {
  const model = (context ?? currentContext())?.model
  if (!model) throw new RankerError('NO_DEFAULT_MODEL', { hook: 'inputFn' })
  const mediaType = parseMediaType(contentType)
  const read = FORMATS.get(mediaType?.essence ?? '')
  if (!mediaType || !read) {
    const seen = contentType === '' ? undefined : contentType
    throw new RankerError('CONTENT_TYPE_UNSUPPORTED', { seen, known: CONTENT_TYPES })
  }
  const charset = mediaType.params.get('charset')
  if (charset && !/^utf-?8$/i.test(charset)) throw new RankerError('CHARSET_UNSUPPORTED', { seen: charset })
  return read(body, model, (name) => mediaType.params.get(name))
}
