import type { FastifyInstance } from 'fastify'

const HEADER = 'x-amzn-sagemaker-custom-attributes'
/** The platform's limit on a value. */
const MOST_CHARACTERS = 1024

/**
 * Sends a request's custom attributes back with its answer, good or bad: unchanged, followed by the request id if
 * there is room. The platform passes nothing else on to the caller besides the body.
 */
export function echoCustomAttributes(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const attributes = request.customAttributes
    if (attributes !== undefined) {
      const longer = `${attributes};request-id=${request.id}`
      reply.header(HEADER, longer.length <= MOST_CHARACTERS ? longer : attributes)
    }
    done()
  })
}

/** The request's value; Node joins repeated headers of this name. */
export function customAttributesOf(headers: NodeJS.Dict<string | string[]>): string | undefined {
  return headers[HEADER] as string | undefined
}
