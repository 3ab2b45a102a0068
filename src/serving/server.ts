import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { memoryOfContainer } from '../storage/memory.ts'
import { AsyncFiles } from './async-files.ts'
import { type Bodies, readBodies } from './bodies.ts'
import { refuseEncodings } from './content-encoding.ts'
import { customAttributesOf, echoCustomAttributes } from './custom-attributes.ts'
import { type DrainTimes, drainable } from './drain.ts'
import { answerClientError, answerErrors, sendError, toRankerError } from './error-answers.ts'
import { Gate } from './gate.ts'
import { lingerOverBodies } from './linger.ts'
import { formatMetrics, Metrics, type MetricsData } from './metrics.ts'
import { LocalModels } from './models/local-models.ts'
import type { ModelHost, ModelRegistry } from './models/model-host.ts'
import { Registry } from './models/registry.ts'
import { refuseOddRequests } from './odd-requests.ts'
import { sendInOnePiece } from './one-piece.ts'
import { openServing } from './open-serving.ts'
import type { Pipeline } from './pipeline.ts'
import type { Profile } from './profile.ts'
import { logRequests, type RequestTrace } from './request-log.ts'
import { routeEndpoints } from './routes/endpoints.ts'
import { routeExecutionParameters } from './routes/execution-parameters.ts'
import { routeInvocations } from './routes/invocations.ts'
import { routeMetrics } from './routes/metrics.ts'
import { routeModels } from './routes/models.ts'
import { routePing } from './routes/ping.ts'
import { ServedModel } from './served-model.ts'
import { readSettings, type ServeSettings } from './settings.ts'
import { sendTraces } from './traces.ts'
import { Turns } from './turns.ts'

/** The settings of a server, without those of the process around it. */
export type ServerOptions = Partial<Omit<ServeSettings, 'host' | 'port' | 'workers' | 'logLevel'>> & {
  readonly log: FastifyBaseLogger
  /** A larger body is worked on in another process. @default 1 MiB */
  readonly largeBytes?: number
  /** Whether hooks run in a process of their own, where they can do no harm. @default true */
  readonly isolateHooks?: boolean
  /** Set if other processes serve the same port. */
  readonly peers?: Peers | undefined
}

/** The other processes that serve the same port. */
export interface Peers {
  /** The metrics of each of them, and of those that have ended. @param own the metrics of this one */
  metrics(own: MetricsData): Promise<MetricsData[]>
  /** The models of all of them. */
  readonly registry: ModelRegistry
  /** Reports that this one is ready. @returns when it has the models that the others have */
  join(): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Loads the model; never rejects. `/ping` and the log tell the outcome. @returns whether it can be served */
    load(): Promise<boolean>
    /** Refuses new requests and resolves when those in flight are answered. `close` is the next step. */
    drain(times?: DrainTimes): Promise<void>
    /** The metrics of this process. */
    metrics(): Promise<MetricsData>
    /** Runs the requests' work in the order they came. */
    turns: Turns
    /** The models of this process, if it serves several. */
    models: ModelHost
  }
  interface FastifyRequest {
    readonly customAttributes: string | undefined
    /** The Content-Type header, empty when there was none. */
    contentType: string
    /** Fields of the request's line in the log. */
    trace: RequestTrace
    profile: Profile | undefined
  }
}

const DEFAULT_LARGE_BYTES = 1 << 20
/** A name of the multi-model API is up to 1,024 characters, each of up to 12 in a path. */
const LONGEST_PARAMETER = 12 * 1024
/** A caller's request id is taken over when nothing that reads logs can be hurt by it. */
const SAFE_REQUEST_ID = /^[\w.:=-]{1,128}$/
const LONGEST_INFERENCE_ID = 256

/** Builds the server: it neither listens nor loads the model before it is told to. */
export function buildServer({
  log,
  peers,
  largeBytes = DEFAULT_LARGE_BYTES,
  isolateHooks = true,
  ...given
}: ServerOptions): FastifyInstance {
  const settings = { ...readSettings({}), ...given }
  const { bodyLimit, modelPath, modelsRoot, program, defaultAccept, output, engine, batch } = settings
  const turns = new Turns()
  const gate = new Gate(settings.queueSize)
  const app = createApp(log, bodyLimit)

  const openModel = (path: string): Promise<Pipeline> => {
    const started = performance.now()
    const hookLimits = {
      openMs: settings.openMs,
      requestMs: settings.hookMs,
      memoryBytes: settings.hookMemoryBytes,
    }
    const onReplace = () => metrics.observeReplaced()
    const options = {
      modelPath: path,
      program,
      defaultAccept,
      output,
      engine,
      log,
      turns,
      largeBytes,
      isolateHooks,
      hookLimits,
      onReplace,
    }
    return openServing(options).finally(() => metrics.observeLoad(performance.now() - started))
  }
  const served = new ServedModel(() => openModel(modelPath))
  const models = new LocalModels(openModel)
  const isMulti = modelsRoot !== undefined

  let bodies: Bodies
  const metrics = new Metrics({
    inFlight: () => gate.inFlight,
    queueDepth: () => turns.waiting,
    bodyBytes: () => bodies.bytes,
    models: () => (isMulti ? models.size : Number(served.isReady)),
    featureNames: () => (served.isReady ? served.pipeline.model?.featureNames : undefined),
  })
  prepareRequests(app)
  echoCustomAttributes(app)
  refuseEncodings(app)
  answerErrors(app, bodyLimit)
  refuseOddRequests(app)
  logRequests(app)
  metrics.observe(app)
  if (settings.traces) app.register((_, __, done) => void sendTraces(app, log).then(() => done(), done))
  app.decorate('drain', drainable(app))
  bodies = readBodies(app, settings)
  lingerOverBodies(app, bodyLimit)
  sendInOnePiece(app)

  const registry =
    peers?.registry ??
    new Registry({
      hosts: () => [models],
      root: modelsRoot ?? dirname(modelPath),
      memory: memoryOfContainer(),
      program,
    })
  if (isMulti) {
    routePing(app, () => models.checkReady())
    routeModels(app, registry, models, gate)
  } else {
    routePing(app, () => void served.pipeline)
    routeInvocations(app, served, gate, batch.on)
  }
  routeEndpoints(app, {
    gate,
    bodyLimit,
    asyncFiles:
      settings.asyncOutput === undefined ? undefined : new AsyncFiles(settings.asyncOutput, settings.s3),
    model: (target) => (isMulti ? models.get(target ?? '') : served),
  })
  routeExecutionParameters(app, batch)
  routeMetrics(app, async () => {
    const own = await metrics.data()
    return formatMetrics([own, ...((await peers?.metrics(own)) ?? [])])
  })

  app.decorate('metrics', () => metrics.data())
  app.decorate('models', models)
  app.decorate('turns', turns)
  app.decorate('load', async () => {
    const join = async () => peers?.join()
    if (isMulti) {
      await models.start(join)
      log.info({ root: modelsRoot }, 'ready to load models')
      return true
    }
    try {
      await served.load()
      await join()
      const { model } = served.pipeline
      log.info(
        {
          model: model?.name,
          version: model?.version,
          features: model?.featureNames.length,
          engine: model?.engine.name,
          engineReason: model?.engine.reason,
        },
        'the model is ready',
      )
      return true
    } catch (err) {
      log.error({ err, modelPath }, 'the model cannot be served')
      return false
    }
  })
  app.addHook('onClose', async () => {
    await Promise.all([served.close(), models.closeAll()])
  })
  return app
}

function createApp(log: FastifyBaseLogger, bodyLimit: number): FastifyInstance {
  return Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    bodyLimit,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
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
}

function prepareRequests(app: FastifyInstance): void {
  app.decorateRequest('trace')
  app.decorateRequest('profile')
  app.decorateRequest('contentType', '')
  app.decorateRequest('customAttributes', {
    getter() {
      return customAttributesOf(this.headers)
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    const inferenceId = request.headers['x-amzn-sagemaker-inference-id']
    request.trace =
      inferenceId === undefined ? {} : { inferenceId: String(inferenceId).slice(0, LONGEST_INFERENCE_ID) }
    // Fastify would refuse a malformed type, which may be just what a hook wants.
    request.contentType = request.headers['content-type'] ?? ''
    delete request.headers['content-type']
    reply.header('x-request-id', request.id)
    done()
  })
  // A connection on which no byte moves is given up, but not while a model works on an answer, however long.
  app.addHook('preHandler', ({ raw }, _reply, done) => {
    raw.socket.setTimeout?.(0)
    done()
  })
  app.addHook('onSend', ({ raw }, _reply, _payload, done) => {
    raw.socket.setTimeout?.(app.server.timeout)
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
