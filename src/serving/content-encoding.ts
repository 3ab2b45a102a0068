import type { FastifyInstance } from 'fastify'
import { RankerError } from '../errors.ts'

/**
 * Refuses compressed bodies before they are read (RFC 9110, 15.5.16): the platform decompresses what it sends, and a
 * small body that becomes a large one would pass by the limit.
 */
export function refuseEncodings(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const seen = request.headers['content-encoding']
    if (seen === undefined || /^\s*(identity)?\s*$/i.test(seen)) {
      done()
      return
    }
    reply.header('accept-encoding', 'identity')
    done(new RankerError('CONTENT_ENCODING_UNSUPPORTED', { seen }))
  })
}
