import { RankerError } from '../../errors.ts'
import type { Chunks } from '../row.ts'

export const MAGIC = 0xced7230a
/** Which part of a record a frame holds, in the top three bits of its length word. */
const WHOLE = 0
const FIRST = 1
const LAST = 3

/** One judged row takes kilobytes. */
const MAX_RECORD_BYTES = 1 << 28

/** Is given a record's payload, valid until the next one, and its number from 1. */
export type OnRecord = (payload: Uint8Array, record: number) => void

/**
 * Splits RecordIO into the payloads of its records: frames of a magic word, a length word, the payload and zeros up to
 * a multiple of four. A payload that itself holds the magic word is written as several frames, which were cut there.
 * Source: dmlc-core `include/dmlc/recordio.h`.
 * @throws {RankerError} RECORD_DAMAGED.
 */
export async function eachRecord(file: string, chunks: Chunks, onRecord: OnRecord): Promise<void> {
  const reader = new FrameReader(file, onRecord)
  for await (const chunk of chunks) reader.push(chunk)
  reader.end()
}

/** Splits RecordIO that arrives in pieces: see {@link eachRecord}. */
export class FrameReader {
  readonly #file: string
  readonly #onRecord: OnRecord
  #record = 1
  /** Earlier frames of the current record, if it has several. */
  #parts: Uint8Array[] = []
  /** Chunks with the start of an incomplete frame, and how many bytes it needs. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #wanted = 8

  constructor(file: string, onRecord: OnRecord) {
    this.#file = file
    this.#onRecord = onRecord
  }

  push(chunk: Uint8Array): void {
    if (this.#pendingBytes + chunk.length < this.#wanted) {
      this.#pending.push(chunk.slice())
      this.#pendingBytes += chunk.length
      return
    }
    const bytes = this.#pendingBytes > 0 ? Buffer.concat([...this.#pending, chunk]) : chunk
    const read = this.#readFrames(bytes)
    this.#pending = read < bytes.length ? [bytes.slice(read)] : []
    this.#pendingBytes = bytes.length - read
  }

  end(): void {
    if (this.#pendingBytes > 0) {
      this.#refuse(`it ends after ${this.#pendingBytes} of its ${this.#wanted} bytes`)
    }
    if (this.#parts.length > 0) this.#refuse('it ends before its last part')
  }

  /** Reads whole frames and returns how many bytes they took; `wanted` is then the size of the next. */
  #readFrames(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    for (;;) {
      this.#wanted = 8
      if (bytes.length - at < 8) return at
      const magic = view.getUint32(at, true)
      if (magic !== MAGIC) {
        this.#refuse(`it starts with 0x${magic.toString(16)}, wanted the magic 0x${MAGIC.toString(16)}`)
      }
      const word = view.getUint32(at + 4, true)
      const length = word & 0x1fffffff
      if (length > MAX_RECORD_BYTES)
        this.#refuse(`it has ${length} bytes, wanted at most ${MAX_RECORD_BYTES}`)
      this.#wanted = 8 + length + (-length & 3)
      if (bytes.length - at < this.#wanted) return at
      this.#part(word >>> 29, bytes.subarray(at + 8, at + 8 + length))
      at += this.#wanted
    }
  }

  #part(flag: number, payload: Uint8Array): void {
    const continues = flag !== WHOLE && flag !== FIRST
    if (flag > LAST || continues !== this.#parts.length > 0)
      this.#refuse(`a part with the flag ${flag} is out of place`)
    if (flag === WHOLE) {
      this.#onRecord(payload, this.#record++)
      return
    }
    if (continues) this.#parts.push(MAGIC_BYTES)
    this.#parts.push(payload.slice())
    if (flag !== LAST) return
    const whole = Buffer.concat(this.#parts)
    this.#parts = []
    this.#onRecord(whole, this.#record++)
  }

  #refuse(reason: string): never {
    throw new RankerError('RECORD_DAMAGED', { file: this.#file, record: this.#record, reason })
  }
}

/** What the writer left out where it cut a payload. */
const MAGIC_BYTES = Uint8Array.of(0x0a, 0x23, 0xd7, 0xce)
