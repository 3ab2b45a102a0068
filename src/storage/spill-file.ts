import { closeSync, readSync, writeSync } from 'node:fs'
import type { Spill } from '../data/dataset/row-store.ts'
import { RankerError, reasonOf } from '../errors.ts'
import { openNameless } from './nameless-file.ts'

/**
 * A file without a name in the folder: it is gone when it is closed, or when the process ends, however it ends.
 * @throws {RankerError} WRITE_FAILED, also when the disk fills up.
 */
export function openSpillFile(folder: string): Spill {
  const guard = <T>(work: () => T): T => {
    try {
      return work()
    } catch (cause) {
      throw new RankerError('WRITE_FAILED', { path: folder, reason: reasonOf(cause) }, { cause })
    }
  }
  const file = guard(() => openNameless(folder))
  let written = 0
  return {
    write(values) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      for (let done = 0; done < bytes.length; ) {
        done += guard(() => writeSync(file, bytes, done, bytes.length - done, written + done))
      }
      written += bytes.length
    },
    read(at, into) {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
      for (let done = 0; done < bytes.length; ) {
        const read = guard(() => readSync(file, bytes, done, bytes.length - done, 4 * at + done))
        if (read === 0)
          throw new RangeError(`the rows on disk end at ${written} bytes, asked for ${4 * at + bytes.length}`)
        done += read
      }
    },
    close() {
      closeSync(file)
    },
  }
}
