import type { FastifyInstance } from 'fastify'
import { RankerError, show } from '../errors.ts'

/** What Node refuses with an empty answer of its own: HTTP/1.1 without a Host, and an unknown Expect. */
export function refuseOddRequests(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { expect, host } = raw.headers
    if (host === undefined && raw.httpVersion === '1.1') {
      throw new RankerError('REQUEST_UNREADABLE', { reason: 'it has no Host' })
    }
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
      const reason = `it expects ${show(expect)}, and nothing but 100-continue is known`
      throw new RankerError('REQUEST_UNREADABLE', { reason }, { status: 417 })
    }
    done()
  })
}
