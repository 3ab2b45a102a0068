import type { FastifyInstance } from 'fastify'
import { RankerError } from '../errors.ts'

/**
 * Refuses compressed bodies before they are read (RFC 9110, 15.5.16): the platform decompresses what it sends, and a
 * small body that becomes a large one would pass by the limit. Transfer codings other than chunked, which Node hands on
 * as they came, are refused alike; RFC 9112, 6.1 has 501 for them, which alarms would take for a fault of the server's.
 */
export function refuseEncodings(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { 'content-encoding': content, 'transfer-encoding': transfer } = request.headers
    if (transfer !== undefined && !/^\s*chunked\s*$/i.test(transfer)) {
      done(new RankerError('TRANSFER_ENCODING_UNSUPPORTED', { seen: transfer }))
    } else if (content !== undefined && !/^\s*(identity)?\s*$/i.test(content)) {
      reply.header('accept-encoding', 'identity')
      done(new RankerError('CONTENT_ENCODING_UNSUPPORTED', { seen: content }))
    } else {
      done()
    }
  })
}
