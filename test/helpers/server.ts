import { PassThrough } from 'node:stream'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { createLog } from '../../src/serving/log.ts'
import { buildServer, type ServerOptions } from '../../src/serving/server.ts'

export interface TestServer {
  readonly app: FastifyInstance
  /** What was logged so far. */
  readonly log: () => Record<string, unknown>[]
  readonly ping: () => Promise<LightMyRequestResponse>
  /** POST /invocations; an object is sent as JSON. */
  readonly invoke: (
    body: string | Buffer | object,
    headers?: Record<string, string>,
  ) => Promise<LightMyRequestResponse>
}

/** A server for the model at a path, which it has tried to load; closed after the test. */
export async function startServer(
  t: Test,
  modelPath: string,
  options: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const server = idleServer(t, modelPath, options)
  await server.app.load()
  return server
}

/** The same before it loads. */
export function idleServer(t: Test, modelPath: string, options: Partial<ServerOptions> = {}): TestServer {
  const stream = new PassThrough()
  const app = buildServer({ modelPath, bodyLimit: 1 << 20, log: createLog('debug', stream), ...options })
  t.teardown(() => app.close())
  const lines: string[] = []
  stream.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')))
  return {
    app,
    log: () => lines.map((line) => JSON.parse(line)),
    ping: () => app.inject({ url: '/ping' }),
    invoke: (body, headers = {}) => {
      const isText = typeof body === 'string' || Buffer.isBuffer(body)
      return app.inject({
        method: 'POST',
        url: '/invocations',
        headers: { 'content-type': isText ? 'text/csv' : 'application/json', ...headers },
        payload: isText ? body : JSON.stringify(body),
      })
    },
  }
}
