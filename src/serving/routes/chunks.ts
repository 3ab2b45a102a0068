/** Size from which a part of an answer is a chunk of its own. */
const CHUNK_BYTES = 1 << 16

/** An answer of lines in chunks of about 64 KiB, each of whole lines; any other answer in one. */
export function* chunksOf(body: Buffer, contentType: string): Generator<Buffer> {
  let from = 0
  if (contentType === 'application/jsonlines') {
    while (body.length - from > CHUNK_BYTES) {
      const newline = body.indexOf(0x0a, from + CHUNK_BYTES)
      if (newline < 0) break
      yield body.subarray(from, newline + 1)
      from = newline + 1
    }
  }
  if (from < body.length || from === 0) yield body.subarray(from)
}

/** Whether an answer is worth sending in chunks, which a client can read before the last one is there. */
export function isLong(body: Buffer, contentType: string): boolean {
  return contentType === 'application/jsonlines' && body.length > 2 * CHUNK_BYTES
}
