import { RankerError } from '../../errors.ts'
import type { Calls } from '../api.ts'
import { join, make, type Plan, step } from '../plan.ts'
import { planRole } from '../role.ts'
import { scopeTags } from '../scope.ts'
import { covers } from '../template.ts'
import type { Autoscaling } from './autoscaling.ts'
import type { Existing } from './existing.ts'
import { noteOn } from './move.ts'
import type { Wanted } from './wanted.ts'

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
