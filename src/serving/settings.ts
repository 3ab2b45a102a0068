import { constants } from 'node:buffer'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Level } from 'pino'
import { OUTPUT_KEYS, type OutputKey } from '../data/request/output-keys.ts'
import { RankerError } from '../errors.ts'
import { ENGINES, type Engine } from '../scoring/engines.ts'
import { memoryOfMachine } from '../storage/memory.ts'
import { type S3Settings, s3Settings } from '../storage/s3.ts'
import { logLevel } from './log-level.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What Batch Transform is told. */
export interface BatchSettings {
  /** SAGEMAKER_BATCH: the server works for a transform job. */
  readonly on: boolean
  readonly strategy: 'MULTI_RECORD' | 'SINGLE_RECORD'
  readonly maxConcurrentTransforms: number
  readonly maxPayloadInMb: number
}

/** What the environment says about serving. */
export interface ServeSettings {
  readonly host: string
  readonly port: number
  /** A model folder, or a model file. */
  readonly modelPath: string
  /** SAGEMAKER_MULTI_MODEL: the folder that models are loaded from. */
  readonly modelsRoot: string | undefined
  /** File in code/ that holds the hooks, where it is not `inference.*`. */
  readonly program: string | undefined
  /** Processes that listen. */
  readonly workers: number
  /** Most requests of a worker that wait for their answers. */
  readonly queueSize: number
  /** Most bytes of a request's body. */
  readonly bodyLimit: number
  /** Most bytes of all bodies that a worker holds. */
  readonly bufferBytes: number
  /** Milliseconds that hooks may take over a request. */
  readonly hookMs: number
  /** Milliseconds that a model's hooks may take to load. */
  readonly openMs: number
  /** Most bytes of memory of a process with hooks. */
  readonly hookMemoryBytes: number
  /** Accept of a request that leaves the choice to the server. */
  readonly defaultAccept: string | undefined
  /** What an answer holds of a row or an item where the request does not say. */
  readonly output: readonly OutputKey[] | undefined
  /** RANKER_ENGINE: what models are scored by. */
  readonly engine: Engine
  readonly batch: BatchSettings
  /** Where the local endpoint writes the answers to asynchronous calls: `s3://bucket/prefix` or a folder. */
  readonly asyncOutput: string | undefined
  /** Where S3 is, for asynchronous calls. */
  readonly s3: S3Settings
  /** Whether OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and OTEL_SDK_DISABLED does not forbid them. */
  readonly traces: boolean
  readonly logLevel: Level
}

const MEBIBYTE = 1 << 20
const DEFAULT_BODY_LIMIT = 26 * MEBIBYTE
/** A larger body could not be decoded to text; it also stands for "no limit". */
const MOST_BODY_LIMIT = constants.MAX_STRING_LENGTH
/** Of the container's memory: what all bodies, and what all processes with hooks may take. */
const BODIES_SHARE = 1 / 4
const HOOKS_SHARE = 1 / 2
const DAY_SECONDS = 86_400
/** What Batch Transform assumes where nobody says. */
const DEFAULT_PAYLOAD_MB = 6
/** Concurrent transforms times their payload may not be more. */
const MOST_TRANSFORM_MB = 100
const MOST = Number.MAX_SAFE_INTEGER

/**
 * Reads the platform's variables; an empty one counts as unset.
 * @throws {RankerError} BAD_SETTING, naming the variable.
 */
export function readSettings(env: Environment): ServeSettings {
  const root = env.SAGEMAKER_BASE_DIR || '/opt/ml'
  const portName = env.SAGEMAKER_BIND_TO_PORT ? 'SAGEMAKER_BIND_TO_PORT' : 'PORT'
  const timeoutName = env.SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS
    ? 'SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS'
    : 'SAGEMAKER_MODEL_SERVER_TIMEOUT'
  const workers = integer(env, 'SAGEMAKER_MODEL_SERVER_WORKERS', availableParallelism(), 1, 256)
  const bodyLimit = readBodyLimit(env)
  const memory = memoryOfMachine()
  const hookMemory = Math.ceil((memory * HOOKS_SHARE) / workers / MEBIBYTE)
  return Object.freeze({
    host: env.RANKER_HOST || '0.0.0.0',
    port: integer(env, portName, 8080, 0, 65_535),
    modelPath: join(root, 'model'),
    modelsRoot: flag(env, 'SAGEMAKER_MULTI_MODEL') ? join(root, 'models') : undefined,
    program: env.SAGEMAKER_PROGRAM || undefined,
    workers,
    queueSize: integer(env, 'SAGEMAKER_MODEL_JOB_QUEUE_SIZE', 100, 1, MOST),
    bodyLimit,
    bufferBytes: Math.max(bodyLimit, Math.floor((memory * BODIES_SHARE) / workers)),
    hookMs: 1000 * integer(env, timeoutName, 60, 1, DAY_SECONDS),
    openMs: 1000 * integer(env, 'SAGEMAKER_STARTUP_TIMEOUT', 600, 1, DAY_SECONDS),
    hookMemoryBytes: MEBIBYTE * integer(env, 'RANKER_HOOK_MEMORY_MB', hookMemory, 64, MOST),
    defaultAccept: env.SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT || undefined,
    output: readOutput(env),
    engine: readEngine(env),
    batch: readBatch(env, workers, bodyLimit),
    asyncOutput: env.RANKER_ASYNC_OUTPUT || undefined,
    s3: s3Settings(env),
    traces:
      !flag(env, 'OTEL_SDK_DISABLED') &&
      Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT),
    logLevel: logLevel(integer(env, 'SAGEMAKER_CONTAINER_LOG_LEVEL', 20, 0, 100)),
  })
}

function readBodyLimit(env: Environment): number {
  const bytes = integer(env, 'MAX_CONTENT_LENGTH', 0, 1, MOST)
  // Batch Transform sets it, and means "no limit" by 0.
  const megabytes = integer(env, 'SAGEMAKER_MAX_PAYLOAD_IN_MB', DEFAULT_BODY_LIMIT / MEBIBYTE, 0, MOST)
  return Math.min(bytes || megabytes * MEBIBYTE || MOST, MOST_BODY_LIMIT)
}

function readBatch(env: Environment, workers: number, bodyLimit: number): BatchSettings {
  const strategy = env.SAGEMAKER_BATCH_STRATEGY || 'MULTI_RECORD'
  if (strategy !== 'MULTI_RECORD' && strategy !== 'SINGLE_RECORD')
    throw new RankerError('BAD_SETTING', {
      name: 'SAGEMAKER_BATCH_STRATEGY',
      seen: strategy,
      wanted: 'MULTI_RECORD or SINGLE_RECORD',
    })
  const own = Math.max(1, Math.min(DEFAULT_PAYLOAD_MB, Math.floor(bodyLimit / MEBIBYTE)))
  const maxPayloadInMb = integer(env, 'SAGEMAKER_MAX_PAYLOAD_IN_MB', own, 0, MOST)
  const most = Math.max(1, Math.floor(MOST_TRANSFORM_MB / (maxPayloadInMb || MOST_TRANSFORM_MB)))
  return {
    on: flag(env, 'SAGEMAKER_BATCH'),
    strategy,
    maxPayloadInMb,
    // 0 is how the platform says that the job did not say.
    maxConcurrentTransforms:
      integer(env, 'SAGEMAKER_MAX_CONCURRENT_TRANSFORMS', 0, 0, MOST) || Math.min(workers, most),
  }
}

function flag(env: Environment, name: string): boolean {
  const seen = env[name]
  if (!seen || /^(false|0)$/i.test(seen)) return false
  if (/^(true|1)$/i.test(seen)) return true
  throw new RankerError('BAD_SETTING', { name, seen, wanted: 'true or false' })
}

function readOutput({ SAGEMAKER_INFERENCE_OUTPUT: seen }: Environment): readonly OutputKey[] | undefined {
  if (!seen) return undefined
  const keys = seen.split(',').map((key) => key.trim())
  if (keys.every(isOutputKey) && new Set(keys).size === keys.length) return keys
  const wanted = `a list of ${OUTPUT_KEYS.join(', ')}, each once at most`
  throw new RankerError('BAD_SETTING', { name: 'SAGEMAKER_INFERENCE_OUTPUT', seen, wanted })
}

function readEngine({ RANKER_ENGINE: seen }: Environment): Engine {
  if (!seen) return 'auto'
  const engine = ENGINES.find((known) => known === seen)
  if (engine) return engine
  throw new RankerError('BAD_SETTING', { name: 'RANKER_ENGINE', seen, wanted: ENGINES.join(' or ') })
}

function isOutputKey(key: string): key is OutputKey {
  return (OUTPUT_KEYS as readonly string[]).includes(key)
}

function integer(env: Environment, name: string, otherwise: number, least: number, most: number): number {
  const seen = env[name]
  if (!seen) return otherwise
  const value = Number(seen)
  if (/^\d+$/.test(seen.trim()) && value >= least && value <= most) return value
  throw new RankerError('BAD_SETTING', { name, seen, wanted: `an integer from ${least} to ${most}` })
}
