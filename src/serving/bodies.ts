import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RankerError } from '../errors.ts'
import { Intake } from './intake.ts'

export interface BodyLimits {
  /** Most bytes of one body. */
  readonly bodyLimit: number
  /** Most bytes of all bodies that are arriving or being worked on. */
  readonly bufferBytes: number
}

/** The bodies of all requests that have begun and have not been answered. */
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

/** A body in the pieces it arrived in: joining the pieces of a large one would block everyone else. */
export type Pieces = readonly Buffer[]

/** The body of a request, which a server of {@link readBodies} has read. */
export function piecesOf({ body }: FastifyRequest): Pieces {
  return (body as Pieces | undefined) ?? []
}

/** Puts a body together. */
export function wholeOf(pieces: Pieces): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

export function lengthOf(pieces: Pieces): number {
  return pieces.reduce((bytes, piece) => bytes + piece.length, 0)
}

/**
 * Reads every body as bytes, whatever its type. Only bytes that have arrived count, so that clients which announce
 * much and send slowly take nothing from others. A body over a limit is refused at once, before the rest is read.
 */
export function readBodies(app: FastifyInstance, { bodyLimit, bufferBytes }: BodyLimits): Bodies {
  const bodies = { bytes: 0 }
  const intake = new Intake()
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

  function read(request: FastifyRequest, done: (error: Error | null, body?: Pieces) => void): void {
    const { raw } = request
    const pieces: Buffer[] = []
    const finish = (error: Error | null, body?: Pieces) => {
      raw.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
      // The bytes of a refused body are released at once, since its answer may take a while.
      if (error) release(request)
      done(error, body)
    }
    const onData = (piece: Buffer) => {
      intake.take(piece.length, raw)
      request.bodyBytes += piece.length
      bodies.bytes += piece.length
      if (request.bodyBytes > bodyLimit) finish(new RankerError('BODY_TOO_LARGE', { limit: bodyLimit }))
      else if (bodies.bytes > bufferBytes) finish(new RankerError('BODIES_TOO_LARGE', { limit: bufferBytes }))
      else pieces.push(piece)
    }
    const onEnd = () => finish(null, pieces)
    const onCut = () =>
      finish(new RankerError('REQUEST_UNREADABLE', { reason: 'its body ended in the middle' }))
    if (Number(request.headers['content-length']) > bodyLimit) {
      done(new RankerError('BODY_TOO_LARGE', { limit: bodyLimit }))
    } else {
      raw.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
    }
  }
}
