import { existsSync } from 'node:fs'
import * as z from 'zod'
import { readJson } from './job.ts'

/** Where the platform keeps checkpoints unless a job says otherwise. */
const DEFAULT_FOLDER = '/opt/ml/checkpoints'

const checkpointConfigFile = z.looseObject({ LocalPath: z.string().min(1).default(DEFAULT_FOLDER) })

/**
 * The folder that the platform keeps in step with S3, as checkpointconfig.json writes it; undefined where there is no
 * such file: then nobody asked for checkpoints. @throws {RankerError} CONFIG_UNREADABLE.
 */
export function readCheckpointFolder(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  return readJson(path, checkpointConfigFile, 'a JSON object such as {"LocalPath":"/opt/ml/checkpoints"}')
    .LocalPath
}
