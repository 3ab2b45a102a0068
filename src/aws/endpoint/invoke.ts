import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { RankerError } from '../../errors.ts'
import { writeWhole } from '../../storage/files.ts'
import type { S3 } from '../../storage/s3.ts'
import { parseS3Address, type S3Address } from '../../storage/s3-address.ts'
import type { Api } from '../api.ts'
import { type Waiting, waitFor } from '../wait.ts'

/** A request to an endpoint. */
export interface Query {
  readonly body: Buffer
  readonly contentType: string
  readonly accept?: string | undefined
  readonly variant?: string | undefined
  readonly targetModel?: string | undefined
}

export interface Answer {
  readonly body: Buffer
  readonly contentType: string
  readonly variant?: string | undefined
}

/** Asks the endpoint. @throws {RankerError} AWS_FAILED, with what the container said */
export async function invokeEndpoint(api: Api, EndpointName: string, query: Query): Promise<Answer> {
  const { body, contentType, accept, variant, targetModel } = query
  const { Body, ContentType, InvokedProductionVariant } = await api.call('sagemaker-runtime:InvokeEndpoint', {
    EndpointName,
    ContentType: contentType,
    Body: body,
    ...(accept !== undefined && { Accept: accept }),
    ...(variant !== undefined && { TargetVariant: variant }),
    ...(targetModel !== undefined && { TargetModel: targetModel }),
  })
  return { body: Buffer.from(Body!), contentType: ContentType ?? '', variant: InvokedProductionVariant }
}

/** Seconds that an asynchronous answer is waited for. */
const LONGEST_WAIT_MS = 900_000

/**
 * Asks an asynchronous endpoint: the request goes to S3, the answer is waited for there.
 * @param folder for the request's file
 * @throws {RankerError} AWS_FAILED, SMOKE_FAILED with what the container said, WAIT_STOPPED
 */
export async function invokeAsynchronously(
  tools: Waiting & { readonly api: Api; readonly s3: S3 },
  EndpointName: string,
  query: Query,
  {
    output,
    folder,
    kmsKey,
  }: { readonly output: string; readonly folder: string; readonly kmsKey: string | undefined },
): Promise<Answer> {
  const { api, s3, now } = tools
  const hash = createHash('sha256').update(query.body).digest('hex').slice(0, 16)
  const input = `${output.replace(/\/$/, '')}/requests/${hash}`
  const path = join(folder, hash)
  writeWhole(path, query.body)
  await s3.put(path, parseS3Address(input), kmsKey)
  const { OutputLocation, FailureLocation } = await api.call('sagemaker-runtime:InvokeEndpointAsync', {
    EndpointName,
    InputLocation: input,
    ContentType: query.contentType,
    ...(query.accept !== undefined && { Accept: query.accept }),
  })
  const limit = now() + LONGEST_WAIT_MS
  return waitFor(`answer at ${OutputLocation}`, tools, async () => {
    const answer = await textAt(s3, parseS3Address(OutputLocation!))
    if (answer) return { line: 'there', done: { body: answer, contentType: 'application/json' } }
    const failure = FailureLocation && (await textAt(s3, parseS3Address(FailureLocation)))
    if (failure) throw new RankerError('SMOKE_FAILED', { name: EndpointName, reason: failure.toString() })
    if (now() > limit)
      throw new RankerError('SMOKE_FAILED', {
        name: EndpointName,
        reason: `no answer within ${LONGEST_WAIT_MS / 60_000} minutes`,
      })
    return { line: 'not there yet' }
  })
}

async function textAt(s3: S3, address: S3Address): Promise<Buffer | undefined> {
  const object = (await s3.find(address)).find(({ key }) => key === address.key)
  if (!object) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of s3.read(object)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
