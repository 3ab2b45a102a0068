import type { Tools } from '../apply.ts'
import { found } from '../failures.ts'
import { type ExistingRole, lookForRole } from '../role.ts'
import { resourceIdOf } from './autoscaling.ts'
import { A } from './settings.ts'
import { type EndpointState, settledEndpoint } from './state.ts'
import type { Wanted } from './wanted.ts'

/** What of it is there. */
export interface Existing {
  readonly role: ExistingRole | undefined
  /** Names of models and configurations, addresses of archives. */
  readonly names: ReadonlySet<string>
  readonly endpoint: EndpointState | undefined
  readonly alarms: readonly object[]
  readonly targets: readonly object[]
  readonly policies: readonly object[]
  readonly actions: readonly object[]
  readonly dashboard: string | undefined
}

/** An account in which nothing is made yet: what a dry run, which does not look, goes by. */
export const NOTHING: Existing = {
  role: undefined,
  names: new Set(),
  endpoint: undefined,
  alarms: [],
  targets: [],
  policies: [],
  actions: [],
  dashboard: undefined,
}

/** Looks for each part, and waits where AWS is at work on the endpoint. */
export async function lookForEndpoint(wanted: Wanted, tools: Tools): Promise<Existing> {
  const { api, s3 } = tools
  const names = new Set<string>()
  for (const { to, what } of wanted.uploads) if ((await s3.find(to)).length > 0) names.add(what)
  for (const { ModelName } of wanted.models)
    if (await found(api.call('sagemaker:DescribeModel', { ModelName }))) names.add(ModelName!)
  const { EndpointConfigName } = wanted.endpointConfig
  if (await found(api.call('sagemaker:DescribeEndpointConfig', { EndpointConfigName })))
    names.add(EndpointConfigName!)
  return {
    role: await lookForRole(wanted.scope, api),
    names,
    endpoint: await settledEndpoint(api, wanted.name, tools),
    ...(await lookForExtras(wanted.name, tools)),
  }
}

/** Alarms, autoscaling and dashboard of an endpoint. */
export async function lookForExtras(
  name: string,
  { api }: Tools,
): Promise<Pick<Existing, 'alarms' | 'targets' | 'policies' | 'actions' | 'dashboard'>> {
  const { MetricAlarms = [] } = await api.call('cloudwatch:DescribeAlarms', { AlarmNamePrefix: `${name}-A-` })
  const { MetricAlarms: ofB = [] } = await api.call('cloudwatch:DescribeAlarms', {
    AlarmNamePrefix: `${name}-B-`,
  })
  const at = { ServiceNamespace: 'sagemaker', ResourceId: resourceIdOf(name, A!) } as const
  const { ScalableTargets = [] } = await api.call('application-autoscaling:DescribeScalableTargets', {
    ServiceNamespace: 'sagemaker',
    ResourceIds: [at.ResourceId],
  })
  const { ScalingPolicies = [] } = await api.call('application-autoscaling:DescribeScalingPolicies', at)
  const { ScheduledActions = [] } = await api.call('application-autoscaling:DescribeScheduledActions', at)
  const dashboard = await found(api.call('cloudwatch:GetDashboard', { DashboardName: name }))
  return {
    alarms: [...MetricAlarms, ...ofB],
    targets: ScalableTargets,
    policies: ScalingPolicies,
    actions: ScheduledActions,
    dashboard: dashboard?.DashboardBody,
  }
}
