import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { decodeText, isObject, parseJson } from '../../data/json/json.ts'
import { RankerError } from '../../errors.ts'
import { piecesOf, wholeOf } from '../bodies.ts'
import type { Gate } from '../gate.ts'
import type { LocalModels } from '../models/local-models.ts'
import type { ModelRegistry } from '../models/model-host.ts'
import { sendAnswer } from './invocations.ts'
import { invoke } from './invoke.ts'

interface Paged {
  Querystring: { next_page_token?: string; limit?: string }
}

interface Named {
  Params: { name: string }
}

/** The multi-model API: loads, lists, unloads and asks models by name. */
export function routeModels(
  app: FastifyInstance,
  registry: ModelRegistry,
  models: LocalModels,
  gate: Gate,
): void {
  const onRequest = (_request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    models.checkReady()
    done()
  }
  app.post('/models', { onRequest }, async (request, reply) => {
    const { model_name: name, url } = readRequest(wholeOf(piecesOf(request)))
    await registry.load(name, url)
    return reply.send({ modelName: name, modelUrl: url })
  })
  app.get<Paged>('/models', { onRequest }, async ({ query }) => {
    return registry.list(query.next_page_token, query.limit)
  })
  app.get<Named>('/models/:name', { onRequest }, async ({ params }) => registry.describe(params.name))
  app.delete<Named>('/models/:name', { onRequest }, async ({ params }, reply) => {
    await registry.unload(params.name)
    return reply.send({ modelName: params.name })
  })
  app.post<Named>('/models/:name/invoke', {
    onRequest: (request, _reply, done) => {
      void models.get((request.params as Named['Params']).name).pipeline
      done()
    },
    handler: async (request, reply) => {
      const served = models.get(request.params.name)
      const answer = await invoke(gate, request, { served, accept: request.headers.accept })
      return sendAnswer(reply, answer, false)
    },
  })
}

function readRequest(body: Buffer): Record<string, unknown> {
  if (body.length === 0) throw new RankerError('BODY_EMPTY', {})
  const value = parseJson(decodeText(body))
  if (isObject(value)) return value
  throw new RankerError('BAD_MODEL_REQUEST', {
    where: 'the body',
    seen: value,
    wanted: '{"model_name":…,"url":…}',
  })
}
