import { readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Answer, invokeAsynchronously, invokeEndpoint, type Query } from '../../aws/endpoint/invoke.ts'
import { endpointName, type Mode, modeOf } from '../../aws/endpoint/settings.ts'
import { checkGoldenAnswer, goldenQuery, hasHooks } from '../../aws/endpoint/smoke.ts'
import { filesOfModel, type ModelSource } from '../../aws/model-source.ts'
import { addressIn, type Scope } from '../../aws/scope.ts'
import { RankerError, reasonOf } from '../../errors.ts'
import { formatS3Address, parseS3Address } from '../../storage/s3-address.ts'
import type { Context } from './aws-command.ts'

/** Content types by the extension of a file; queries are JSON. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.jsonl': 'application/jsonlines',
  '.libsvm': 'text/libsvm',
  '.npy': 'application/x-npy',
  '.pbr': 'application/x-recordio-protobuf',
}

/** A query from a file, or from standard input (`-`). @throws {RankerError} INPUT_UNREADABLE, BODY_EMPTY */
export async function readQuery({ io, flags }: Context, file: string): Promise<Query> {
  let body: Buffer
  try {
    body = file === '-' ? await buffer(io.stdin) : readFileSync(resolve(io.cwd, file))
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path: file, reason: reasonOf(cause) }, { cause })
  }
  if (body.length === 0) throw new RankerError('BODY_EMPTY', {})
  const contentType = flags.values['content-type'] ?? CONTENT_TYPES[extname(file)] ?? 'application/json'
  return { body, contentType, accept: flags.values.accept }
}

/** The query sent after a deployment; `check` judges the answer. */
export interface SmokeQuery extends Query {
  readonly check?: (answer: Answer) => void
}

/** The query of the settings, or the model's golden rows; undefined if it has none. */
export async function smokeQuery(
  context: Context,
  model: ModelSource,
  mode: Mode,
): Promise<SmokeQuery | undefined> {
  const { config, folder } = context
  const { s3 } = await context.tools()
  let targetModel = config.endpoint?.targetModel
  let asked = model
  if (mode === 'multi-model') {
    const { key } = parseS3Address(model.address)
    const models = await s3.find(parseS3Address(model.address))
    const first = models.find((one) =>
      targetModel === undefined ? one.key.endsWith('.tar.gz') : one.key === `${key}${targetModel}`,
    )
    if (!first)
      throw new RankerError('S3_FAILED', { address: model.address, reason: 'there is no model below it' })
    targetModel ??= first.key.slice(key.length)
    asked = { address: formatS3Address(first) }
  }
  const file = config.endpoint?.query
  if (file !== undefined) return { ...(await readQuery(context, file)), targetModel }
  const files = await filesOfModel(asked, s3, folder)
  const query = goldenQuery(files)
  if (!query) return undefined
  if (hasHooks(files)) return { ...query, targetModel }
  return { ...query, targetModel, check: (answer) => checkGoldenAnswer(endpointName(config), query, answer) }
}

/** Asks, and looks at the answer. @throws {RankerError} SMOKE_FAILED */
export async function askEndpoint(context: Context, scope: Scope, query: SmokeQuery): Promise<Answer> {
  const { config, folder } = context
  const name = endpointName(config)
  const tools = await context.tools()
  try {
    const answer =
      modeOf(config.endpoint ?? {}) === 'async'
        ? await invokeAsynchronously(tools, name, query, {
            output: config.endpoint?.output ?? addressIn(scope, 'async'),
            folder,
            kmsKey: config.kmsKey,
          })
        : await invokeEndpoint(tools.api, name, query)
    query.check?.(answer)
    return answer
  } catch (thrown) {
    if (thrown instanceof RankerError && ['SMOKE_FAILED', 'WAIT_STOPPED'].includes(thrown.code)) throw thrown
    throw new RankerError('SMOKE_FAILED', { name, reason: reasonOf(thrown) }, { cause: thrown })
  }
}
