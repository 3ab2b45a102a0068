import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RankerError } from '../../errors.ts'
import type { AsyncFiles } from '../async-files.ts'
import { piecesOf, wholeOf } from '../bodies.ts'
import { payloadPart } from '../event-stream.ts'
import type { Gate } from '../gate.ts'
import type { Answer } from '../pipeline.ts'
import type { ServedModel } from '../served-model.ts'
import { chunksOf } from './chunks.ts'
import { EndpointRefusal, sendEndpointError } from './endpoint-errors.ts'
import { invoke } from './invoke.ts'

export interface EndpointOptions {
  readonly gate: Gate
  readonly bodyLimit: number
  /** The model that a call means: the only one that is served, or the one of that name. */
  readonly model: (target: string | undefined) => ServedModel
  /** Absent if asynchronous calls are not set up. */
  readonly asyncFiles: AsyncFiles | undefined
}

const VARIANT = 'AllTraffic'
const ENDPOINT_NAME = /^(?=.{1,63}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*$/
const INFERENCE_ID = /^[\w.-]{1,64}$/
/** AWS's limit on a body that InvokeEndpointAsync carries inline. */
const MOST_INLINE_BYTES = 128_000

/**
 * `POST /endpoints/NAME/…`: the calls of AWS's SageMaker Runtime, answered as its own endpoints answer them. An SDK
 * needs nothing but this server as its endpoint URL; any name is the name of the endpoint.
 */
export function routeEndpoints(app: FastifyInstance, options: EndpointOptions): void {
  const { gate, model, asyncFiles } = options
  const config = { sendError: sendEndpointError }
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    const { name } = request.params as { name: string }
    if (!ENDPOINT_NAME.test(name))
      refuse(`${JSON.stringify(name)} is no name of an endpoint: wanted ${ENDPOINT_NAME}`)
    done()
  }
  const call = (request: FastifyRequest, accept: string | undefined): Promise<Answer> =>
    invoke(gate, request, { served: model(header(request, 'x-amzn-sagemaker-target-model')), accept })

  app.post('/endpoints/:name/invocations', { config, onRequest }, async (request, reply) => {
    const { body, contentType } = await call(request, request.headers.accept)
    return reply.header('x-amzn-invoked-production-variant', VARIANT).type(contentType).send(body)
  })

  app.post('/endpoints/:name/invocations-response-stream', { config, onRequest }, async (request, reply) => {
    const { body, contentType } = await call(request, header(request, 'x-amzn-sagemaker-accept'))
    reply.header('x-amzn-invoked-production-variant', VARIANT)
    reply.header('x-amzn-sagemaker-content-type', contentType)
    return reply.type('application/vnd.amazon.eventstream').send(Readable.from(parts(body, contentType)))
  })

  /** Calls to be answered later, one after the other. */
  let last: Promise<void> = Promise.resolve()
  app.post('/endpoints/:name/async-invocations', { config, onRequest }, async (request, reply) => {
    if (!asyncFiles)
      return refuse('this endpoint takes no asynchronous calls: RANKER_ASYNC_OUTPUT says where to')
    const location = header(request, 'x-amzn-sagemaker-inputlocation')
    const body = wholeOf(piecesOf(request))
    if ((location === undefined) === (body.length === 0))
      refuse('wanted exactly one of InputLocation and Body')
    if (body.length > MOST_INLINE_BYTES)
      refuse(`Body is over ${MOST_INLINE_BYTES} bytes: wanted an InputLocation`)
    if (location !== undefined && !location.startsWith('s3://'))
      refuse(`InputLocation is ${JSON.stringify(location)}: wanted s3://bucket/key`)
    const given = header(request, 'x-amzn-sagemaker-inference-id')
    const id = given ?? randomUUID()
    if (!INFERENCE_ID.test(id)) refuse(`InferenceId is ${JSON.stringify(id)}: wanted ${INFERENCE_ID}`)
    const places = asyncFiles.places(id)
    request.contentType = header(request, 'x-amzn-sagemaker-content-type') ?? ''
    last = last.then(() => answerLater(request, asyncFiles, location ?? body, places))
    reply.header('x-amzn-sagemaker-outputlocation', places.output)
    reply.header('x-amzn-sagemaker-failurelocation', places.failure)
    return reply.code(202).send({ InferenceId: id })
  })
  app.addHook('onClose', async () => {
    await last
    await asyncFiles?.close()
  })

  /** Never rejects: the caller looks for one of two files. */
  async function answerLater(
    request: FastifyRequest,
    files: AsyncFiles,
    input: string | Buffer,
    places: { readonly output: string; readonly failure: string },
  ): Promise<void> {
    try {
      try {
        const { pipeline } = model(header(request, 'x-amzn-sagemaker-target-model'))
        const { body } = await pipeline.invoke({
          body: [typeof input === 'string' ? await files.read(input, options.bodyLimit) : input],
          contentType: request.contentType,
          accept: header(request, 'x-amzn-sagemaker-accept'),
          requestId: request.id,
          customAttributes: request.customAttributes,
        })
        await files.write(places.output, body)
      } catch (thrown) {
        const error =
          thrown instanceof RankerError ? thrown : new RankerError('INTERNAL', {}, { cause: thrown })
        request.log.error({ err: thrown, code: error.code }, 'an asynchronous call failed')
        const { code, message } = error
        await files.write(places.failure, Buffer.from(JSON.stringify({ error: { code, message } })))
      }
    } catch (err) {
      request.log.error({ err }, 'the outcome of an asynchronous call cannot be written')
    }
  }
}

function* parts(body: Buffer, contentType: string): Generator<Buffer> {
  for (const chunk of chunksOf(body, contentType)) yield payloadPart(chunk)
}

function refuse(message: string): never {
  throw new RankerError('REQUEST_UNREADABLE', { reason: message }, { cause: new EndpointRefusal(message) })
}

/** A header of the request; an SDK leaves out what the caller did not set. */
function header({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return value === undefined || value === '' ? undefined : String(value)
}
