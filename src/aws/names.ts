import { createHash } from 'node:crypto'

/** The tag that says who made a resource: without it, nothing is changed or deleted unless that is forced. */
export const MANAGED = { Key: 'managed-by', Value: 'two-stage-ranking' } as const
/** On models and endpoint configurations: the endpoint that they were made for. */
export const ENDPOINT_TAG = 'ranker-endpoint'
/** On an endpoint: the configuration that it had before the last change, for `rollback`. */
export const PREVIOUS_TAG = 'ranker-previous'
/** On an endpoint: the configuration with which it answered the smoke query. */
export const PROVEN_TAG = 'ranker-proven'

export interface Tag {
  readonly Key: string
  readonly Value: string
}

/** The tags of whatever is made: ours, and those of the configuration. */
export const tagsOf = (tags: Readonly<Record<string, string>>, ...more: readonly Tag[]): Tag[] => [
  MANAGED,
  ...more,
  ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
]

export const isOurs = (
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): boolean => tags?.some(({ Key, Value }) => Key === MANAGED.Key && Value === MANAGED.Value) ?? false

/** SageMaker's limit of the names of models, endpoints, configurations and jobs. */
const LONGEST_NAME = 63
const HASH_LENGTH = 10

/**
 * A name that follows from the content: the same content gets the same name, so that a second run finds what the
 * first one made, and changed content never meets a name that is taken.
 */
export function nameByContent(prefix: string, content: unknown): string {
  return `${startByContent(prefix)}${hashOf(content, HASH_LENGTH)}`
}

/** What the names of {@link nameByContent} start with. */
export const startByContent = (prefix: string): string =>
  `${cutName(prefix, LONGEST_NAME - HASH_LENGTH - 1)}-`

/** Whether it is a name that {@link nameByContent} gives. */
export const isNamedByContent = (prefix: string, name: string): boolean =>
  name.startsWith(startByContent(prefix)) && /^[0-9a-f]{10}$/.test(name.slice(startByContent(prefix).length))

const JOB_HASH_LENGTH = 6
const TIME_LENGTH = 15

/** What the names of jobs that do the same start with: `prefix-1f3a9c-`. */
export function startOfJobs(prefix: string, content: unknown, longest = LONGEST_NAME): string {
  const length = longest - JOB_HASH_LENGTH - TIME_LENGTH - 2
  return `${cutName(prefix, length)}-${hashOf(content, JOB_HASH_LENGTH)}-`
}

/** A time as names of jobs end in it: `20260131-142501`. */
export const timeInName = (time: Date): string =>
  time.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, TIME_LENGTH)

export const cutName = (name: string, length: number): string => name.slice(0, length).replace(/-+$/, '')

const hashOf = (content: unknown, length: number): string =>
  createHash('sha256').update(canonical(content)).digest('hex').slice(0, length)

/** JSON with sorted keys and without undefined members. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}

/** `aws`, or the name of the partition that the region is in. */
export const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'

export const domainOf = (region: string): string =>
  region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
