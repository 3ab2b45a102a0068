import type { ScalableTarget, ScalingPolicy, ScheduledAction } from '@aws-sdk/client-application-auto-scaling'
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch'
import type { S3 } from '../../storage/s3.ts'
import { type Api, pages } from '../api.ts'
import { found } from '../failures.ts'
import { isThere } from '../model-source.ts'
import { isOurs } from '../names.ts'
import { type ExistingRole, lookForRole } from '../role.ts'
import type { Waiting } from '../wait.ts'
import { possibleAlarms } from './alarms.ts'
import { resourceIdOf } from './autoscaling.ts'
import { isOurDashboard } from './dashboard.ts'
import { A } from './settings.ts'
import { type EndpointState, settledEndpoint } from './state.ts'
import type { Wanted } from './wanted.ts'

/** Which parts of a wanted endpoint exist already. */
export interface Existing extends Extras {
  readonly role: ExistingRole | undefined
  /** Names of models and configurations, addresses of archives. */
  readonly names: ReadonlySet<string>
  readonly endpoint: EndpointState | undefined
}

/** The alarms, autoscaling and dashboard around an endpoint. */
export interface Extras {
  readonly alarms: readonly MetricAlarm[]
  readonly targets: readonly ScalableTarget[]
  readonly policies: readonly ScalingPolicy[]
  readonly actions: readonly ScheduledAction[]
  readonly dashboard: string | undefined
  /** Those that somebody else made, such as `alarm ranker-A-errors`. */
  readonly foreign: readonly string[]
}

/** An empty account: what a dry run, which calls nothing, plans from. */
export const NOTHING: Existing = {
  role: undefined,
  names: new Set(),
  endpoint: undefined,
  alarms: [],
  targets: [],
  policies: [],
  actions: [],
  dashboard: undefined,
  foreign: [],
}

/** Looks up each part, and waits while AWS is still changing the endpoint. */
export async function lookForEndpoint(
  wanted: Wanted,
  tools: Waiting & { readonly api: Api; readonly s3: S3 },
): Promise<Existing> {
  const { api, s3 } = tools
  const names = new Set<string>()
  for (const { to, what } of wanted.uploads) if (await isThere(s3, to)) names.add(what)
  for (const { ModelName } of wanted.models)
    if (await found(api.call('sagemaker:DescribeModel', { ModelName }))) names.add(ModelName!)
  const { EndpointConfigName } = wanted.endpointConfig
  if (await found(api.call('sagemaker:DescribeEndpointConfig', { EndpointConfigName })))
    names.add(EndpointConfigName!)
  return {
    role: await lookForRole(wanted.scope, api),
    names,
    endpoint: await settledEndpoint(api, wanted.name, tools),
    ...(await lookForExtras(wanted.name, api)),
  }
}

/** Alarms, autoscaling and dashboard of an endpoint. */
export async function lookForExtras(name: string, api: Api): Promise<Extras> {
  const { MetricAlarms: alarms = [] } = await api.call('cloudwatch:DescribeAlarms', {
    AlarmNames: possibleAlarms(name),
  })
  const foreign: string[] = []
  for (const { AlarmName, AlarmArn: ResourceARN } of alarms) {
    const { Tags } = await api.call('cloudwatch:ListTagsForResource', { ResourceARN })
    if (!isOurs(Tags)) foreign.push(`alarm ${AlarmName}`)
  }
  const at = { ServiceNamespace: 'sagemaker', ResourceId: resourceIdOf(name, A!) } as const
  const { ScalableTargets: targets = [] } = await api.call(
    'application-autoscaling:DescribeScalableTargets',
    {
      ServiceNamespace: 'sagemaker',
      ResourceIds: [at.ResourceId],
    },
  )
  const { ScalingPolicies: policies = [] } = await api.call(
    'application-autoscaling:DescribeScalingPolicies',
    at,
  )
  const actions: ScheduledAction[] = []
  for await (const page of pages(api, 'application-autoscaling:DescribeScheduledActions', at))
    actions.push(...(page.ScheduledActions ?? []))
  const dashboard = (await found(api.call('cloudwatch:GetDashboard', { DashboardName: name })))?.DashboardBody
  if (dashboard !== undefined && !isOurDashboard(dashboard)) foreign.push(`dashboard ${name}`)
  return { alarms, targets, policies, actions, dashboard, foreign }
}
