import { RankerError } from '../../errors.ts'
import type { Api, Calls } from '../api.ts'
import { found } from '../failures.ts'
import { isOurs, PREVIOUS_TAG, PROVEN_TAG } from '../names.ts'
import { type Waiting, waitFor } from '../wait.ts'

type EndpointDescription = Calls['sagemaker:DescribeEndpoint'][1]

/** An endpoint as it is. */
export interface EndpointState {
  readonly name: string
  readonly arn: string
  readonly status: string
  /** The configuration that it has. */
  readonly config: string
  /** The one before, if one of our changes noted it. */
  readonly previous: string | undefined
  /** The last one with which it answered the smoke query. */
  readonly proven: string | undefined
  readonly ours: boolean
  readonly description: EndpointDescription
}

/** @returns undefined where there is no endpoint of that name. */
export async function describeEndpoint(api: Api, name: string): Promise<EndpointState | undefined> {
  const description = await found(api.call('sagemaker:DescribeEndpoint', { EndpointName: name }))
  if (!description) return undefined
  const { Tags = [] } = await api.call('sagemaker:ListTags', { ResourceArn: description.EndpointArn })
  return {
    name,
    arn: description.EndpointArn!,
    status: description.EndpointStatus!,
    config: description.EndpointConfigName!,
    previous: Tags.find(({ Key }) => Key === PREVIOUS_TAG)?.Value,
    proven: Tags.find(({ Key }) => Key === PROVEN_TAG)?.Value,
    ours: isOurs(Tags),
    description,
  }
}

/** @throws {RankerError} ENDPOINT_ABSENT */
export async function existingEndpoint(api: Api, name: string): Promise<EndpointState> {
  const state = await describeEndpoint(api, name)
  if (!state) throw new RankerError('ENDPOINT_ABSENT', { name, region: api.region })
  return state
}

const MOVING = ['Creating', 'Updating', 'SystemUpdating', 'RollingBack', 'Deleting']

/** Waits while AWS works on the endpoint. @returns its state then, undefined where it is gone. */
export async function settledEndpoint(
  api: Api,
  name: string,
  waiting: Waiting,
): Promise<EndpointState | undefined> {
  const state = await describeEndpoint(api, name)
  if (!state || !MOVING.includes(state.status)) return state
  await waitFor(`endpoint ${name}`, waiting, async () => {
    const now = await found(api.call('sagemaker:DescribeEndpoint', { EndpointName: name }))
    const status = now?.EndpointStatus ?? 'gone'
    return { line: status, done: MOVING.includes(status) ? undefined : true }
  })
  return describeEndpoint(api, name)
}

/**
 * Waits until the endpoint is in service with a configuration, or gone.
 * @throws {RankerError} ENDPOINT_FAILED where AWS gave up, with its reason, WAIT_STOPPED
 */
export async function waitForEndpoint(
  name: string,
  until: { readonly config: string } | 'gone',
  tools: Waiting & { readonly api: Api },
): Promise<void> {
  await waitFor(`endpoint ${name}`, tools, async () => {
    const now = await found(tools.api.call('sagemaker:DescribeEndpoint', { EndpointName: name }))
    if (!now) {
      if (until === 'gone') return { line: 'gone', done: true }
      throw new RankerError('ENDPOINT_ABSENT', { name, region: tools.api.region })
    }
    const status = now.EndpointStatus!
    if (until === 'gone' || MOVING.includes(status)) return { line: progressOf(now) }
    const reason = now.FailureReason ?? 'AWS says no more'
    if (status !== 'InService') throw new RankerError('ENDPOINT_FAILED', { name, status, reason })
    if (now.EndpointConfigName !== until.config)
      throw new RankerError('ENDPOINT_FAILED', { name, status: 'rolled back by AWS', reason })
    return { line: status, done: true }
  })
}

/** The status, and how far a deployment has come. */
function progressOf({ EndpointStatus, PendingDeploymentSummary }: EndpointDescription): string {
  const stages = PendingDeploymentSummary?.ProductionVariants?.flatMap(
    ({ VariantName, VariantStatus = [] }) =>
      VariantStatus.map(({ Status, StatusMessage }) => `${VariantName} ${StatusMessage ?? Status}`),
  )
  return [EndpointStatus, ...(stages ?? [])].join(', ')
}
