import { crc32 } from 'node:zlib'

/** A header's value is text: type 7. */
const STRING_TYPE = 7
/** Bytes of the two lengths and their checksum, and of the checksum of all. */
const PRELUDE = 12
const CRC = 4

/**
 * One message of `application/vnd.amazon.eventstream`: both lengths, their CRC, headers, payload and the CRC of all of
 * it (AWS's "Event stream encoding").
 */
export function eventStreamMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)]
      const lengths = Buffer.alloc(3)
      lengths.writeUInt8(STRING_TYPE)
      lengths.writeUInt16BE(valueBytes.length, 1)
      return Buffer.concat([Buffer.of(nameBytes.length), nameBytes, lengths, valueBytes])
    }),
  )
  const message = Buffer.alloc(PRELUDE + head.length + payload.length + CRC)
  message.writeUInt32BE(message.length)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, PRELUDE - CRC)), PRELUDE - CRC)
  head.copy(message, PRELUDE)
  message.set(payload, PRELUDE + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, -CRC)), message.length - CRC)
  return message
}

/** A part of an answer, as InvokeEndpointWithResponseStream sends it. */
export function payloadPart(bytes: Uint8Array): Buffer {
  const headers = {
    ':message-type': 'event',
    ':event-type': 'PayloadPart',
    ':content-type': 'application/octet-stream',
  }
  return eventStreamMessage(headers, bytes)
}
