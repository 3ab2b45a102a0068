import type {
  CreateEndpointConfigCommandInput,
  CreateModelCommandInput,
  UpdateEndpointCommandInput,
} from '@aws-sdk/client-sagemaker'
import type { ModelSource } from '../model-source.ts'
import type { UploadStep } from '../plan.ts'
import type { Config } from '../schema.ts'
import type { Scope } from '../scope.ts'
import { alarmRequests } from './alarms.ts'
import { type Autoscaling, autoscaling } from './autoscaling.ts'
import { dashboardRequest } from './dashboard.ts'
import { deploymentConfig } from './deployment.ts'
import { endpointConfigRequest } from './endpoint-config.ts'
import { modelRequest } from './model.ts'
import { RETAIN } from './move.ts'
import { endpointName, modeOf } from './settings.ts'

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

/** The requests that the configuration amounts to. Pure. */
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
      ...(scaling && RETAIN),
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
