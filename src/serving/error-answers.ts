import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RankerError, reasonOf } from '../errors.ts'

/**
 * Answers every error with one JSON object. What is not a {@link RankerError} is a bug: the log gets it, the client
 * does not.
 */
export function answerErrors(app: FastifyInstance, bodyLimit: number): void {
  const routes: { readonly method: string; readonly pattern: RegExp }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+')}$`)
    for (const one of [method].flat()) routes.push({ method: one, pattern })
  })
  app.setErrorHandler((thrown: FastifyError | RankerError, request, reply) => {
    sendError(toRankerError(thrown, bodyLimit), request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const { method } = request
    const path = request.url.split('?', 1)[0]!
    const allowed = routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method)
    if (allowed.length === 0) {
      const invoke = app.hasRoute({ method: 'POST', url: '/invocations' }) ? '/invocations' : '/models'
      throw new RankerError('NO_ROUTE', { method, path, known: ['GET /ping', `POST ${invoke}`] })
    }
    reply.header('allow', allowed.join(', '))
    throw new RankerError('WRONG_METHOD', { method, path, allowed })
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Sends the errors of a route that answers in another form than ours. */
    sendError?: (error: RankerError, request: FastifyRequest, reply: FastifyReply) => void
  }
}

/** Seconds after which a client that was refused for now should try again. */
const RETRY_AFTER = '1'

/** Sends an error as the answer to a request, and notes it for the request's line in the log. */
export function sendError(error: RankerError, request: FastifyRequest, reply: FastifyReply): void {
  request.trace.error = error
  if (error.status === 429) reply.header('retry-after', RETRY_AFTER)
  const { sendError: sendOther } = request.routeOptions?.config ?? {}
  if (sendOther) {
    sendOther(error, request, reply)
    return
  }
  const details = error.code === 'INTERNAL' ? { requestId: request.id } : undefined
  const { code, message } = error
  reply.code(error.status).type('application/json')
  reply.send(Buffer.from(JSON.stringify({ error: { code, message, details } })))
}

/** Translates what the framework throws into the table's errors. */
export function toRankerError(thrown: FastifyError | RankerError, bodyLimit: number): RankerError {
  if (thrown instanceof RankerError) return thrown
  if (thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new RankerError('BODY_TOO_LARGE', { limit: bodyLimit })
  const status = thrown.statusCode ?? 500
  if (status >= 500) return new RankerError('INTERNAL', {}, { cause: thrown })
  return new RankerError('REQUEST_UNREADABLE', { reason: reasonOf(thrown) }, { cause: thrown, status })
}

/** Answers what never became a request: broken HTTP, headers too long, a client that stopped half-way. */
export function answerClientError(thrown: NodeJS.ErrnoException, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  // A whole request that came before has its answer first: this one would take its place, or end up inside it.
  const { _httpMessage: earlier } = socket as { _httpMessage?: ServerResponse }
  if (earlier?.req.complete) {
    earlier.once('close', () => answerClientError(thrown, socket))
    return
  }
  const [status, phrase, reason] =
    thrown.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'Request Timeout', 'it took too long to arrive']
      : thrown.code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'Request Header Fields Too Large', 'its headers are too long']
        : [400, 'Bad Request', 'it is no HTTP']
  const { code, message } = new RankerError('REQUEST_UNREADABLE', { reason: `${reason}` })
  const body = JSON.stringify({ error: { code, message } })
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // Destroyed at once with bytes unread, the connection would be reset before the client has read the answer.
  setTimeout(() => socket.destroy(), 1000).unref()
}
