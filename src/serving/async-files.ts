import { tmpdir } from 'node:os'
import { join, posix, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RankerError } from '../errors.ts'
import { makeTemporaryFolder, writeWhole } from '../storage/files.ts'
import { S3, type S3Settings } from '../storage/s3.ts'
import { formatS3Address, isS3Address, parseS3Address } from '../storage/s3-address.ts'

/** Where the outcome of an asynchronous call will be written. */
export interface AsyncPlaces {
  readonly output: string
  readonly failure: string
}

/** The files of asynchronous calls: inputs in S3, and outputs below an address in S3 or a folder. */
export class AsyncFiles {
  readonly #base: string
  readonly #settings: S3Settings
  #s3: Promise<S3> | undefined

  /** @param base `s3://bucket/prefix` or a folder */
  constructor(base: string, settings: S3Settings) {
    this.#base = base
    this.#settings = settings
  }

  places(id: string): AsyncPlaces {
    if (!isS3Address(this.#base)) {
      const url = (name: string) => pathToFileURL(join(resolve(this.#base), name)).href
      return { output: url(`${id}.out`), failure: url(`${id}-error.out`) }
    }
    const { bucket, key } = parseS3Address(this.#base)
    const address = (name: string) => formatS3Address({ bucket, key: posix.join(key, name) })
    return { output: address(`${id}.out`), failure: address(`${id}-error.out`) }
  }

  /** @throws {RankerError} when there is no such object, it is too large or it cannot be read. */
  async read(location: string, mostBytes: number): Promise<Buffer> {
    const s3 = await this.#open()
    const [object] = await s3.find(parseS3Address(location))
    if (!object)
      throw new RankerError('INPUT_UNREADABLE', { path: location, reason: 'there is no such object' })
    if (object.size > mostBytes) throw new RankerError('BODY_TOO_LARGE', { limit: mostBytes })
    return buffer(s3.read(object))
  }

  /** @throws {RankerError} WRITE_FAILED, S3_FAILED. */
  async write(location: string, content: Buffer): Promise<void> {
    if (!isS3Address(location)) return writeWhole(fileURLToPath(location), content)
    const folder = makeTemporaryFolder(tmpdir(), 'ranker-async-')
    try {
      const file = join(folder.path, 'answer')
      writeWhole(file, content)
      await (await this.#open()).put(file, parseS3Address(location))
    } finally {
      folder.close()
    }
  }

  async close(): Promise<void> {
    const s3 = await this.#s3?.catch(() => undefined)
    s3?.close()
  }

  #open(): Promise<S3> {
    this.#s3 ??= S3.open(this.#settings)
    return this.#s3
  }
}
