import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ServedModel } from '../served-model.ts'

const NO_BODY = Buffer.alloc(0)

/** `POST /invocations`: scores or ranks what the body holds. */
export function routeInvocations(app: FastifyInstance, served: ServedModel): void {
  app.post('/invocations', {
    // Before the body is read, since nothing can be done with it yet.
    onRequest: (_request, _reply, done) => {
      void served.pipeline
      done()
    },
    handler: (request, reply) => invoke(served, request, reply),
  })
}

async function invoke(served: ServedModel, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { pipeline } = served
  request.trace.model = pipeline.model?.name
  request.trace.version = pipeline.model?.version
  const { body, contentType, trace } = await pipeline.invoke({
    body: (request.body as Buffer | undefined) ?? NO_BODY,
    contentType: request.contentType,
    accept: request.headers.accept,
    requestId: request.id,
    customAttributes: request.customAttributes,
  })
  Object.assign(request.trace, trace)
  await reply.type(contentType).send(body)
}
