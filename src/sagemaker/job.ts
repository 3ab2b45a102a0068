import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { RankerError, reasonOf } from '../errors.ts'
import { isSkipped, kindOf, listDataFiles } from './data-files.ts'

/** Where SageMaker's training contract puts things, below a root that is /opt/ml on the platform. */
export interface JobPaths {
  readonly hyperparameters: string
  readonly inputDataConfig: string
  readonly data: string
  readonly model: string
  readonly metrics: string
  readonly failure: string
}

export function jobPaths(root: string): JobPaths {
  return {
    hyperparameters: join(root, 'input/config/hyperparameters.json'),
    inputDataConfig: join(root, 'input/config/inputdataconfig.json'),
    data: join(root, 'input/data'),
    model: join(root, 'model'),
    metrics: join(root, 'output/data/metrics.json'),
    failure: join(root, 'output/failure'),
  }
}

export const CHANNELS = ['train', 'validation', 'test'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** A channel's data, and the content type that the job declares for it. */
export interface Channel {
  /** Paths of the files in the order of their names. */
  readonly files: readonly string[]
  /** Where `files` is something else: one FIFO, which may not be there yet, or one address in S3. */
  readonly kind?: 'pipe' | 's3'
  /** The folder that the files' names in errors start below. */
  readonly root?: string
  readonly contentType?: string | undefined
}

export type Channels = Readonly<Partial<Record<ChannelName, Channel>>>

/** Values are strings; some SDKs encode them as JSON, and people who write the file by hand leave them bare. */
const hyperparametersFile = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const inputDataConfigFile = z.record(
  z.string(),
  z.looseObject({
    ContentType: z.string().optional(),
    TrainingInputMode: z.enum(['File', 'FastFile', 'Pipe']).optional(),
    RecordWrapperType: z.string().optional(),
  }),
)
type DeclaredChannel = z.infer<typeof inputDataConfigFile>[string]

/**
 * Reads hyperparameters.json as names and strings, JSON encoding taken off.
 * @throws {RankerError} CONFIG_MISSING, CONFIG_UNREADABLE.
 */
export function readHyperparameters(path: string): Record<string, string> {
  if (!existsSync(path)) {
    throw new RankerError('CONFIG_MISSING', {
      path,
      wanted: 'a JSON object of hyperparameters, such as {"num_round":"100"}',
    })
  }
  const raw = readJson(path, hyperparametersFile, 'a JSON object of names and strings')
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decode(value)]))
}

function decode(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  if (!value.startsWith('"')) return value
  try {
    const decoded: unknown = JSON.parse(value)
    return typeof decoded === 'string' ? decoded : value
  } catch {
    return value
  }
}

/**
 * Finds the channels of a job: those that inputdataconfig.json names, or what lies below input/data without it.
 * FastFile is File that streams; of a channel in Pipe mode, the FIFO of the first epoch is read.
 * @throws {RankerError} UNKNOWN_CHANNEL, CHANNEL_MISSING, CHANNEL_EMPTY, CONFIG_UNREADABLE and those of the files.
 */
export function readChannels(paths: JobPaths): Channels {
  const declared: Record<string, DeclaredChannel> = existsSync(paths.inputDataConfig)
    ? readJson(paths.inputDataConfig, inputDataConfigFile, 'a JSON object of channels')
    : {}
  const channels: Partial<Record<ChannelName, Channel>> = {}
  for (const [name, { ContentType, TrainingInputMode, RecordWrapperType }] of Object.entries(declared)) {
    checkName(name)
    if (TrainingInputMode !== 'Pipe') continue
    if (RecordWrapperType === 'RecordIO') {
      throw new RankerError('CONFIG_UNREADABLE', {
        path: paths.inputDataConfig,
        reason: `the channel ${JSON.stringify(name)} wraps its objects in RecordIO`,
        wanted: 'RecordWrapperType None',
      })
    }
    channels[name as ChannelName] = pipe(paths, name, ContentType)
  }
  for (const entry of existsSync(paths.data) ? readdirSync(paths.data) : []) {
    if (isSkipped(entry)) continue
    const name = isFifo(join(paths.data, entry)) ? entry.replace(/_\d+$/, '') : entry
    if (channels[name.replace(/_\d+$/, '') as ChannelName]?.kind === 'pipe') continue
    checkName(name)
    const contentType = declared[name]?.ContentType
    channels[name as ChannelName] =
      name === entry ? openChannel(name, join(paths.data, name), contentType) : pipe(paths, name, contentType)
  }
  for (const name of ['train', ...Object.keys(declared)]) {
    if (!channels[name as ChannelName]) {
      throw new RankerError('CHANNEL_MISSING', { channel: name, path: join(paths.data, name) })
    }
  }
  return channels
}

const isFifo = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false

/** In Pipe mode each epoch has a FIFO of its own, and one is all that is read: the rows stay in memory. */
function pipe(paths: JobPaths, name: string, contentType: string | undefined): Channel {
  return { files: [join(paths.data, `${name}_0`)], kind: 'pipe', contentType }
}

/**
 * A channel given as a file, a folder of any depth, or an address in S3.
 * @throws {RankerError} CHANNEL_MISSING, CHANNEL_EMPTY, NOT_A_FILE, INPUT_UNREADABLE.
 */
export function openChannel(channel: string, path: string, contentType?: string): Channel {
  if (/^s3:\/\//i.test(path)) return { files: [path], kind: 's3', contentType }
  const kind = statSync(path, { throwIfNoEntry: false })
  if (!kind) throw new RankerError('CHANNEL_MISSING', { channel, path })
  if (kind.isFile()) return { files: [path], root: dirname(path), contentType }
  if (kind.isFIFO()) return { files: [path], kind: 'pipe', contentType }
  if (!kind.isDirectory()) throw new RankerError('NOT_A_FILE', { path, seen: kindOf(kind) })
  const files = listDataFiles(path)
  if (files.length === 0) throw new RankerError('CHANNEL_EMPTY', { channel, path })
  return { files, root: path, contentType }
}

function checkName(name: string): void {
  if (!isChannel(name)) throw new RankerError('UNKNOWN_CHANNEL', { channel: name, known: CHANNELS })
}

const isChannel = (name: string): name is ChannelName => (CHANNELS as readonly string[]).includes(name)

function readJson<T>(path: string, schema: z.ZodType<T>, wanted: string): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError
        ? `${cause.issues[0]!.path.join('.')}: ${cause.issues[0]!.message}`
        : reasonOf(cause)
    throw new RankerError('CONFIG_UNREADABLE', { path, reason, wanted }, { cause })
  }
}
