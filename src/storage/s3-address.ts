import { RankerError } from '../errors.ts'

/** A place in S3: an object, or the common prefix of several keys. */
export interface S3Address {
  readonly bucket: string
  /** Empty for the whole bucket. */
  readonly key: string
}

export const isS3Address = (text: string): boolean => /^s3:\/\//i.test(text)

/** @throws {RankerError} S3_ADDRESS. */
export function parseS3Address(text: string): S3Address {
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/is.exec(text) ?? []
  if (bucket === undefined) throw new RankerError('S3_ADDRESS', { seen: text })
  return { bucket, key }
}

export const formatS3Address = ({ bucket, key }: S3Address): string => `s3://${bucket}/${key}`
