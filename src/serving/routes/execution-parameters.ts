import type { FastifyInstance } from 'fastify'
import type { BatchSettings } from '../settings.ts'

/** `GET /execution-parameters`: how Batch Transform should call, unless the job says. */
export function routeExecutionParameters(app: FastifyInstance, batch: BatchSettings): void {
  const parameters = Buffer.from(
    JSON.stringify({
      MaxConcurrentTransforms: batch.maxConcurrentTransforms,
      BatchStrategy: batch.strategy,
      MaxPayloadInMB: batch.maxPayloadInMb,
    }),
  )
  app.get('/execution-parameters', (_request, reply) => {
    reply.type('application/json').send(parameters)
  })
}
