import { type Api, pages } from '../api.ts'
import { ENDPOINT_TAG, isNamedByContent, isOurs, startByContent } from '../names.ts'
import { type Plan, type Step, step } from '../plan.ts'
import { type Existing, lookForExtras } from './existing.ts'
import { deregistration } from './scaling-plan.ts'
import { describeEndpoint } from './state.ts'
import type { Wanted } from './wanted.ts'

/** What a removal takes away, and what it leaves. */
export interface Belongings {
  readonly endpoint: boolean
  readonly targets: readonly Pick<Existing['targets'][number], 'ResourceId' | 'ScalableDimension'>[]
  readonly alarms: readonly string[]
  readonly dashboard: boolean
  readonly configs: readonly string[]
  readonly models: readonly string[]
  /** Resources that bear one of the endpoint's names but are left alone. */
  readonly kept: readonly string[]
}

/**
 * Looks up everything that was made for the endpoint.
 * @param force also takes what lacks our tag, if its name says that it belongs here
 */
export async function lookForBelongings(name: string, force: boolean, api: Api): Promise<Belongings> {
  const kept: string[] = []
  /** Whether it is to be removed; what stays is listed. */
  const isTaken = (what: string, ours: boolean): boolean => {
    if (!ours && !force) kept.push(`${what} (not made here: --force takes it too)`)
    return ours || force
  }
  const endpoint = await describeEndpoint(api, name)
  const takesEndpoint = endpoint !== undefined && isTaken(`endpoint ${name}`, endpoint.ours)
  // If the endpoint stays, so do its alarms and the rest.
  if (endpoint && !takesEndpoint)
    return { endpoint: false, targets: [], alarms: [], dashboard: false, configs: [], models: [], kept }
  const { targets, alarms, dashboard, foreign } = await lookForExtras(name, api)
  const isOwn = (what: string) => isTaken(what, !foreign.includes(what))
  const isMade = async (kind: string, made: string, ResourceArn: string) => {
    const { Tags = [] } = await api.call('sagemaker:ListTags', { ResourceArn })
    const owner = Tags.find(({ Key }) => Key === ENDPOINT_TAG)?.Value
    if (owner !== undefined) return owner === name && isTaken(`${kind} ${made}`, isOurs(Tags))
    return isNamedByContent(name, made) && isTaken(`${kind} ${made}`, false)
  }
  const [configs, models]: [string[], string[]] = [[], []]
  const request = { NameContains: startByContent(name) }
  for await (const { EndpointConfigs = [] } of pages(api, 'sagemaker:ListEndpointConfigs', request))
    for (const { EndpointConfigName: made, EndpointConfigArn: arn } of EndpointConfigs)
      if (await isMade('endpoint configuration', made!, arn!)) configs.push(made!)
  for await (const { Models = [] } of pages(api, 'sagemaker:ListModels', request))
    for (const { ModelName: made, ModelArn: arn } of Models)
      if (await isMade('model', made!, arn!)) models.push(made!)
  return {
    endpoint: takesEndpoint,
    targets,
    alarms: alarms.map(({ AlarmName }) => AlarmName!).filter((one) => isOwn(`alarm ${one}`)),
    dashboard: dashboard !== undefined && isOwn(`dashboard ${name}`),
    configs,
    models,
    kept,
  }
}

/** What would exist if the configuration were deployed: a dry run, which calls nothing, plans from it. */
export function belongingsOf({ alarms, scaling, dashboard, models, endpointConfig }: Wanted): Belongings {
  return {
    endpoint: true,
    targets: scaling ? [scaling.target] : [],
    alarms: [...alarms, ...(scaling?.alarms ?? [])].map(({ AlarmName }) => AlarmName!),
    dashboard: dashboard !== undefined,
    configs: [endpointConfig.EndpointConfigName!],
    models: models.map(({ ModelName }) => ModelName!),
    kept: [],
  }
}

/** In an order that leaves nothing running: its autoscaling, the endpoint, then what it was made of. */
export function planRemoval(name: string, { kept, ...all }: Belongings): Plan {
  const steps: Step[] = all.targets.map(deregistration)
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
