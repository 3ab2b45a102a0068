import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { RankerError } from '../../errors.ts'
import { readable, readChunks } from '../../storage/files.ts'
import { isS3Address } from '../../storage/s3-address.ts'
import { uploadStep } from '../model-source.ts'
import type { UploadStep } from '../plan.ts'
import { addressIn, type Scope } from '../scope.ts'

/** Data as a job takes it: an address in S3, and what is uploaded there first. */
export interface DataSource {
  readonly address: string
  readonly uploads: readonly UploadStep[]
}

/**
 * Data in S3 as it is; a local file or folder below an address that follows from its content, so that nothing is uploaded
 * twice. @throws {RankerError} INPUT_UNREADABLE, NOT_A_FILE, CHANNEL_EMPTY
 */
export function dataSource(scope: Scope, channel: string, place: string, cwd: string): DataSource {
  if (isS3Address(place)) return { address: place, uploads: [] }
  const path = resolve(cwd, place)
  const kind = readable(path, () => statSync(path))
  const isFolder = kind.isDirectory()
  // A FIFO or a device has no end that could be hashed.
  if (!isFolder && !kind.isFile()) throw new RankerError('NOT_A_FILE', { path, seen: 'a FIFO or a device' })
  const files = isFolder ? filesBelow(path) : [path]
  if (files.length === 0) throw new RankerError('CHANNEL_EMPTY', { channel, path })
  const names = files.map((file) => (isFolder ? relative(path, file) : basename(file)))
  const hash = createHash('sha256')
  for (const [at, file] of files.entries()) {
    hash.update(`${names[at]}\0${statSync(file).size}\0`)
    for (const chunk of readChunks(file)) hash.update(chunk)
  }
  const folder = addressIn(scope, 'data', hash.digest('hex').slice(0, 16))
  const uploads = files.map((from, at) => uploadStep(scope, from, `${folder}/${names[at]}`, from))
  return { address: isFolder ? `${folder}/` : `${folder}/${names[0]}`, uploads }
}

/** As training reads a folder: what starts with a dot or an underscore is no data. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/(^|\/)[._]/.test(relative(folder, path)))
    .sort()
}
