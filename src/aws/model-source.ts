import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RankerError } from '../errors.ts'
import { writeWhole } from '../storage/files.ts'
import type { S3 } from '../storage/s3.ts'
import { isS3Address, parseS3Address, type S3Address } from '../storage/s3-address.ts'
import { readTarGz } from '../storage/tar.ts'
import { packModel, readArchive } from './package.ts'
import type { UploadStep } from './plan.ts'
import { addressIn, type Scope } from './scope.ts'

/** A model as an endpoint takes it: an address in S3, and what is uploaded there first. */
export interface ModelSource {
  readonly address: string
  readonly upload?: UploadStep
}

/**
 * A model in S3 as it is; a local artefact packed, under a name that follows from its content, so that nothing is
 * uploaded twice.
 * @param folder for the packed archive
 */
export async function modelSource(
  scope: Scope,
  place: string,
  { cwd, folder }: { readonly cwd: string; readonly folder: string },
): Promise<ModelSource> {
  if (isS3Address(place)) return { address: place }
  const path = resolve(cwd, place)
  const isPacked = path.endsWith('.tar.gz')
  if (isPacked && !existsSync(path))
    throw new RankerError('MODEL_MISSING', { wanted: `a model at ${path}, or s3://bucket/key` })
  const archive = isPacked ? readArchive(path) : await packModel(path)
  const address = addressIn(scope, 'models', archive.sha256.slice(0, 16), 'model.tar.gz')
  const from = isPacked ? path : join(folder, `${archive.sha256.slice(0, 16)}.tar.gz`)
  if (!isPacked) writeWhole(from, archive.bytes)
  return {
    address,
    upload: uploadStep(scope, from, address, place),
  }
}

/** @param named what the user named, of which `from` may be a packed copy */
export const uploadStep = ({ kmsKey }: Scope, from: string, address: string, named: string): UploadStep => ({
  kind: 'upload',
  mark: '+',
  what: address,
  from,
  named,
  to: parseS3Address(address),
  ...(kmsKey !== undefined && { kmsKey }),
})

/** Whether there is an object of exactly that key. @throws {RankerError} S3_FAILED */
export const isThere = async (s3: S3, address: S3Address): Promise<boolean> =>
  (await s3.find(address)).some(({ key }) => key === address.key)

/** The files of a model's archive, wherever it is. @throws {RankerError} S3_FAILED, INPUT_UNREADABLE */
export async function filesOfModel(
  { address, upload }: ModelSource,
  s3: S3,
  folder: string,
): Promise<ReadonlyMap<string, Buffer>> {
  if (upload) return readTarGz(upload.from)
  const [object] = await s3.find(parseS3Address(address))
  if (!object) throw new RankerError('S3_FAILED', { address, reason: 'there is no such object' })
  const chunks: Uint8Array[] = []
  for await (const chunk of s3.read(object)) chunks.push(chunk)
  const path = join(folder, 'model.tar.gz')
  writeWhole(path, Buffer.concat(chunks))
  return readTarGz(path)
}
