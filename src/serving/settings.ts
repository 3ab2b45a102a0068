import { constants } from 'node:buffer'
import { join } from 'node:path'
import type { Level } from 'pino'
import { OUTPUT_KEYS, type OutputKey } from '../data/request-options.ts'
import { RankerError } from '../errors.ts'
import { logLevel } from './log.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says about serving. */
export interface ServeSettings {
  readonly host: string
  readonly port: number
  /** A model folder, or a model file. */
  readonly modelPath: string
  /** File in code/ that holds the hooks, where it is not `inference.*`. */
  readonly program: string | undefined
  /** Most bytes of a request's body. */
  readonly bodyLimit: number
  /** Accept of a request that leaves the choice to the server. */
  readonly defaultAccept: string | undefined
  /** What an answer holds of a row or an item where the request does not say. */
  readonly output: readonly OutputKey[] | undefined
  readonly logLevel: Level
}

const MEBIBYTE = 1 << 20
const DEFAULT_BODY_LIMIT = 26 * MEBIBYTE
/** A larger body could not be decoded to text; it also stands for "no limit". */
const MOST_BODY_LIMIT = constants.MAX_STRING_LENGTH

/**
 * Reads the platform's variables; an empty one counts as unset.
 * @throws {RankerError} BAD_SETTING, naming the variable.
 */
export function readSettings(env: Environment): ServeSettings {
  const port = env.SAGEMAKER_BIND_TO_PORT ? 'SAGEMAKER_BIND_TO_PORT' : 'PORT'
  return Object.freeze({
    host: env.RANKER_HOST || '0.0.0.0',
    port: integer(env, port, 8080, 0, 65_535),
    modelPath: join(env.SAGEMAKER_BASE_DIR || '/opt/ml', 'model'),
    program: env.SAGEMAKER_PROGRAM || undefined,
    bodyLimit: readBodyLimit(env),
    defaultAccept: env.SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT || undefined,
    output: readOutput(env),
    logLevel: logLevel(integer(env, 'SAGEMAKER_CONTAINER_LOG_LEVEL', 20, 0, 100)),
  })
}

function readBodyLimit(env: Environment): number {
  const most = Number.MAX_SAFE_INTEGER
  const bytes = integer(env, 'MAX_CONTENT_LENGTH', 0, 1, most)
  // Batch Transform sets it, and means "no limit" by 0.
  const megabytes = integer(env, 'SAGEMAKER_MAX_PAYLOAD_IN_MB', DEFAULT_BODY_LIMIT / MEBIBYTE, 0, most)
  return Math.min(bytes || megabytes * MEBIBYTE || most, MOST_BODY_LIMIT)
}

function readOutput({ SAGEMAKER_INFERENCE_OUTPUT: seen }: Environment): readonly OutputKey[] | undefined {
  if (!seen) return undefined
  const keys = seen.split(',').map((key) => key.trim())
  if (keys.every(isOutputKey) && new Set(keys).size === keys.length) return keys
  const wanted = `a list of ${OUTPUT_KEYS.join(', ')}, each once at most`
  throw new RankerError('BAD_SETTING', { name: 'SAGEMAKER_INFERENCE_OUTPUT', seen, wanted })
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
