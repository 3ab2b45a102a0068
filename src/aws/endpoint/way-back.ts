import type { Tools } from '../apply.ts'
import { type Plan, step } from '../plan.ts'
import type { Existing } from './existing.ts'
import { describeEndpoint, type EndpointState } from './state.ts'
import type { Wanted } from './wanted.ts'

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
  const wasThere = (AlarmName: string) =>
    before.alarms.some((one) => (one as { AlarmName?: string }).AlarmName === AlarmName)
  const newAlarms = [...alarms, ...(scaling?.alarms ?? [])]
    .map(({ AlarmName }) => AlarmName!)
    .filter((one) => !wasThere(one))
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
