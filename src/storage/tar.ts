import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { RankerError, reasonOf } from '../errors.ts'

const BLOCK = 512

/**
 * The plain files of a `.tar.gz` (POSIX ustar, as the platform packs models) by name, without unpacking anything to
 * disk; `./model.ubj` is `model.ubj`. Links and folders are passed over.
 * @throws {RankerError} INPUT_UNREADABLE when it is no gzip, no tar, or ends early.
 */
export function readTarGz(path: string): Map<string, Buffer> {
  try {
    return readTar(gunzipSync(readFileSync(path)))
  } catch (cause) {
    throw new RankerError('INPUT_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
}

function readTar(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + BLOCK)
    const name = textAt(header, 0, 100).replace(/^(\.\/)+/, '')
    const size = Number.parseInt(textAt(header, 124, 12), 8)
    if (
      header.length < BLOCK ||
      !(size >= 0) ||
      checksum(header) !== Number.parseInt(textAt(header, 148, 8), 8)
    ) {
      throw new Error(`it holds no tar header at byte ${at} of its content`)
    }
    const start = at + BLOCK
    if (start + size > tar.length) throw new Error(`it ends inside ${name}`)
    const type = String.fromCharCode(header[156]!)
    if (type === '0' || type === '\0') files.set(name, tar.subarray(start, start + size))
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

function textAt(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

/** The sum of a header's bytes, with its own field taken as spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0)
}
