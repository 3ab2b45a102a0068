import { RankerError, reasonOf } from '../errors.ts'

/** The parts of an SDK error that are looked at. */
interface SdkError {
  readonly name?: string
  /** Of a connection that failed, such as ENOTFOUND. */
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** Kinds of failure that some callers handle. */
export type FailureKind = 'absent' | 'exists' | 'role' | 'denied' | 'other'

/** Members of a request that name its resource, the first present one counts. */
const NAMES = [
  'EndpointName',
  'EndpointConfigName',
  'ModelName',
  'TrainingJobName',
  'HyperParameterTuningJobName',
  'TransformJobName',
  'RoleName',
  'repositoryName',
  'repositoryNames',
  'ResourceId',
  'AlarmName',
  'AlarmNames',
  'DashboardName',
  'logGroupName',
  'ResourceArn',
]

/** The error of a call in one sentence: what was asked, of what, why it failed, and the way out where one is known. */
export function awsFailure(call: string, request: object, region: string, cause: unknown): RankerError {
  const about = NAMES.map((name) => (request as Record<string, unknown>)[name]).find(
    (seen) => seen !== undefined,
  )
  const { kind, reason, fix } = explain(call, region, cause)
  const resource = about === undefined ? undefined : [about].flat().join(', ')
  return new RankerError('AWS_FAILED', { call, resource, reason, fix, kind }, { cause })
}

/** Whether a thrown error is AWS's of a certain kind. */
export const isFailure = (thrown: unknown, kind: FailureKind): boolean =>
  thrown instanceof RankerError &&
  thrown.code === 'AWS_FAILED' &&
  (thrown as RankerError<'AWS_FAILED'>).values.kind === kind

/** The answer, or undefined if AWS says that the resource does not exist. */
export async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (thrown) {
    if (isFailure(thrown, 'absent')) return undefined
    throw thrown
  }
}

interface Explanation {
  readonly kind: FailureKind
  readonly reason: string
  readonly fix?: string | undefined
}

function explain(call: string, region: string, cause: unknown): Explanation {
  const { name = '', code = '', $metadata } = cause as SdkError
  const status = $metadata?.httpStatusCode
  const text = reasonOf(cause)
  const other = (reason: string, fix?: string): Explanation => ({ kind: 'other', reason, fix })

  if (
    /^CredentialsProviderError$|^TokenProviderError$/.test(name) ||
    /Could not load credentials/i.test(text)
  ) {
    return other(
      'there are no AWS credentials',
      'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role gives them',
    )
  }
  if (
    /^ExpiredToken|^RequestExpired$|TokenRefreshRequired/.test(name) ||
    /token.{0,40} expired/i.test(text)
  ) {
    return other('the AWS credentials have expired', 'renew them, such as by aws sso login')
  }
  if (
    /^(UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|InvalidAccessKeyId)$/.test(
      name,
    )
  ) {
    return other(
      `the AWS credentials were refused (${name})`,
      'check AWS_PROFILE or the keys, and the clock of this machine',
    )
  }
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code)) {
    return other(
      `its host name in the region ${region} is not known (${code})`,
      'check the region (--region, AWS_REGION) and the network',
    )
  }
  if (code !== '' && status === undefined) return other(`AWS cannot be reached: ${text} (${code})`)
  if (/^AccessDenied|^NotAuthorized|^UnauthorizedOperation$/.test(name) || status === 403) {
    return {
      kind: 'denied',
      reason: text,
      fix: `the credentials need the right to ${call.replace('-runtime:', ':')}: infrastructure/iam/deployer.json has all that are used`,
    }
  }
  if (/^ResourceLimitExceeded$|^LimitExceeded|ServiceQuotaExceeded/.test(name)) {
    return other(
      text,
      'ask for more under Service Quotas, or choose another instance type or fewer instances',
    )
  }
  if (/Throttl|^TooManyRequests|^SlowDown/.test(name)) {
    return other(
      'AWS answers that there are too many calls, also after several tries',
      'wait a minute and run it again',
    )
  }
  if (
    /^(NoSuchEntity|ResourceNotFound|RepositoryNotFound|ImageNotFound|ObjectNotFound)/.test(name) ||
    isAbsentText(text)
  ) {
    return { kind: 'absent', reason: text }
  }
  if (
    /^(EntityAlreadyExists|RepositoryAlreadyExists|ResourceInUse)/.test(name) ||
    /already exist/i.test(text)
  ) {
    return { kind: 'exists', reason: text }
  }
  if (
    /could not assume role|cannot be assumed|role.{0,80}(does not exist|is invalid|not.{0,20}trust)|ensure that the role/i.test(
      text,
    )
  ) {
    return {
      kind: 'role',
      reason: text,
      fix: 'the role has to exist and to trust sagemaker.amazonaws.com: leave role out to have one made',
    }
  }
  if (/Unexpected token/.test(text)) return other('the answer is no JSON: the endpoint is not that of AWS')
  return other(name !== '' && name !== 'Error' ? `${text} (${name})` : text)
}

const isAbsentText = (text: string): boolean =>
  /^(could not find|requested resource not found|no scal(able|ing) (target|policy)|no scheduled action)/i.test(
    text,
  ) || /(training|transform|tuning).{0,40}(not found|does not exist)/i.test(text)
