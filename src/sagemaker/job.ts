import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RankerError, reasonOf } from '../errors.ts'

/** Where SageMaker's training contract puts things, below a root that is /opt/ml on the platform. */
export interface JobPaths {
  readonly hyperparameters: string
  readonly inputDataConfig: string
  readonly data: string
  readonly model: string
  readonly metrics: string
  readonly perQuery: string
  readonly report: string
  readonly failure: string
}

export function jobPaths(root: string): JobPaths {
  return {
    hyperparameters: join(root, 'input/config/hyperparameters.json'),
    inputDataConfig: join(root, 'input/config/inputdataconfig.json'),
    data: join(root, 'input/data'),
    model: join(root, 'model'),
    metrics: join(root, 'output/data/metrics.json'),
    perQuery: join(root, 'output/data/per_query.csv'),
    report: join(root, 'output/data/report.html'),
    failure: join(root, 'output/failure'),
  }
}

export const CHANNELS = ['train', 'validation', 'test'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** A channel's data files, and the content type that the job declares for them. */
export interface Channel {
  readonly files: readonly string[]
  readonly contentType?: string | undefined
}

export type Channels = Readonly<Partial<Record<ChannelName, Channel>>>

/** Values are strings; some SDKs encode them as JSON, and people who write the file by hand leave them bare. */
const hyperparametersFile = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const inputDataConfigFile = z.record(z.string(), z.looseObject({ ContentType: z.string().optional() }))

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
 * @throws {RankerError} UNKNOWN_CHANNEL, CHANNEL_MISSING, CHANNEL_EMPTY, CONFIG_UNREADABLE.
 */
export function readChannels(paths: JobPaths): Channels {
  const declared: Record<string, { ContentType?: string | undefined }> = existsSync(paths.inputDataConfig)
    ? readJson(paths.inputDataConfig, inputDataConfigFile, 'a JSON object of channels')
    : {}
  const found = existsSync(paths.data) ? readdirSync(paths.data).filter((name) => !isSkipped(name)) : []
  const channels: Partial<Record<ChannelName, Channel>> = {}
  for (const name of new Set([...Object.keys(declared), ...found])) {
    if (!isChannel(name)) throw new RankerError('UNKNOWN_CHANNEL', { channel: name, known: CHANNELS })
    channels[name] = openChannel(name, join(paths.data, name), declared[name]?.ContentType)
  }
  if (!channels.train) {
    throw new RankerError('CHANNEL_MISSING', { channel: 'train', path: join(paths.data, 'train') })
  }
  return channels
}

/** A channel given as a file or a folder of any depth; hidden names and those that start with `_` are no data. */
export function openChannel(channel: string, path: string, contentType?: string): Channel {
  if (!existsSync(path)) throw new RankerError('CHANNEL_MISSING', { channel, path })
  if (statSync(path).isFile()) return { files: [path], contentType }
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.split('/').some(isSkipped))
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
  if (files.length === 0) throw new RankerError('CHANNEL_EMPTY', { channel, path })
  return { files, contentType }
}

const isSkipped = (name: string): boolean => name.startsWith('.') || name.startsWith('_')
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
