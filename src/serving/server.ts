import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { OutputKey } from '../data/request-options.ts'
import { RankerError, show } from '../errors.ts'
import { refuseEncodings } from './content-encoding.ts'
import { customAttributesOf, echoCustomAttributes } from './custom-attributes.ts'
import { type DrainTimes, drainable } from './drain.ts'
import { answerClientError, answerErrors, sendError, toRankerError } from './error-answers.ts'
import { openPipeline } from './open-pipeline.ts'
import type { Trace } from './pipeline.ts'
import { routeInvocations } from './routes/invocations.ts'
import { routePing } from './routes/ping.ts'
import { ServedModel } from './served-model.ts'

export interface ServerOptions {
  /** A model folder, or a model file. */
  readonly modelPath: string
  /** File in code/ that holds the hooks, where it is not `inference.*`. */
  readonly program?: string | undefined
  /** Most bytes of a request's body. */
  readonly bodyLimit: number
  /** Accept of a request that leaves the choice to the server. */
  readonly defaultAccept?: string | undefined
  /** What an answer holds of a row or an item where the request does not say. */
  readonly output?: readonly OutputKey[] | undefined
  readonly log: FastifyBaseLogger
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Loads the model; never rejects. `/ping` and the log tell what came of it. */
    load(): Promise<void>
    /** Refuses new requests and resolves when those in flight are answered. `close` is the next step. */
    drain(times?: DrainTimes): Promise<void>
  }
  interface FastifyRequest {
    readonly customAttributes: string | undefined
    /** The Content-Type header, empty when there was none. */
    contentType: string
    /** Fields of the request's line in the log. */
    trace: Trace & { model?: string | undefined; version?: string | undefined; error?: RankerError }
  }
}

/** A caller's request id is taken over when nothing that reads logs can be hurt by it. */
const SAFE_REQUEST_ID = /^[\w.:=-]{1,128}$/

/** Builds the server: it neither listens nor loads the model before it is told to. */
export function buildServer({ bodyLimit, log, ...pipelineOptions }: ServerOptions): FastifyInstance {
  const served = new ServedModel(() => openPipeline({ ...pipelineOptions, log }))
  const app: FastifyInstance = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    bodyLimit,
    // The platform keeps connections for a minute: each timeout has to outlast the one before it.
    keepAliveTimeout: 66_000,
    requestTimeout: 68_000,
    connectionTimeout: 75_000,
    // Node's own refusal of a request without a Host has no body.
    http: { headersTimeout: 67_000, connectionsCheckingInterval: 2_000, requireHostHeader: false },
    return503OnClosing: false,
    // No route has a schema, and the compilers for them would be a fifth of the time that a start takes.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      request.trace = {}
      sendError(toRankerError(error, bodyLimit), request, reply)
    },
  })

  app.decorateRequest('trace')
  app.decorateRequest('contentType', '')
  app.decorateRequest('customAttributes', {
    getter() {
      return customAttributesOf(this.headers)
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    request.trace = {}
    // Fastify would refuse a malformed type, which may be the very one that a hook wants.
    request.contentType = request.headers['content-type'] ?? ''
    delete request.headers['content-type']
    reply.header('x-request-id', request.id)
    done()
  })
  echoCustomAttributes(app)
  refuseEncodings(app)
  answerErrors(app, bodyLimit)
  refuseOddRequests(app)
  logRequests(app)
  app.decorate('drain', drainable(app))

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  routePing(app, served)
  routeInvocations(app, served)

  app.decorate('load', async () => {
    try {
      await served.load()
      const { model } = served.pipeline
      log.info(
        { model: model?.name, version: model?.version, features: model?.featureNames.length },
        'the model is ready',
      )
    } catch (err) {
      log.error({ err, modelPath: pipelineOptions.modelPath }, 'the model cannot be served')
    }
  })
  app.addHook('onClose', () => served.close())
  return app
}

/** What Node refuses with an empty answer of its own: HTTP/1.1 without a Host, and an unknown Expect. */
function refuseOddRequests(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { expect, host } = raw.headers
    if (host === undefined && raw.httpVersion === '1.1') {
      throw new RankerError('REQUEST_UNREADABLE', { reason: 'it has no Host' })
    }
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
      const reason = `it expects ${show(expect)}, and nothing but 100-continue is known`
      throw new RankerError('REQUEST_UNREADABLE', { reason }, { status: 417 })
    }
    done()
  })
}

function noSchemas(): never {
  throw new Error('routes have no schemas')
}

function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && SAFE_REQUEST_ID.test(given) ? given : randomUUID()
}

/** One line a request; pings come every few seconds and have none. A stack is of use for what nobody expected. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    if (request.routeOptions.url !== '/ping') {
      const { error, ...trace } = request.trace
      const line = { status: reply.statusCode, ms: Math.round(reply.elapsedTime * 1000) / 1000, ...trace }
      if (!error) {
        request.log.info(line, 'answered')
      } else if (error.status < 500 || error.status === 503) {
        request.log.info({ ...line, code: error.code, reason: error.message }, 'refused')
      } else {
        request.log.error({ ...line, code: error.code, err: error.cause ?? error }, 'failed')
      }
    }
    done()
  })
}
