import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RankerError } from '../errors.ts'

export interface BodyLimits {
  /** Most bytes of one body. */
  readonly bodyLimit: number
  /** Most bytes of all bodies that are arriving or being worked on. */
  readonly bufferBytes: number
}

/** The bodies of all requests that have begun and are not answered yet. */
export interface Bodies {
  /** Bytes of them that have arrived. */
  readonly bytes: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes of the body that have arrived. */
    bodyBytes: number
  }
}

const NO_BODY = Buffer.alloc(0)

/**
 * Reads every body as bytes, whatever its type. Only bytes that have arrived count, so that clients which announce much
 * and send slowly take nothing from others. A body over one of the limits is refused at once, before the rest is read.
 */
export function readBodies(app: FastifyInstance, { bodyLimit, bufferBytes }: BodyLimits): Bodies {
  const bodies = { bytes: 0 }
  app.decorateRequest('bodyBytes', 0)
  app.addHook('onRequest', (request, reply, next) => {
    reply.raw.once('close', () => release(request))
    next()
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, _payload, done) => read(request, done))
  return bodies

  function release(request: FastifyRequest): void {
    bodies.bytes -= request.bodyBytes
    request.bodyBytes = 0
  }

  function read(request: FastifyRequest, done: (error: Error | null, body?: Buffer) => void): void {
    const { raw } = request
    const chunks: Buffer[] = []
    const finish = (error: Error | null, body?: Buffer) => {
      raw.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
      // What came of a body that is refused is let go at once; the answer may take its time.
      if (error) release(request)
      done(error, body)
    }
    const onData = (chunk: Buffer) => {
      request.bodyBytes += chunk.length
      bodies.bytes += chunk.length
      if (request.bodyBytes > bodyLimit) finish(new RankerError('BODY_TOO_LARGE', { limit: bodyLimit }))
      else if (bodies.bytes > bufferBytes) finish(new RankerError('BODIES_TOO_LARGE', { limit: bufferBytes }))
      else chunks.push(chunk)
    }
    const onEnd = () => finish(null, chunks.length === 0 ? NO_BODY : Buffer.concat(chunks))
    const onCut = () =>
      finish(new RankerError('REQUEST_UNREADABLE', { reason: 'its body ended in the middle' }))
    if (Number(request.headers['content-length']) > bodyLimit) {
      done(new RankerError('BODY_TOO_LARGE', { limit: bodyLimit }))
    } else {
      raw.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
    }
  }
}
