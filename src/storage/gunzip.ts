import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { RankerError, reasonOf } from '../errors.ts'

/** Bytes as they come; a chunk is valid until the next one is asked for. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Whether bytes start as gzip does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * Unpacks gzip if the first two bytes announce it (RFC 1952, any number of members); other bytes pass as they are.
 * @param file what the bytes come from, as errors name it
 * @throws {RankerError} GZIP_DAMAGED, and what reading throws.
 */
export async function* gunzip(file: string, chunks: Chunks): AsyncGenerator<Uint8Array> {
  const source = iterate(chunks)
  try {
    const head = await peek(source)
    if (isGzip(Buffer.concat(head))) yield* inflate(file, head, source)
    else {
      yield* head
      yield* source
    }
  } finally {
    await source.return(undefined)
  }
}

async function* iterate(chunks: Chunks): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** The chunks that hold the first two bytes, which may come one by one. */
async function peek(source: AsyncGenerator<Uint8Array>): Promise<Uint8Array[]> {
  const head: Uint8Array[] = []
  for (let bytes = 0; bytes < 2; ) {
    const { value, done } = await source.next()
    if (done) break
    head.push(value.slice())
    bytes += value.length
  }
  return head
}

async function* inflate(
  file: string,
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let given = 0
  let failure: unknown
  const copies = async function* () {
    try {
      for (const chunk of head) {
        given += chunk.length
        yield chunk
      }
      // The stream keeps a chunk while it asks for the next.
      for await (const chunk of rest) {
        given += chunk.length
        yield chunk.slice()
      }
    } catch (cause) {
      failure = cause
      throw cause
    }
  }
  const input = Readable.from(copies(), { highWaterMark: 1 })
  const output = createGunzip({ chunkSize: 1 << 18 })
  input.on('error', (error) => output.destroy(error))
  try {
    yield* input.pipe(output)
  } catch (cause) {
    if (failure !== undefined) throw failure
    throw new RankerError('GZIP_DAMAGED', { file, reason: reasonOf(cause) }, { cause })
  } finally {
    input.destroy()
    output.destroy()
  }
  // zlib takes whatever does not look like another member for padding, even a damaged member.
  if (output.bytesWritten !== given) {
    throw new RankerError('GZIP_DAMAGED', {
      file,
      reason: `${given - output.bytesWritten} bytes after its last member are no gzip`,
    })
  }
}
