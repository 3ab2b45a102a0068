import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
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

/**
 * Packs files as the platform packs models. The same files give the same bytes: names in order, no times, no owners.
 * @throws {RankerError} WRITE_FAILED for a name that the format does not hold.
 */
export function writeTarGz(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const blocks: Buffer[] = []
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    blocks.push(
      header(name, content.length),
      Buffer.from(content),
      Buffer.alloc(-content.length & (BLOCK - 1)),
    )
  }
  // The archive ends with two empty blocks.
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 })
}

/** A header of POSIX ustar; a long name is cut at a slash, into a prefix and the rest. */
function header(name: string, size: number): Buffer {
  const cut = Buffer.byteLength(name) <= 100 ? -1 : name.indexOf('/', Math.max(0, name.length - 101))
  const [prefix, rest] = [name.slice(0, Math.max(0, cut)), name.slice(cut + 1)]
  if (Buffer.byteLength(rest) > 100 || Buffer.byteLength(prefix) > 155)
    throw new RankerError('WRITE_FAILED', { path: name, reason: 'its name is too long for a tar archive' })
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0')
  block.write(rest, 0)
  block.write(octal(0o644, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(0, 12), 136)
  block.write('0', 156)
  block.write('ustar\u000000', 257)
  block.write(prefix, 345)
  block.write(`${octal(checksum(block), 7)}\0 `, 148)
  return block
}

function readTar(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + BLOCK)
    const prefix = textAt(header, 257, 6).startsWith('ustar') ? textAt(header, 345, 155) : ''
    const name = `${prefix}${prefix && '/'}${textAt(header, 0, 100)}`.replace(/^(\.\/)+/, '')
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
