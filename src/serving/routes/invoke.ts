import type { FastifyRequest } from 'fastify'
import { piecesOf } from '../bodies.ts'
import type { Gate } from '../gate.ts'
import type { Answer } from '../pipeline.ts'
import type { ServedModel } from '../served-model.ts'

/** A request to a model; the route sends its answer. */
export interface Question {
  readonly served: ServedModel
  readonly accept: string | undefined
}

/**
 * Sends the body of a request to a model. @throws {RankerError} OVERLOADED, why the model is not ready, or why the
 * request is refused.
 */
export function invoke(gate: Gate, request: FastifyRequest, { served, accept }: Question): Promise<Answer> {
  return gate.pass(async () => {
    const { pipeline } = served
    request.trace.model = pipeline.model?.name
    request.trace.version = pipeline.model?.version
    const answer = await pipeline.invoke({
      body: piecesOf(request),
      contentType: request.contentType,
      accept,
      requestId: request.id,
      customAttributes: request.customAttributes,
    })
    Object.assign(request.trace, answer.trace)
    request.profile = answer.profile
    return answer
  })
}
