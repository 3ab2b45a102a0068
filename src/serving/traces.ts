import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { PRODUCT } from '../version.ts'
import { isHealthCheck } from './request-log.ts'

/** A request's trace context in W3C's form: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

const LONGEST_PATH = 256

/** Phases of a request, in their order. */
const PHASES = [
  ['queueMs', 'queue'],
  ['parseMs', 'parse'],
  ['scoreMs', 'score'],
  ['encodeMs', 'encode'],
] as const

/**
 * Sends a span for each request to a model, with one for each of its phases, to an OpenTelemetry collector; where to,
 * and under which service name, the SDK reads from its own OTEL_ variables. Its packages are loaded here only.
 */
export async function sendTraces(app: FastifyInstance, log: FastifyBaseLogger): Promise<void> {
  const packages = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]).catch((err) => {
    log.warn({ err }, 'there are no traces: the OpenTelemetry packages cannot be loaded')
  })
  if (!packages) return
  const [{ context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace }, sdk, { OTLPTraceExporter }, resources] =
    packages
  const provider = new sdk.TracerProvider({
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    resource: resources
      .defaultResource()
      .merge(
        resources.resourceFromAttributes({
          'service.name': PRODUCT.name,
          'service.version': PRODUCT.version,
        }),
      )
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  const tracer = provider.getTracer(PRODUCT.name, PRODUCT.version)

  app.addHook('onResponse', (request, reply, done) => {
    const { scoreMs, error } = request.trace
    if ((scoreMs !== undefined || error) && !isHealthCheck(request)) {
      const ended = performance.timeOrigin + performance.now()
      const started = ended - reply.elapsedTime
      const { method } = request
      const span = tracer.startSpan(
        `${method} ${request.routeOptions.url ?? ''}`.trim(),
        { kind: SpanKind.SERVER, startTime: started, attributes: attributesOf(request, reply.statusCode) },
        parentOf(request),
      )
      const phases = PHASES.flatMap(([field, name]) => {
        const ms = request.trace[field]
        return ms === undefined ? [] : [{ name, ms }]
      })
      // What comes before them is the arrival of the body.
      let at = Math.max(started, ended - phases.reduce((sum, { ms }) => sum + ms, 0))
      for (const { name, ms } of phases) {
        tracer.startSpan(name, { startTime: at }, trace.setSpan(context.active(), span)).end(at + ms)
        at += ms
      }
      if (reply.statusCode >= 500)
        span.setStatus({ code: SpanStatusCode.ERROR, message: error?.message ?? '' })
      span.end(ended)
    }
    done()
  })
  app.addHook('onClose', () => provider.shutdown())

  function parentOf({ headers }: FastifyRequest) {
    const [, traceId, spanId, flags] = TRACEPARENT.exec(String(headers.traceparent ?? '')) ?? []
    if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT
    const traceFlags = Number.parseInt(flags!, 16)
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
  }
}

/** Attributes by the names of OpenTelemetry's semantic conventions, then our own. */
function attributesOf(request: FastifyRequest, status: number): Record<string, string | number> {
  const { trace } = request
  const attributes = {
    'http.request.method': request.method,
    'http.route': request.routeOptions.url,
    'http.response.status_code': status,
    'url.scheme': 'http',
    'url.path': request.url.split('?', 1)[0]!.slice(0, LONGEST_PATH),
    'ranker.request_id': request.id,
    'ranker.inference_id': trace.inferenceId,
    'ranker.model.name': trace.model,
    'ranker.model.version': trace.version,
    'ranker.rows': trace.rows,
    'error.type': trace.error?.code,
  }
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number
  >
}
