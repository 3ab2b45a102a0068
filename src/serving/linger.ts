import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** How long a client that was refused may go on sending, in milliseconds. */
const LINGER_MS = 1500

/**
 * Lets a client that is refused in the middle of a long body read why. A connection that is closed while bytes of it
 * are unread is reset, and the answer is lost; one that is kept open would be read to the end of the body, however
 * long. So the answer, sent whole at once, ends when the body has arrived or a little later.
 */
export function lingerOverBodies(app: FastifyInstance, bodyLimit: number): void {
  app.addHook('onSend', ({ raw, method }, reply, payload, done) => {
    const length = Number(raw.headers['content-length'] ?? 0)
    const isLong = raw.headers['transfer-encoding'] !== undefined || length > bodyLimit
    const isCut = length > 0 && reply.getHeader('connection') === 'close'
    if (raw.complete !== false || !(isLong || isCut) || !Buffer.isBuffer(payload) || method === 'HEAD') {
      done(null, payload)
      return
    }
    reply.header('connection', 'close').header('content-length', payload.length)
    done(null, Readable.from(lingering(payload, raw)))
  })
}

async function* lingering(payload: Buffer, request: IncomingMessage): AsyncGenerator<Buffer> {
  yield payload
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    request.once('end', end).once('close', end).resume()
  })
}
