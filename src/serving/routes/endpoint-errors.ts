import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RankerError } from '../../errors.ts'

/** AWS's own errors, with the statuses by which its SDKs recognise them. */
const STATUS = { ModelError: 424, ValidationError: 400, ServiceUnavailable: 503 } as const
type ErrorType = keyof typeof STATUS

/** Why a call to an endpoint is refused before the model sees it. */
export class EndpointRefusal extends Error {}

/**
 * Sends an error as AWS's runtime does: what a container answered comes as a ModelError with its status and its body.
 */
export function sendEndpointError(error: RankerError, request: FastifyRequest, reply: FastifyReply): void {
  if (error.cause instanceof EndpointRefusal) {
    send(reply, 'ValidationError', { Message: error.cause.message })
  } else if (error.code === 'DRAINING') {
    send(reply, 'ServiceUnavailable', { Message: error.message })
  } else {
    const { name = '' } = (request.params ?? {}) as { name?: string }
    send(reply, 'ModelError', modelError(error, name))
  }
}

function modelError({ code, message, status }: RankerError, endpoint: string): object {
  const original = JSON.stringify({ error: { code, message } })
  const kind = status < 500 ? 'client' : 'server'
  return {
    Message: `Received ${kind} error (${status}) from primary with message "${original}". See the log of the server for more information.`,
    OriginalMessage: original,
    OriginalStatusCode: status,
    LogStreamArn: `arn:aws:logs:local:000000000000:log-group:/aws/sagemaker/Endpoints/${endpoint}`,
  }
}

function send(reply: FastifyReply, type: ErrorType, body: object): void {
  reply.code(STATUS[type]).header('x-amzn-errortype', type).type('application/json')
  reply.send(Buffer.from(JSON.stringify(body)))
}
