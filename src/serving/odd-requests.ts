import type { FastifyInstance } from 'fastify'
import { RankerError, show } from '../errors.ts'

/**
 * What Node refuses with an empty answer of its own: HTTP/1.1 without a Host, and an unknown Expect. And what it would
 * answer too soon: a client that waits for a 100 is told to send its body when it is read.
 */
export function refuseOddRequests(app: FastifyInstance): void {
  for (const event of ['checkExpectation', 'checkContinue'])
    app.server.on(event, (request, response) => app.server.emit('request', request, response))
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
  // A body that is still to come, or not, would be taken for the next request.
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (raw.headers.expect !== undefined && raw.complete === false) reply.header('connection', 'close')
    done()
  })
}
