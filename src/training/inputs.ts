import { basename, relative } from 'node:path'
import { declaredFormat, type Format, formatOfName } from '../data/format.ts'
import type { Chunks } from '../data/row.ts'
import { RankerError } from '../errors.ts'
import type { Channel } from '../sagemaker/job.ts'
import { readFifo } from '../storage/fifo.ts'
import { readChunks } from '../storage/files.ts'
import { gunzip, isGzip } from '../storage/gunzip.ts'
import { RandomAccessFile } from '../storage/random-access.ts'
import { S3, type S3Settings } from '../storage/s3.ts'
import { formatS3Address, parseS3Address } from '../storage/s3-address.ts'

/** SageMaker makes the FIFOs of Pipe mode while the container starts. */
const PIPE_TIMEOUT_MS = 300_000

export interface InputOptions {
  readonly s3: S3Settings
  /** Folder for copies of what must be read twice but can be read only once, such as a FIFO. */
  readonly scratch: string
  /** Called every megabyte or so, and while a FIFO is waited for; what it throws ends the reading. */
  readonly interrupt: () => void
}

/**
 * Opens the files of a channel, in the order of their names, and hands them to `use`; all are closed at the end.
 * @throws {RankerError} UNKNOWN_CONTENT_TYPE, CHANNEL_MISSING, S3_FAILED and what reading throws.
 */
export async function withInputs<T>(
  name: string,
  channel: Channel,
  options: InputOptions,
  use: (inputs: readonly Input[]) => Promise<T>,
): Promise<T> {
  const declared = channel.contentType === undefined ? undefined : declaredFormat(name, channel.contentType)
  const s3 = channel.kind === 's3' ? await S3.open(options.s3) : undefined
  const inputs: Input[] = []
  try {
    const sources = s3 ? await objectsOf(name, channel, s3) : filesOf(channel, options.interrupt)
    inputs.push(...sources.map((source) => new Input(source, declared, options)))
    return await use(inputs)
  } finally {
    for (const input of inputs) input.close()
    s3?.close()
  }
}

/** Where the bytes of a channel's file come from. */
interface Source {
  /** Its name in errors. */
  readonly name: string
  readonly open: () => Chunks
  /** Its path, if it can be read more than once. */
  readonly path?: string
}

function filesOf({ kind, files, root }: Channel, interrupt: () => void): Source[] {
  if (kind === 'pipe') {
    return files.map((path) => ({
      name: basename(path),
      open: () => readFifo(path, PIPE_TIMEOUT_MS, interrupt),
    }))
  }
  return files.map((path) => ({
    name: root === undefined ? basename(path) : relative(root, path),
    open: () => readChunks(path),
    path,
  }))
}

async function objectsOf(channel: string, { files }: Channel, s3: S3): Promise<Source[]> {
  const address = parseS3Address(files[0]!)
  const objects = await s3.find(address)
  if (objects.length === 0)
    throw new RankerError('CHANNEL_MISSING', { channel, path: formatS3Address(address) })
  return objects.map((object) => ({ name: formatS3Address(object), open: () => s3.read(object) }))
}

/** A file of a channel, unpacked, in a known format. */
export class Input {
  readonly name: string
  readonly format: Format
  /** Whether neither content type nor name told the format: such a file is read as libsvm, as SageMaker does. */
  readonly isGuess: boolean
  readonly #source: Source
  readonly #options: InputOptions
  #copy: RandomAccessFile | undefined

  constructor(source: Source, declared: Format | undefined, options: InputOptions) {
    const known = declared ?? formatOfName(source.name)
    this.name = source.name
    this.format = known ?? 'libsvm'
    this.isGuess = known === undefined
    this.#source = source
    this.#options = options
  }

  /** The bytes from the start, once. */
  readOnce(): Chunks {
    return gunzip(this.name, this.#open())
  }

  /** The bytes from the start, as often as needed. */
  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#source.path === undefined) this.#copy ??= await this.#spool(this.#open())
    yield* gunzip(this.name, this.#copy?.chunks() ?? this.#open())
  }

  /** The bytes for random access. */
  async randomAccess(): Promise<RandomAccessFile> {
    const { path } = this.#source
    if (path !== undefined) {
      this.#copy = RandomAccessFile.open(path, this.#options.interrupt)
      if (!isGzip(new Uint8Array(this.#copy.slice(0, 2)))) return this.#copy
      this.#copy.close()
    }
    this.#copy = await this.#spool(this.readOnce())
    return this.#copy
  }

  close(): void {
    this.#copy?.close()
  }

  #spool(chunks: Chunks): Promise<RandomAccessFile> {
    return RandomAccessFile.spool(chunks, this.#options.scratch, this.#options.interrupt)
  }

  async *#open(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source.open()) {
      this.#options.interrupt()
      yield chunk
    }
  }
}
