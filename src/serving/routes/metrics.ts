import type { FastifyInstance } from 'fastify'

/** `GET /metrics`: what all processes counted, in Prometheus's text form. */
export function routeMetrics(
  app: FastifyInstance,
  read: () => Promise<{ text: string; contentType: string }>,
): void {
  app.get('/metrics', async (_request, reply) => {
    const { text, contentType } = await read()
    return reply.header('content-type', contentType).send(text)
  })
}
