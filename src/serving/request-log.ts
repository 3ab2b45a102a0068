import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RankerError } from '../errors.ts'
import { milliseconds, type Trace } from './pipeline.ts'

/** Fields of a request's line in the log. */
export interface RequestTrace extends Trace {
  model?: string | undefined
  version?: string | undefined
  /** X-Amzn-SageMaker-Inference-Id. */
  inferenceId?: string | undefined
  error?: RankerError
}

/** Whether it is one of the requests that the platform and scrapers send every few seconds. */
export function isHealthCheck({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url === '/ping' || routeOptions.url === '/metrics'
}

/** Logs one line a request; a stack only for unexpected errors. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { error, ...trace } = request.trace
    const line = { status: reply.statusCode, ms: milliseconds(0, reply.elapsedTime), ...trace }
    if (error && error.status >= 500 && error.status !== 503) {
      request.log.error({ ...line, code: error.code, err: error.cause ?? error }, 'failed')
    } else if (isHealthCheck(request)) {
      // Not logged, not even when refused: the log already says once why the model is not ready.
    } else if (error) {
      request.log.info({ ...line, code: error.code, reason: error.message }, 'refused')
    } else {
      request.log.info(line, 'answered')
    }
    done()
  })
}
