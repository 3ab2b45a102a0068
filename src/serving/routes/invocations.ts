import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Gate } from '../gate.ts'
import type { Answer } from '../pipeline.ts'
import type { ServedModel } from '../served-model.ts'
import { chunksOf, isLong } from './chunks.ts'
import { invoke } from './invoke.ts'

/** `POST /invocations`: scores or ranks what the body holds. */
export function routeInvocations(
  app: FastifyInstance,
  served: ServedModel,
  gate: Gate,
  batch: boolean,
): void {
  app.post('/invocations', {
    // Before the body is read, since nothing can be done with it yet.
    onRequest: (_request, _reply, done) => {
      void served.pipeline
      done()
    },
    handler: async (request, reply) => {
      const answer = await invoke(gate, request, { served, accept: request.headers.accept })
      await sendAnswer(reply, answer, batch)
    },
  })
}

const NEWLINE = Buffer.from('\n')

/** @param batch whether answers are concatenated in a file, so that each must end its line */
export function sendAnswer(reply: FastifyReply, { body, contentType }: Answer, batch: boolean): FastifyReply {
  if (isLong(body, contentType))
    return reply.type(contentType).send(Readable.from(chunksOf(body, contentType)))
  const isOpen = batch && contentType === 'application/json' && body.at(-1) !== NEWLINE[0]
  return reply.type(contentType).send(isOpen ? Buffer.concat([body, NEWLINE]) : body)
}
