import type { FastifyInstance } from 'fastify'
import type { ServedModel } from '../served-model.ts'

const READY = Buffer.from('{"status":"ready"}')

/**
 * `GET /ping`: 200 when the model is loaded and proven, else 503 with the reason.
 * @param served undefined where models come and go: a server without any is ready
 */
export function routePing(app: FastifyInstance, served?: ServedModel): void {
  app.get('/ping', (_request, reply) => {
    // Throws the reason.
    void served?.pipeline
    reply.type('application/json').send(READY)
  })
}
