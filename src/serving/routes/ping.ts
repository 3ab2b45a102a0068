import type { FastifyInstance } from 'fastify'

const READY = Buffer.from('{"status":"ready"}')

/**
 * `GET /ping`: 200 when the model is loaded and proven, else 503 with the reason.
 * @param checkReady throws the reason
 */
export function routePing(app: FastifyInstance, checkReady: () => void): void {
  app.get('/ping', (_request, reply) => {
    checkReady()
    reply.type('application/json').send(READY)
  })
}
