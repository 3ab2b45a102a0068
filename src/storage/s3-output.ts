import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { RankerError, reasonOf } from '../errors.ts'
import { makeTemporaryFolder } from './files.ts'
import { S3, type S3Settings } from './s3.ts'
import { formatS3Address, parseS3Address, type S3Address } from './s3-address.ts'

/**
 * Runs work that writes below a folder, then uploads the folder's files under the same names below an address. The
 * bucket is checked first: hours of work should not end without a place to go.
 * @param work is given the folder, and says whether there is something to upload
 * @param told is given every object that was written
 * @throws {RankerError} S3_FAILED; when uploading failed the folder stays, and the error names it.
 */
export async function withS3Output(
  output: string,
  settings: S3Settings,
  work: (folder: string) => Promise<boolean>,
  told: (address: string) => void,
): Promise<void> {
  const address = parseS3Address(output)
  const s3 = await S3.open(settings)
  try {
    await s3.checkBucket(address)
    const folder = makeTemporaryFolder(tmpdir(), 'ranker-output-')
    if (await work(folder.path)) await upload(s3, folder.path, address, told)
    folder.close()
  } finally {
    s3.close()
  }
}

async function upload(s3: S3, folder: string, to: S3Address, told: (address: string) => void): Promise<void> {
  try {
    for (const name of filesBelow(folder)) {
      const address = { bucket: to.bucket, key: posix.join(to.key, name) }
      await s3.put(join(folder, name), address)
      told(formatS3Address(address))
    }
  } catch (cause) {
    throw new RankerError('UPLOAD_FAILED', { reason: reasonOf(cause), folder }, { cause })
  }
}

/** In the order of their names, which puts a model's manifest after the files it vouches for. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(folder, posix.join(entry.parentPath, entry.name)))
    .sort()
}
