import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { RankerError } from '../errors.ts'
import { sendError } from './error-answers.ts'

/** How long a drain waits, in milliseconds. The platform kills 30 s after SIGTERM. */
export interface DrainTimes {
  /** For a request on a connection that is idle: one may be on its way. @default 250 */
  readonly idleMs?: number
  /** For a request whose body is half received. @default 5000 */
  readonly bodyMs?: number
  /** For everything. @default 25000 */
  readonly totalMs?: number
}

/**
 * Makes a server able to end without dropping a request. While it drains it still accepts connections, and answers
 * 503 on them. Connections that were open before close after the answer they wait for, or soon if they wait for none.
 * @returns starts the drain; resolves when nothing that was in flight is left
 */
export function drainable(app: FastifyInstance): (times?: DrainTimes) => Promise<void> {
  let draining = false
  const sockets = new Set<Socket>()
  /** How many requests whose body has arrived each socket waits for. */
  const answering = new WeakMap<Socket, number>()

  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (!draining) {
      done()
      return
    }
    // The connection closes after the answer: bytes still unread then would reset it, and the answer would be lost.
    request.raw.once('end', () => sendError(new RankerError('DRAINING', {}), request, reply)).resume()
  })
  app.addHook('preHandler', (request, reply, done) => {
    const { socket } = request.raw
    answering.set(socket, (answering.get(socket) ?? 0) + 1)
    reply.raw.once('close', () => {
      answering.set(socket, answering.get(socket)! - 1)
    })
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining) reply.header('connection', 'close')
    done()
  })

  return async ({ idleMs = 250, bodyMs = 5000, totalMs = 25_000 } = {}) => {
    draining = true
    const old = [...sockets]
    const ended = Promise.all(old.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    const timers = [
      // Not at once: a client that asks without a pause would lose the request that it has just sent.
      setTimeout(() => {
        app.server.closeIdleConnections()
        // Node counts a connection on which nothing was ever sent as busy.
        for (const socket of old) if (socket.bytesRead === 0) socket.destroy()
      }, idleMs),
      setTimeout(() => {
        for (const socket of old) if (!answering.get(socket)) socket.destroy()
      }, bodyMs),
      setTimeout(() => {
        for (const socket of old) socket.destroy()
      }, totalMs),
    ]
    await ended
    for (const timer of timers) clearTimeout(timer)
  }
}
