import { RankerError } from '../../errors.ts'
import { MANAGED } from '../names.ts'
import { join, make, type Plan, put, step } from '../plan.ts'
import { planRole } from '../role.ts'
import { scopeTags } from '../scope.ts'
import type { Existing } from './existing.ts'
import { FORCE, note, noteOn } from './move.ts'
import { planScaling, planScalingRemoval } from './scaling-plan.ts'
import type { Wanted } from './wanted.ts'

/** Plans the steps from what exists to what is wanted. Pure. @throws {RankerError} NAME_TAKEN, ENDPOINT_FAILED */
export function planDeploy(wanted: Wanted, existing: Existing, { force = false } = {}): Plan {
  const { names } = existing
  const { endpointConfig } = wanted
  if (!force) refuseForeign(wanted, existing)
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
    planScalingRemoval(wanted, existing),
    planEndpoint(wanted, existing, force),
    planScaling(wanted, existing),
    planAlarmRemoval(wanted, existing),
    planDashboard(wanted, existing),
  )
}

/** Refuses to overwrite what somebody else made under one of our names. */
function refuseForeign({ dashboard, ...wanted }: Wanted, { foreign }: Existing): void {
  const names = alarmsOf(wanted).map((name) => `alarm ${name}`)
  if (dashboard) names.push(`dashboard ${dashboard.DashboardName}`)
  const what = names.find((one) => foreign.includes(one))
  if (what !== undefined) throw new RankerError('NAME_TAKEN', { what, fix: FORCE })
}

/** Removes those of our alarms that nothing triggers any more, such as the alarms of a removed variant. */
function planAlarmRemoval(wanted: Wanted, { alarms, foreign }: Existing): Plan {
  const AlarmNames = alarms
    .map(({ AlarmName }) => AlarmName!)
    .filter((name) => !alarmsOf(wanted).includes(name) && !foreign.includes(`alarm ${name}`))
  if (AlarmNames.length === 0) return { steps: [], kept: [] }
  return {
    steps: [step('-', `alarms ${AlarmNames.join(', ')}`, 'cloudwatch:DeleteAlarms', { AlarmNames })],
    kept: [],
  }
}

const alarmsOf = ({ alarms, scaling }: Pick<Wanted, 'alarms' | 'scaling'>): string[] =>
  [...alarms, ...(scaling?.alarms ?? [])].map(({ AlarmName }) => AlarmName!)

function planEndpoint(wanted: Wanted, existing: Existing, force: boolean): Plan {
  const { name, scope, endpointConfig, update } = wanted
  const { endpoint } = existing
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
  if (!endpoint.ours && !force) throw new RankerError('NAME_TAKEN', { what, fix: FORCE })
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
  return {
    steps: [
      ...(endpoint.ours ? [] : [note(endpoint, MANAGED.Key, MANAGED.Value, 'that it is taken over')]),
      ...noteOn(endpoint),
      step('~', `${what}: from ${endpoint.config} to ${config}`, 'sagemaker:UpdateEndpoint', update),
      until,
    ],
    kept: [],
  }
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
