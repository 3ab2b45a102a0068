import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { readable } from './files.ts'
import type { S3Address } from './s3-address.ts'
import { isTransient, s3Error, statusOf } from './s3-errors.ts'

/** Settings besides the SDK's own, which come from the environment, the profile or the machine's role. */
export interface S3Settings {
  readonly region?: string
  /** Whether the bucket is part of the path, as servers other than AWS's want it. */
  readonly pathStyle: boolean
}

/**
 * AWS_DEFAULT_REGION counts too, as in AWS's other tools; a custom endpoint needs no region and gets buckets in
 * paths.
 */
export function s3Settings(env: Readonly<Record<string, string | undefined>>): S3Settings {
  const pathStyle = Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL)
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || (pathStyle ? 'us-east-1' : undefined)
  return { pathStyle, ...(region !== undefined && { region }) }
}

/** What a write request says about encryption with a KMS key; without a key, the choice is S3's. */
export const encryptionOf = (kmsKey: string | undefined) =>
  kmsKey === undefined ? {} : ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey } as const)

/** An object as it was when it was listed. */
export interface S3Object extends S3Address {
  readonly size: number
  readonly etag: string
}

type Sdk = typeof import('@aws-sdk/client-s3')

/** Retries in a row that give not one byte before a broken download is given up. */
const RETRIES = 5
const FIRST_WAIT_MS = 100

/** S3 through the AWS SDK, which is loaded only when somebody opens one. `close()` ends its connections. */
export class S3 {
  readonly #sdk: Sdk
  readonly #client: S3Client

  private constructor(sdk: Sdk, client: S3Client) {
    this.#sdk = sdk
    this.#client = client
  }

  static async open({ region, pathStyle }: S3Settings): Promise<S3> {
    const sdk = await import('@aws-sdk/client-s3')
    const client = new sdk.S3Client({
      ...(region !== undefined && { region }),
      forcePathStyle: pathStyle,
      followRegionRedirects: true,
      // Without these, a server that never answers would be waited for for ever.
      requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    })
    return new S3(sdk, client)
  }

  /**
   * The objects at an address, in the order of their keys: the object of exactly that key; else what lies in the folder
   * of that name; else every key that starts so, as SageMaker's S3Prefix has it. Names that start with `.` or `_`, at
   * any depth below the address, are no data.
   * @throws {RankerError} S3_FAILED; the list is empty when there is nothing.
   */
  async find(address: S3Address): Promise<S3Object[]> {
    const { key } = address
    if (key !== '' && !key.endsWith('/')) {
      const object = await this.#head(address)
      if (object) return [object]
      const inFolder = await this.#list(address, `${key}/`)
      if (inFolder.length > 0) return inFolder
    }
    return this.#list(address, key)
  }

  /**
   * The bytes of an object. A connection that is lost is made again, from the byte where it broke and only while the
   * object is the same.
   * @throws {RankerError} S3_FAILED.
   */
  async *read(object: S3Object): AsyncGenerator<Uint8Array> {
    const { bucket: Bucket, key: Key, etag: IfMatch, size } = object
    let at = 0
    for (let failures = 0; ; ) {
      try {
        const Range = at > 0 ? `bytes=${at}-` : undefined
        const { Body } = await this.#client.send(
          new this.#sdk.GetObjectCommand({ Bucket, Key, IfMatch, Range }),
        )
        for await (const chunk of Body as AsyncIterable<Uint8Array>) {
          at += chunk.length
          failures = 0
          yield chunk
        }
        if (at >= size) return
        throw new Error(`the connection ended after ${at} of ${size} bytes`)
      } catch (cause) {
        if (!isTransient(cause) || failures === RETRIES) throw s3Error(object, cause)
        await sleep(FIRST_WAIT_MS * 2 ** failures++)
      }
    }
  }

  /** @throws {RankerError} S3_FAILED when the bucket is not there; without the right to ask, it may be. */
  async checkBucket(address: S3Address): Promise<void> {
    try {
      await this.#client.send(new this.#sdk.HeadBucketCommand({ Bucket: address.bucket }))
    } catch (cause) {
      if (statusOf(cause) === 403) return
      throw s3Error(
        address,
        statusOf(cause) === 404 ? Object.assign(new Error(), { name: 'NoSuchBucket' }) : cause,
      )
    }
  }

  /**
   * Writes a file as an object, encrypted with a KMS key if one is named. @throws {RankerError} S3_FAILED,
   * INPUT_UNREADABLE.
   */
  async put(path: string, address: S3Address, kmsKey?: string): Promise<void> {
    const Body = readable(path, () => readFileSync(path))
    try {
      await this.#client.send(
        new this.#sdk.PutObjectCommand({
          Bucket: address.bucket,
          Key: address.key,
          Body,
          ...encryptionOf(kmsKey),
        }),
      )
    } catch (cause) {
      throw s3Error(address, cause)
    }
  }

  close(): void {
    this.#client.destroy()
  }

  async #head(address: S3Address): Promise<S3Object | undefined> {
    try {
      const { ContentLength = 0, ETag = '' } = await this.#client.send(
        new this.#sdk.HeadObjectCommand({ Bucket: address.bucket, Key: address.key }),
      )
      return { ...address, size: ContentLength, etag: ETag }
    } catch (cause) {
      // An answer to HEAD has no body: only listing tells what is behind a 403.
      if (statusOf(cause) === 404 || statusOf(cause) === 403) return undefined
      throw s3Error(address, cause)
    }
  }

  async #list(address: S3Address, prefix: string): Promise<S3Object[]> {
    const { bucket } = address
    const root = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    const objects: S3Object[] = []
    try {
      const pages = this.#sdk.paginateListObjectsV2(
        { client: this.#client },
        { Bucket: bucket, Prefix: prefix },
      )
      for await (const { Contents = [] } of pages) {
        for (const { Key: key = '', Size: size = 0, ETag: etag = '' } of Contents) {
          // An S3 console makes folders as empty objects that end in a slash.
          const isSkipped = key.endsWith('/') || /(^|\/)[._]/.test(key.slice(root.length))
          if (!isSkipped) objects.push({ bucket, key, size, etag })
        }
      }
    } catch (cause) {
      throw s3Error(address, cause)
    }
    return objects
  }
}
