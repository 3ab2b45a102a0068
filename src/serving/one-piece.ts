import { isAscii } from 'node:buffer'
import type { FastifyInstance } from 'fastify'

/** A larger answer would take longer to turn into text than is gained. */
const MOST_BYTES = 1 << 14

/**
 * Sends short answers in one piece with their head. Node does so with text; bytes it hands to the kernel in a list of
 * pieces, which takes a tenth of a request's processor time.
 */
export function sendInOnePiece(app: FastifyInstance): void {
  app.addHook<unknown>('onSend', (_request, _reply, payload, done) => {
    const isShort = Buffer.isBuffer(payload) && payload.length <= MOST_BYTES && isAscii(payload)
    // Not the handler, where Fastify would give the content type of a text a charset.
    done(null, isShort ? payload.toString('latin1') : payload)
  })
}
