import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { RankerError, reasonOf } from '../errors.ts'
import { readable } from './files.ts'
import type { Chunks } from './gunzip.ts'
import { openNameless } from './nameless-file.ts'

/** A file open for random access. `close()` releases it. */
export class RandomAccessFile {
  readonly byteLength: number
  readonly #path: string
  readonly #beforeRead: () => void
  #file: number | undefined

  private constructor(path: string, file: number, beforeRead: () => void) {
    this.#path = path
    this.#beforeRead = beforeRead
    this.#file = file
    this.byteLength = fstatSync(file).size
  }

  /**
   * @param beforeRead called before every read; what it throws ends the reading.
   * @throws {RankerError} INPUT_UNREADABLE.
   */
  static open(path: string, beforeRead = () => {}): RandomAccessFile {
    const file = readable(path, () => openSync(path, 'r'))
    return new RandomAccessFile(path, file, beforeRead)
  }

  /**
   * Copies bytes that can be read only once into a nameless file. @param folder where there is room for it
   * @throws {RankerError} WRITE_FAILED, and what reading the chunks throws.
   */
  static async spool(chunks: Chunks, folder: string, beforeRead = () => {}): Promise<RandomAccessFile> {
    const file = writing(folder, () => openNameless(folder))
    try {
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length; ) at += writing(folder, () => writeSync(file, chunk, at))
      }
      return new RandomAccessFile(folder, file, beforeRead)
    } catch (thrown) {
      closeSync(file)
      throw thrown
    }
  }

  /** The whole file, chunk by chunk; a chunk is valid until the next one is asked for. */
  *chunks(chunkBytes = 1 << 20): Generator<Uint8Array> {
    const buffer = new Uint8Array(chunkBytes)
    for (let at = 0; ; ) {
      const read = this.#read(buffer, at)
      if (read === 0) return
      at += read
      yield buffer.subarray(0, read)
    }
  }

  /** A copy of the bytes from `start` to `end`, fewer if the file ends earlier. */
  slice(start: number, end = this.byteLength): ArrayBuffer {
    const length = Math.max(0, Math.min(end, this.byteLength) - start)
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const read = this.#read(bytes.subarray(at), start + at)
      if (read === 0) break
      at += read
    }
    return bytes.buffer
  }

  close(): void {
    if (this.#file === undefined) return
    closeSync(this.#file)
    this.#file = undefined
  }

  #read(into: Uint8Array, at: number): number {
    this.#beforeRead()
    const file = this.#file
    if (file === undefined) throw new Error('this file was closed')
    return readable(this.#path, () => readSync(file, into, 0, into.length, at))
  }
}

function writing<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (cause) {
    throw new RankerError('WRITE_FAILED', { path, reason: reasonOf(cause) }, { cause })
  }
}
