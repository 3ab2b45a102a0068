import { RankerError, reasonOf } from '../errors.ts'
import { formatS3Address, type S3Address } from './s3-address.ts'

/** The parts of an SDK error that are looked at. */
interface SdkError {
  readonly name?: string
  /** Of a connection that failed, such as ECONNREFUSED. */
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

export const statusOf = (cause: unknown): number | undefined => (cause as SdkError).$metadata?.httpStatusCode

/** Whether another try may succeed: no answer, a broken one, or one that asks for it. */
export function isTransient(cause: unknown): boolean {
  if (cause instanceof RankerError) return false
  const status = statusOf(cause)
  return status === undefined
    ? !/Credentials|Region is missing/i.test(`${(cause as SdkError).name} ${reasonOf(cause)}`)
    : status === 429 || status >= 500 || (status >= 200 && status < 300)
}

/** The error as a sentence that says what is wrong in the user's words. */
export function s3Error(address: S3Address, cause: unknown): RankerError {
  if (cause instanceof RankerError) return cause
  return new RankerError(
    'S3_FAILED',
    { address: formatS3Address(address), reason: explain(address, cause) },
    { cause },
  )
}

function explain({ bucket }: S3Address, cause: unknown): string {
  const { name = '', code = '' } = cause as SdkError
  const status = statusOf(cause)
  if (name === 'NoSuchBucket')
    return `there is no bucket ${JSON.stringify(bucket)} (aws s3 mb s3://${bucket} makes it)`
  if (name === 'NoSuchKey' || name === 'NotFound') return 'there is no such object'
  if (name === 'PreconditionFailed' || status === 412) return 'the object was changed while it was read'
  if (/^Expired/.test(name)) return `the AWS credentials have expired (renew them, such as by aws sso login)`
  if (name === 'InvalidAccessKeyId' || name === 'SignatureDoesNotMatch') {
    return `the credentials were refused (${name})`
  }
  if (/Credentials/.test(name)) {
    return 'there are no AWS credentials: wanted AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role'
  }
  if (status === 403) return 'access is denied: the credentials have no right to it'
  if (status === 301 || name === 'PermanentRedirect')
    return 'the bucket is in another region: set AWS_REGION to it'
  if (/Region is missing/.test(reasonOf(cause))) return 'no region is set: wanted AWS_REGION'
  if (code !== '' || status === undefined)
    return `S3 cannot be reached: ${reasonOf(cause)}${code && ` (${code})`}`
  return `S3 answered ${status} ${name}: ${reasonOf(cause)}`
}
