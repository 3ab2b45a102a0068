import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { RankerError, reasonOf, show } from '../errors.ts'
import { isSkipped, kindOf, listDataFiles, namesIn } from './data-files.ts'

/** The root on the platform. */
export const DEFAULT_ROOT = '/opt/ml'

/** Root folder of a job: SAGEMAKER_BASE_DIR, unless that is empty. */
export const jobRoot = (env: Readonly<Record<string, string | undefined>>): string =>
  env.SAGEMAKER_BASE_DIR || DEFAULT_ROOT

/** Where SageMaker's training contract puts things, below a root. */
export interface JobPaths {
  readonly hyperparameters: string
  readonly inputDataConfig: string
  readonly resourceConfig: string
  readonly checkpointConfig: string
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
    resourceConfig: join(root, 'input/config/resourceconfig.json'),
    checkpointConfig: join(root, 'input/config/checkpointconfig.json'),
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

/** Channels without rows: a feature spec, a model to continue from or to compare with, hooks for the endpoint. */
const SIDE_CHANNELS = ['config', 'model', 'code'] as const
export type SideChannelName = (typeof SIDE_CHANNELS)[number]

/** A channel's data, and the content type that the job declares for it. */
export interface Channel {
  /** Paths of the files in the order of their names. */
  readonly files: readonly string[]
  /** Where `files` is something else: one FIFO, which may not be there yet, or one address in S3. */
  readonly kind?: 'pipe' | 's3'
  /** The folder that file names in errors are relative to. */
  readonly root?: string
  readonly contentType?: string | undefined
  /** Whether each host of the job was given different objects; otherwise every host has all of them. */
  readonly sharded?: boolean
}

export type Channels = Readonly<Partial<Record<ChannelName, Channel>>>

/** Values are strings; some SDKs encode them as JSON, and people who write the file by hand leave them bare. */
const hyperparametersFile = z.record(z.string(), z.json())
const inputDataConfigFile = z.record(
  z.string(),
  z.looseObject({
    ContentType: z.string().optional(),
    S3DistributionType: z.string().optional(),
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
      wanted:
        'a JSON object of hyperparameters, such as {"num_round":"100"}, or --train and data outside of a job',
    })
  }
  const raw = readJson(path, hyperparametersFile, 'a JSON object of names and values')
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decode(value)]))
}

function decode(value: z.core.util.JSONType): string {
  if (typeof value !== 'string') return JSON.stringify(value)
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
 * @param hosts machines of the job: where there are several, a sharded channel may be empty on this one.
 * @throws {RankerError} UNKNOWN_CHANNEL, CHANNEL_MISSING, CHANNEL_EMPTY, CONFIG_UNREADABLE and those of the files.
 */
export function readChannels(paths: JobPaths, hosts = 1): Channels {
  const declared = readDeclared(paths)
  const isSharded = (name: string) => hosts > 1 && declared[name]?.S3DistributionType === 'ShardedByS3Key'
  const channels: Partial<Record<ChannelName, Channel>> = {}
  for (const [name, { ContentType, TrainingInputMode, RecordWrapperType }] of Object.entries(declared)) {
    checkName(name)
    if (TrainingInputMode !== 'Pipe' || isSideChannel(name)) continue
    if (RecordWrapperType === 'RecordIO') {
      throw new RankerError('CONFIG_UNREADABLE', {
        path: paths.inputDataConfig,
        reason: `the channel ${JSON.stringify(name)} wraps its objects in RecordIO`,
        wanted: 'RecordWrapperType None',
      })
    }
    channels[name as ChannelName] = pipe(paths, name, ContentType)
  }
  for (const entry of namesIn(paths.data)) {
    if (isSkipped(entry) || isSideChannel(entry) || isManifest(join(paths.data, entry))) continue
    const name = isFifo(join(paths.data, entry)) ? entry.replace(/_\d+$/, '') : entry
    if (channels[name.replace(/_\d+$/, '') as ChannelName]?.kind === 'pipe') continue
    checkName(name)
    if (isSharded(name) && isEmptyFolder(join(paths.data, name))) continue
    const contentType = declared[name]?.ContentType
    channels[name as ChannelName] =
      name === entry ? openChannel(name, join(paths.data, name), contentType) : pipe(paths, name, contentType)
  }
  for (const name of ['train', ...Object.keys(declared)]) {
    if (isSharded(name)) {
      channels[name as ChannelName] = { ...(channels[name as ChannelName] ?? { files: [] }), sharded: true }
    } else if (!isSideChannel(name) && !channels[name as ChannelName]) {
      throw new RankerError('CHANNEL_MISSING', { channel: name, path: join(paths.data, name) })
    }
  }
  return channels
}

/**
 * The folder of a channel without rows, undefined where the job has none.
 * @throws {RankerError} CHANNEL_MISSING, CONFIG_UNREADABLE.
 */
export function sideChannel(paths: JobPaths, name: SideChannelName): string | undefined {
  const path = join(paths.data, name)
  if (existsSync(path)) return path
  if (Object.hasOwn(readDeclared(paths), name)) {
    throw new RankerError('CHANNEL_MISSING', { channel: name, path })
  }
  return undefined
}

function readDeclared(paths: JobPaths): Record<string, DeclaredChannel> {
  if (!existsSync(paths.inputDataConfig)) return {}
  return readJson(paths.inputDataConfig, inputDataConfigFile, 'a JSON object of channels')
}

const isEmptyFolder = (path: string): boolean =>
  (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false) && listDataFiles(path).length === 0

const isFifo = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false

/** The platform's own list of a channel's objects, `NAME-manifest` beside the folder. */
const isManifest = (path: string): boolean =>
  path.endsWith('-manifest') && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)

/** In Pipe mode each epoch has its own FIFO. Only one is read, because the rows stay in memory. */
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
  return { files, root: dirname(path), contentType }
}

function checkName(name: string): void {
  const known: readonly string[] = [...CHANNELS, ...SIDE_CHANNELS]
  if (!known.includes(name)) throw new RankerError('UNKNOWN_CHANNEL', { channel: name, known })
}

const isSideChannel = (name: string): boolean => (SIDE_CHANNELS as readonly string[]).includes(name)

/** Reads a file of the platform. @throws {RankerError} CONFIG_UNREADABLE. */
export function readJson<T>(path: string, schema: z.ZodType<T>, wanted: string): T {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''))
    // The schema would drop this key silently.
    if (Object.hasOwn(Object(value), '__proto__')) throw new Error('no name may be __proto__')
    if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`it is ${show(value)}`)
    return schema.parse(value)
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0]! : undefined
    const reason = issue ? [...issue.path, issue.message].join(': ') : reasonOf(cause)
    throw new RankerError('CONFIG_UNREADABLE', { path, reason, wanted }, { cause })
  }
}
