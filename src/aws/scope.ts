import { RankerError } from '../errors.ts'
import type { Api } from './api.ts'
import { isFailure } from './failures.ts'
import { cutName, domainOf, partitionOf, type Tag, tagsOf } from './names.ts'
import type { Config } from './schema.ts'

/** Stands for the account in requests that are shown without asking AWS for it. */
export const UNKNOWN_ACCOUNT = '000000000000'

const ROLE_END = '-sagemaker'
/** IAM's limit of the name of a role. */
const LONGEST_ROLE = 64

/** Where everything is made, and what all of it has in common. */
export interface Scope {
  readonly name: string
  readonly region: string
  readonly account: string
  readonly partition: string
  readonly bucket: string | undefined
  readonly prefix: string
  readonly repository: string
  readonly image: string
  readonly role: {
    readonly name: string
    readonly arn: string /** It is ours to make. */
    readonly made: boolean
  }
  readonly tags: Readonly<Record<string, string>>
  readonly kmsKey: string | undefined
  readonly vpc: { readonly Subnets: string[]; readonly SecurityGroupIds: string[] } | undefined
  readonly networkIsolation: boolean | undefined
}

/**
 * @param api absent for a dry run, where the account is the one that the settings name, else {@link UNKNOWN_ACCOUNT}
 * @throws {RankerError} BAD_CONFIG for half a VPC, AWS_FAILED
 */
export async function openScope(config: Config, region: string, api: Api | undefined): Promise<Scope> {
  const partition = partitionOf(region)
  const account = config.account ?? (api ? await askAccount(api) : (accountIn(config) ?? UNKNOWN_ACCOUNT))
  const name = config.name ?? 'ranker'
  const repository = config.repository ?? name.toLowerCase()
  const role = config.role ?? `${cutName(name, LONGEST_ROLE - ROLE_END.length)}${ROLE_END}`
  const arn = role.startsWith('arn:') ? role : `arn:${partition}:iam::${account}:role/${role}`
  if ((config.subnets === undefined) !== (config.securityGroups === undefined))
    throw new RankerError('BAD_CONFIG', {
      where: 'subnets and securityGroups',
      reason: 'wanted both of them, or neither',
    })
  return {
    name,
    region,
    account,
    partition,
    bucket: config.bucket,
    prefix: (config.prefix ?? name).replace(/^\/+|\/+$/g, ''),
    repository,
    image: config.image ?? `${registryOf(account, region)}/${repository}:${config.tag ?? 'latest'}`,
    role: { name: arn.slice(arn.lastIndexOf('/') + 1), arn, made: config.role === undefined },
    tags: config.tags ?? {},
    kmsKey: config.kmsKey,
    vpc: config.subnets && { Subnets: config.subnets, SecurityGroupIds: config.securityGroups! },
    networkIsolation: config.networkIsolation,
  }
}

export const registryOf = (account: string, region: string): string =>
  `${account}.dkr.ecr.${region}.${domainOf(region)}`

/** A setting that the command requires. @throws {RankerError} BAD_CONFIG. */
export function needed<T>(value: T | undefined, where: string, wanted: string): T {
  if (value === undefined)
    throw new RankerError('BAD_CONFIG', { where, reason: `it is not set: wanted ${wanted}` })
  return value
}

/** An address below the prefix in the bucket. @throws {RankerError} BAD_CONFIG without a bucket. */
export function addressIn({ bucket, prefix }: Scope, ...path: string[]): string {
  const known = needed(bucket, 'bucket', 'the name of an S3 bucket (--bucket)')
  return `s3://${[known, prefix, ...path].filter((part) => part !== '').join('/')}`
}

export const scopeTags = ({ tags }: Scope, ...more: readonly Tag[]): Tag[] => tagsOf(tags, ...more)

async function askAccount(api: Api): Promise<string> {
  const { Account } = await api.call('sts:GetCallerIdentity', {})
  return Account!
}

function accountIn({ role, image }: Config): string | undefined {
  return /^arn:[^:]+:iam::(\d{12}):/.exec(role ?? '')?.[1] ?? /^(\d{12})\.dkr\.ecr\./.exec(image ?? '')?.[1]
}

/**
 * The scope with its image named by digest instead of by tag: a deployment stays the same when the tag moves, and a
 * new image under the same tag counts as a change. Images in other registries keep their names.
 * @throws {RankerError} IMAGE_MISSING
 */
export async function pinImage(scope: Scope, api: Api): Promise<Scope> {
  const { image } = scope
  const registry = `${registryOf(scope.account, scope.region)}/`
  const [, repositoryName, imageTag] = /^([^:@]+):([^:@]+)$/.exec(image.slice(registry.length)) ?? []
  if (!image.startsWith(registry) || repositoryName === undefined) return scope
  try {
    const { imageDetails = [] } = await api.call('ecr:DescribeImages', {
      repositoryName,
      imageIds: [{ imageTag: imageTag! }],
    })
    const digest = imageDetails[0]?.imageDigest
    return digest === undefined ? scope : { ...scope, image: `${registry}${repositoryName}@${digest}` }
  } catch (thrown) {
    if (isFailure(thrown, 'denied')) return scope
    if (isFailure(thrown, 'absent')) throw new RankerError('IMAGE_MISSING', { image }, { cause: thrown })
    throw thrown
  }
}
