import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

interface Invocation {
  readonly id: string
  readonly event: object
  readonly resolve: (answer: unknown) => void
}

export interface RuntimeApi {
  /** What AWS_LAMBDA_RUNTIME_API holds in Lambda. */
  readonly address: string
  /** Hands an event to the function. @returns its answer, parsed */
  readonly invoke: (event: object) => Promise<unknown>
}

/**
 * The side of Lambda that a function's process talks to (Runtime API and Extensions API, 2018-06-01 and 2020-01-01): it
 * registers, asks for the next event, and posts an answer.
 */
export async function startRuntimeApi(t: Test): Promise<RuntimeApi> {
  const events: Invocation[] = []
  const idle: ServerResponse[] = []
  const running = new Map<string, Invocation>()

  const match = () => {
    while (events.length > 0 && idle.length > 0) {
      const invocation = events.shift()!
      running.set(invocation.id, invocation)
      idle
        .shift()!
        .writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': invocation.id,
          'lambda-runtime-deadline-ms': Date.now() + 30_000,
          'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-west-1:123456789012:function:ranker',
        })
        .end(JSON.stringify(invocation.event))
    }
  }

  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const [, id] = /\/runtime\/invocation\/([^/]+)\/response$/.exec(request.url!) ?? []
    if (request.url!.endsWith('/runtime/invocation/next')) {
      idle.push(response)
      match()
    } else if (id !== undefined) {
      response.writeHead(202).end()
      running.get(id)?.resolve(JSON.parse(body.toString()))
    } else if (request.url!.endsWith('/extension/register')) {
      response.writeHead(200, { 'lambda-extension-identifier': randomUUID() }).end('{}')
    } else if (!request.url!.endsWith('/extension/event/next')) {
      // The next event of an extension is waited for until the end.
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    invoke: (event) =>
      new Promise((resolve) => {
        events.push({ id: randomUUID(), event, resolve })
        match()
      }),
  }
}
