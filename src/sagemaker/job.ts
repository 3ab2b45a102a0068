import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RankerError, reasonOf } from '../errors.ts'

/** Where SageMaker's training contract puts things, below a root that is /opt/ml on the platform. */
export interface JobPaths {
  readonly hyperparameters: string
  readonly inputDataConfig: string
  readonly resourceConfig: string
  readonly data: string
  readonly model: string
  readonly metrics: string
  readonly failure: string
}

export function jobPaths(root: string): JobPaths {
  return {
    hyperparameters: join(root, 'input/config/hyperparameters.json'),
    inputDataConfig: join(root, 'input/config/inputdataconfig.json'),
    resourceConfig: join(root, 'input/config/resourceconfig.json'),
    data: join(root, 'input/data'),
    model: join(root, 'model'),
    metrics: join(root, 'output/data/metrics.json'),
    failure: join(root, 'output/failure'),
  }
}

export const CHANNELS = ['train', 'validation', 'test'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** A channel's data files, and the content type that the job declares for them. */
export interface Channel {
  readonly files: readonly string[]
  readonly contentType?: string | undefined
  /** Whether each host of the job was given other objects; otherwise every host has all of them. */
  readonly sharded?: boolean
}

export type Channels = Readonly<Partial<Record<ChannelName, Channel>>>

/** Values are strings; some SDKs encode them as JSON, and people who write the file by hand leave them bare. */
const hyperparametersFile = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const inputDataConfigFile = z.record(
  z.string(),
  z.looseObject({ ContentType: z.string().optional(), S3DistributionType: z.string().optional() }),
)

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
 * Finds the channels of a job: those that inputdataconfig.json names, or the folders below input/data without it.
 * @param hosts machines of the job: where there are several, a sharded channel may be empty on this one.
 * @throws {RankerError} UNKNOWN_CHANNEL, CHANNEL_MISSING, CHANNEL_EMPTY, CONFIG_UNREADABLE.
 */
export function readChannels(paths: JobPaths, hosts = 1): Channels {
  const declared: z.infer<typeof inputDataConfigFile> = existsSync(paths.inputDataConfig)
    ? readJson(paths.inputDataConfig, inputDataConfigFile, 'a JSON object of channels')
    : {}
  const found = existsSync(paths.data) ? readdirSync(paths.data).filter((name) => !isSkipped(name)) : []
  const channels: Partial<Record<ChannelName, Channel>> = {}
  for (const name of new Set([...Object.keys(declared), ...found])) {
    if (!isChannel(name)) throw new RankerError('UNKNOWN_CHANNEL', { channel: name, known: CHANNELS })
    const path = join(paths.data, name)
    const { ContentType, S3DistributionType } = declared[name] ?? {}
    const sharded = hosts > 1 && S3DistributionType === 'ShardedByS3Key'
    channels[name] =
      sharded && listFiles(path).length === 0
        ? { files: [], sharded }
        : { ...openChannel(name, path, ContentType), sharded }
  }
  if (!channels.train) {
    throw new RankerError('CHANNEL_MISSING', { channel: 'train', path: join(paths.data, 'train') })
  }
  return channels
}

/** A channel given as a file or a folder of any depth; hidden names and those that start with `_` are no data. */
export function openChannel(channel: string, path: string, contentType?: string): Channel {
  if (!existsSync(path)) throw new RankerError('CHANNEL_MISSING', { channel, path })
  const files = listFiles(path)
  if (files.length === 0) throw new RankerError('CHANNEL_EMPTY', { channel, path })
  return { files, contentType }
}

function listFiles(path: string): string[] {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.split('/').some(isSkipped))
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
}

const isSkipped = (name: string): boolean => name.startsWith('.') || name.startsWith('_')
const isChannel = (name: string): name is ChannelName => (CHANNELS as readonly string[]).includes(name)

/** Reads a file of the job's configuration. @throws {RankerError} CONFIG_UNREADABLE. */
export function readJson<T>(path: string, schema: z.ZodType<T>, wanted: string): T {
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
