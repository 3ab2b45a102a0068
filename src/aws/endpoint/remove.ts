import type { Tools } from '../apply.ts'
import { ENDPOINT_TAG, isOurs } from '../names.ts'
import { type Plan, type Step, step } from '../plan.ts'
import { lookForExtras } from './existing.ts'
import { describeEndpoint } from './state.ts'
import type { Wanted } from './wanted.ts'

/** What belongs to an endpoint, for its removal. */
export interface Belongings {
  readonly endpoint: boolean
  readonly targets: readonly { readonly ResourceId: string; readonly ScalableDimension: string }[]
  readonly alarms: readonly string[]
  readonly dashboard: boolean
  readonly configs: readonly string[]
  readonly models: readonly string[]
  /** What has the endpoint's name and is left alone. */
  readonly kept: readonly string[]
}

/** Looks for all that was made for the endpoint. @param force takes what lacks our tag too, where its name says so */
export async function lookForBelongings(name: string, force: boolean, tools: Tools): Promise<Belongings> {
  const { api } = tools
  const kept: string[] = []
  const endpoint = await describeEndpoint(api, name)
  const isTaken = endpoint !== undefined && (endpoint.ours || force)
  if (endpoint && !isTaken) kept.push(`endpoint ${name} (not made here: --force takes it too)`)
  const extras = await lookForExtras(name, tools)
  const configs: string[] = []
  const models: string[] = []
  const sort = async (kind: string, found: string, arn: string, into: string[]) => {
    const { Tags = [] } = await api.call('sagemaker:ListTags', { ResourceArn: arn })
    const made = isOurs(Tags) && Tags.some(({ Key, Value }) => Key === ENDPOINT_TAG && Value === name)
    if (made || (force && !Tags.some(({ Key, Value }) => Key === ENDPOINT_TAG && Value !== name)))
      into.push(found)
    else if (!isOurs(Tags)) kept.push(`${kind} ${found} (not made here: --force takes it too)`)
  }
  for (let NextToken: string | undefined; ; ) {
    const page = await api.call('sagemaker:ListEndpointConfigs', {
      NameContains: `${name}-`,
      ...(NextToken && { NextToken }),
    })
    for (const { EndpointConfigName, EndpointConfigArn } of page.EndpointConfigs ?? [])
      if (EndpointConfigName!.startsWith(`${name}-`))
        await sort('endpoint configuration', EndpointConfigName!, EndpointConfigArn!, configs)
    NextToken = page.NextToken
    if (!NextToken) break
  }
  for (let NextToken: string | undefined; ; ) {
    const page = await api.call('sagemaker:ListModels', {
      NameContains: `${name}-`,
      ...(NextToken && { NextToken }),
    })
    for (const { ModelName, ModelArn } of page.Models ?? [])
      if (ModelName!.startsWith(`${name}-`)) await sort('model', ModelName!, ModelArn!, models)
    NextToken = page.NextToken
    if (!NextToken) break
  }
  // Of an endpoint that stays, its alarms and the rest stay too.
  const isFree = endpoint === undefined || isTaken
  return {
    endpoint: isTaken,
    targets: isFree ? (extras.targets as unknown as Belongings['targets']) : [],
    alarms: isFree ? extras.alarms.map((one) => (one as { AlarmName: string }).AlarmName) : [],
    dashboard: isFree && extras.dashboard !== undefined,
    configs: isFree ? configs : [],
    models: isFree ? models : [],
    kept,
  }
}

/** What would be there if the configuration were deployed: for a dry run, which does not look. */
export function belongingsOf({ alarms, scaling, dashboard, models, endpointConfig }: Wanted): Belongings {
  return {
    endpoint: true,
    targets: scaling
      ? [
          {
            ResourceId: scaling.target.ResourceId!,
            ScalableDimension: scaling.target.ScalableDimension!,
          },
        ]
      : [],
    alarms: [...alarms, ...(scaling?.alarms ?? [])].map(({ AlarmName }) => AlarmName!),
    dashboard: dashboard !== undefined,
    configs: [endpointConfig.EndpointConfigName!],
    models: models.map(({ ModelName }) => ModelName!),
    kept: [],
  }
}

/** In the order that leaves nothing running: what scales it, the endpoint, then what it was made of. */
export function planRemoval(name: string, { kept, ...all }: Belongings): Plan {
  const steps: Step[] = [
    ...all.targets.map(({ ResourceId, ScalableDimension }) =>
      step('-', `autoscaling of ${ResourceId}`, 'application-autoscaling:DeregisterScalableTarget', {
        ServiceNamespace: 'sagemaker',
        ResourceId,
        ScalableDimension: ScalableDimension as 'sagemaker:variant:DesiredInstanceCount',
      }),
    ),
  ]
  if (all.endpoint) {
    steps.push(step('-', `endpoint ${name}`, 'sagemaker:DeleteEndpoint', { EndpointName: name }), {
      kind: 'wait',
      what: `until endpoint ${name} is gone`,
      endpoint: name,
      until: 'gone',
    })
  }
  for (const EndpointConfigName of all.configs)
    steps.push(
      step('-', `endpoint configuration ${EndpointConfigName}`, 'sagemaker:DeleteEndpointConfig', {
        EndpointConfigName,
      }),
    )
  for (const ModelName of all.models)
    steps.push(step('-', `model ${ModelName}`, 'sagemaker:DeleteModel', { ModelName }))
  if (all.alarms.length > 0) {
    const AlarmNames = [...all.alarms]
    steps.push(step('-', `alarms ${AlarmNames.join(', ')}`, 'cloudwatch:DeleteAlarms', { AlarmNames }))
  }
  if (all.dashboard)
    steps.push(step('-', `dashboard ${name}`, 'cloudwatch:DeleteDashboards', { DashboardNames: [name] }))
  return { steps, kept }
}
