import type {
  CreateEndpointConfigCommandInput,
  CreateModelCommandInput,
  UpdateEndpointCommandInput,
} from '@aws-sdk/client-sagemaker'
import { RankerError } from '../../errors.ts'
import type { Calls } from '../api.ts'
import type { Tools } from '../apply.ts'
import { found } from '../failures.ts'
import type { ModelSource } from '../model-source.ts'
import { join, make, type Plan, step, type UploadStep } from '../plan.ts'
import { type ExistingRole, lookForRole, planRole } from '../role.ts'
import type { Config } from '../schema.ts'
import { type Scope, scopeTags } from '../scope.ts'
import { covers } from '../template.ts'
import { alarmRequests } from './alarms.ts'
import { type Autoscaling, autoscaling, resourceIdOf } from './autoscaling.ts'
import { dashboardRequest } from './dashboard.ts'
import { deploymentConfig } from './deployment.ts'
import { endpointConfigRequest } from './endpoint-config.ts'
import { modelRequest } from './model.ts'
import { noteOn } from './move.ts'
import { A, endpointName, modeOf } from './settings.ts'
import { describeEndpoint, type EndpointState, settledEndpoint } from './state.ts'

/** Where the models of the variants are. */
export interface VariantSources {
  readonly a: ModelSource
  readonly b?: ModelSource | undefined
  readonly shadow?: ModelSource | undefined
}

/** All that belongs to an endpoint, as the requests that would make it. */
export interface Wanted {
  readonly scope: Scope
  readonly name: string
  readonly uploads: readonly UploadStep[]
  readonly models: readonly CreateModelCommandInput[]
  readonly endpointConfig: CreateEndpointConfigCommandInput
  readonly update: UpdateEndpointCommandInput
  readonly alarms: ReturnType<typeof alarmRequests>
  readonly scaling: Autoscaling | undefined
  readonly dashboard: ReturnType<typeof dashboardRequest> | undefined
}

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

/** The requests that the configuration comes to. Pure. */
export function wantedEndpoint(scope: Scope, config: Config, sources: VariantSources): Wanted {
  const endpoint = config.endpoint ?? {}
  const name = endpointName(config)
  const mode = modeOf(endpoint)
  const model = ({ address }: ModelSource) =>
    modelRequest(scope, { mode, data: address, environment: endpoint.environment, owner: name })
  const all = [sources.a, sources.b, sources.shadow]
  const [a, b, shadow] = all.map((source) => source && model(source))
  const endpointConfig = endpointConfigRequest(scope, config, {
    a: a!.ModelName!,
    b: b?.ModelName,
    shadow: shadow?.ModelName,
  })
  const alarms = alarmRequests(scope, config)
  const scaling = autoscaling(scope, config)
  const models = [a, b, shadow].filter((one) => one !== undefined)
  return {
    scope,
    name,
    uploads: distinct(
      all.flatMap((source) => source?.upload ?? []),
      ({ to }) => to.key,
    ),
    models: distinct(models, ({ ModelName }) => ModelName!),
    endpointConfig,
    update: {
      EndpointName: name,
      EndpointConfigName: endpointConfig.EndpointConfigName,
      // How many instances autoscaling has started is its affair; weights and capture are those of the configuration.
      ...(scaling && {
        RetainAllVariantProperties: true,
        ExcludeRetainedVariantProperties: [
          { VariantPropertyType: 'DesiredWeight' },
          { VariantPropertyType: 'DataCaptureConfig' },
        ],
      }),
      ...(mode !== 'serverless' && {
        DeploymentConfig: deploymentConfig(
          endpoint.deployment,
          alarms.map(({ AlarmName }) => AlarmName!),
        ),
      }),
    },
    alarms,
    scaling,
    dashboard: endpoint.dashboard === false ? undefined : dashboardRequest(name, scope.region),
  }
}

function distinct<T>(all: readonly T[], key: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [key(one), one])).values()]
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

/** What is to be done so that all that is wanted is there. Pure. @throws {RankerError} NAME_TAKEN, ENDPOINT_FAILED */
export function planDeploy(wanted: Wanted, existing: Existing, { force = false } = {}): Plan {
  const { names } = existing
  const { endpointConfig } = wanted
  return join(
    planRole(wanted.scope, existing.role),
    ...wanted.uploads.map(
      (one): Plan => (names.has(one.what) ? { steps: [], kept: [one.what] } : { steps: [one], kept: [] }),
    ),
    ...wanted.models.map((request) =>
      make(`model ${request.ModelName}`, names.has(request.ModelName!), 'sagemaker:CreateModel', request),
    ),
    make(
      `endpoint configuration ${endpointConfig.EndpointConfigName}`,
      names.has(endpointConfig.EndpointConfigName!),
      'sagemaker:CreateEndpointConfig',
      endpointConfig,
    ),
    ...wanted.alarms.map((request) =>
      put('alarm', request.AlarmName!, existing.alarms, 'cloudwatch:PutMetricAlarm', request),
    ),
    planEndpoint(wanted, existing, force),
    planScaling(wanted.scaling, existing),
    planDashboard(wanted, existing),
  )
}

function planEndpoint(wanted: Wanted, existing: Existing, force: boolean): Plan {
  const { name, scope, endpointConfig, update, scaling } = wanted
  const { endpoint, targets } = existing
  const config = endpointConfig.EndpointConfigName!
  const what = `endpoint ${name}`
  const until = {
    kind: 'wait',
    what: `until ${what} is in service`,
    endpoint: name,
    until: { config },
  } as const
  const creation = step('+', what, 'sagemaker:CreateEndpoint', {
    EndpointName: name,
    EndpointConfigName: config,
    Tags: scopeTags(scope),
  })
  if (!endpoint) return { steps: [creation, until], kept: [] }
  if (!endpoint.ours && !force) throw new RankerError('NAME_TAKEN', { what })
  if (endpoint.status === 'Failed') {
    return {
      steps: [
        step('-', `${what}, which failed`, 'sagemaker:DeleteEndpoint', { EndpointName: name }),
        { kind: 'wait', what: `until ${what} is gone`, endpoint: name, until: 'gone' },
        creation,
        until,
      ],
      kept: [],
    }
  }
  if (endpoint.status !== 'InService') {
    const reason = endpoint.description.FailureReason ?? 'delete it and deploy again'
    throw new RankerError('ENDPOINT_FAILED', { name, status: endpoint.status, reason })
  }
  if (endpoint.config === config) return { steps: [], kept: [what] }
  const dimension = scaling?.target.ScalableDimension
  const stale = (targets as { ScalableDimension?: string; ResourceId?: string }[]).filter(
    (one) => dimension !== undefined && one.ScalableDimension !== dimension,
  )
  return {
    steps: [
      ...stale.map(({ ScalableDimension, ResourceId }) =>
        step('-', `autoscaling of ${what}`, 'application-autoscaling:DeregisterScalableTarget', {
          ServiceNamespace: 'sagemaker',
          ResourceId,
          ScalableDimension: ScalableDimension as 'sagemaker:variant:DesiredInstanceCount',
        }),
      ),
      ...noteOn(endpoint),
      step('~', `${what}: from ${endpoint.config} to ${config}`, 'sagemaker:UpdateEndpoint', update),
      until,
    ],
    kept: [],
  }
}

function planScaling(scaling: Autoscaling | undefined, existing: Existing): Plan {
  if (!scaling) return { steps: [], kept: [] }
  const { target, policies, actions, alarms } = scaling
  return join(
    put(
      'autoscaling',
      target.ResourceId!,
      existing.targets,
      'application-autoscaling:RegisterScalableTarget',
      target,
    ),
    ...policies.map((one) =>
      put(
        'scaling policy',
        one.PolicyName!,
        existing.policies,
        'application-autoscaling:PutScalingPolicy',
        one,
      ),
    ),
    ...actions.map((one) =>
      put(
        'floor',
        one.ScheduledActionName!,
        existing.actions,
        'application-autoscaling:PutScheduledAction',
        one,
      ),
    ),
    ...alarms.map((one) => put('alarm', one.AlarmName!, existing.alarms, 'cloudwatch:PutMetricAlarm', one)),
  )
}

type PutCall =
  | 'cloudwatch:PutMetricAlarm'
  | 'application-autoscaling:RegisterScalableTarget'
  | 'application-autoscaling:PutScalingPolicy'
  | 'application-autoscaling:PutScheduledAction'

/** Members that tell two things of a kind apart. */
const IDENTITY = [
  'AlarmName',
  'PolicyName',
  'ScheduledActionName',
  'ScalableDimension',
  'ResourceId',
] as const

/** Calls that make or change, as need be. */
function put<N extends PutCall>(
  kind: string,
  name: string,
  there: readonly object[],
  call: N,
  request: Calls[N][0],
): Plan {
  const what = `${kind} ${name}`
  const { Tags: _, ...wanted } = request as object as { Tags?: unknown } & Record<string, unknown>
  const key = IDENTITY.find((one) => wanted[one] !== undefined)!
  const same = there.find((one) => (one as Record<string, unknown>)[key] === wanted[key])
  // The ARN of a policy is known only when it is made: what stands for it is not compared.
  const { AlarmActions: actions, ...rest } = wanted
  const isKnown = !JSON.stringify(actions ?? '').includes('{the ARN')
  if (same && covers(same, isKnown ? wanted : rest)) return { steps: [], kept: [what] }
  return { steps: [step(same ? '~' : '+', what, call, request)], kept: [] }
}

function planDashboard({ dashboard }: Wanted, existing: Existing): Plan {
  if (!dashboard) return { steps: [], kept: [] }
  const what = `dashboard ${dashboard.DashboardName}`
  if (existing.dashboard === dashboard.DashboardBody) return { steps: [], kept: [what] }
  return {
    steps: [step(existing.dashboard === undefined ? '+' : '~', what, 'cloudwatch:PutDashboard', dashboard)],
    kept: [],
  }
}

/**
 * The way back from a deployment that went wrong: to the configuration that the endpoint had before; where there was
 * none, all that this run made is removed.
 */
export async function planWayBack(wanted: Wanted, before: Existing, tools: Tools): Promise<Plan> {
  const { name, endpointConfig } = wanted
  const made = endpointConfig.EndpointConfigName!
  const now = await describeEndpoint(tools.api, name)
  if (!before.endpoint || before.endpoint.status === 'Failed') return planUnmake(wanted, before, now)
  const target = before.endpoint.config === made ? before.endpoint.previous : before.endpoint.config
  if (!now || now.config !== made || target === undefined || target === made) return { steps: [], kept: [] }
  return {
    steps: [
      step('~', `endpoint ${name}: back to ${target}`, 'sagemaker:UpdateEndpoint', {
        EndpointName: name,
        EndpointConfigName: target,
      }),
      { kind: 'wait', what: 'until it is in service', endpoint: name, until: { config: target } },
    ],
    kept: [],
  }
}

function planUnmake(wanted: Wanted, before: Existing, now: EndpointState | undefined): Plan {
  const { name, scaling, models, endpointConfig, alarms, dashboard } = wanted
  const EndpointConfigName = endpointConfig.EndpointConfigName!
  const isNew = (made: string) => !before.names.has(made)
  const before_ = (AlarmName: string) =>
    before.alarms.some((one) => (one as { AlarmName?: string }).AlarmName === AlarmName)
  const newAlarms = [...alarms, ...(scaling?.alarms ?? [])]
    .map(({ AlarmName }) => AlarmName!)
    .filter((one) => !before_(one))
  const steps = [
    ...(scaling && before.targets.length === 0
      ? [
          step('-', 'autoscaling', 'application-autoscaling:DeregisterScalableTarget', {
            ServiceNamespace: 'sagemaker',
            ResourceId: scaling.target.ResourceId,
            ScalableDimension: scaling.target.ScalableDimension,
          }),
        ]
      : []),
    ...(now
      ? [
          step('-', `endpoint ${name}`, 'sagemaker:DeleteEndpoint', { EndpointName: name }),
          { kind: 'wait', what: 'until it is gone', endpoint: name, until: 'gone' } as const,
        ]
      : []),
    ...(isNew(EndpointConfigName)
      ? [
          step('-', `endpoint configuration ${EndpointConfigName}`, 'sagemaker:DeleteEndpointConfig', {
            EndpointConfigName,
          }),
        ]
      : []),
    ...models
      .filter(({ ModelName }) => isNew(ModelName!))
      .map(({ ModelName }) => step('-', `model ${ModelName}`, 'sagemaker:DeleteModel', { ModelName })),
    ...(newAlarms.length > 0
      ? [step('-', `alarms ${newAlarms.join(', ')}`, 'cloudwatch:DeleteAlarms', { AlarmNames: newAlarms })]
      : []),
    ...(dashboard && before.dashboard === undefined
      ? [
          step('-', `dashboard ${name}`, 'cloudwatch:DeleteDashboards', {
            DashboardNames: [dashboard.DashboardName!],
          }),
        ]
      : []),
  ]
  return { steps, kept: [] }
}
