import type {
  AsyncInferenceConfig,
  CreateEndpointConfigCommandInput,
  DataCaptureConfig,
  ProductionVariant,
} from '@aws-sdk/client-sagemaker'
import { ENDPOINT_TAG, nameByContent } from '../names.ts'
import type { Config } from '../schema.ts'
import { addressIn, type Scope, scopeTags } from '../scope.ts'
import { fill, readTemplate } from '../template.ts'
import { A, B, endpointName, modeOf, SHADOW } from './settings.ts'

/** Names of the models that the variants serve. */
export interface VariantModels {
  readonly a: string
  readonly b?: string | undefined
  readonly shadow?: string | undefined
}

interface Template {
  readonly CreateEndpointConfig: {
    readonly ProductionVariants: readonly [ProductionVariant]
    readonly DataCaptureConfig: Partial<DataCaptureConfig>
    readonly AsyncInferenceConfig: Partial<AsyncInferenceConfig>
  }
  readonly ServerlessConfig: { readonly MemorySizeInMB: number; readonly MaxConcurrency: number }
}

/** CreateEndpointConfig of the configured variants; its name follows from its content. */
export function endpointConfigRequest(
  scope: Scope,
  config: Config,
  models: VariantModels,
): CreateEndpointConfigCommandInput {
  const endpoint = config.endpoint ?? {}
  const { CreateEndpointConfig, ServerlessConfig } = readTemplate<Template>('sagemaker-endpoint.json')
  const [template] = CreateEndpointConfig.ProductionVariants
  const mode = modeOf(endpoint)
  const instances = (
    VariantName: string,
    ModelName: string,
    { instanceType, instanceCount, weight }: NonNullable<typeof endpoint.b>,
  ) =>
    fill<ProductionVariant>(template, {
      VariantName,
      ModelName,
      InstanceType: instanceType ?? endpoint.instanceType,
      InitialInstanceCount: instanceCount ?? endpoint.instanceCount,
      InitialVariantWeight: weight,
    })
  const serverless = (): ProductionVariant => ({
    VariantName: A,
    ModelName: models.a,
    InitialVariantWeight: 1,
    ServerlessConfig: fill(ServerlessConfig, {
      MemorySizeInMB: endpoint.memory,
      MaxConcurrency: endpoint.maxConcurrency,
      ProvisionedConcurrency: endpoint.provisionedConcurrency,
    }),
  })
  const variants = mode === 'serverless' ? [serverless()] : [instances(A!, models.a, endpoint)]
  if (models.b !== undefined) variants.push(instances(B!, models.b, endpoint.b!))
  const capture = endpoint.capture && {
    DataCaptureConfig: fill<DataCaptureConfig>(CreateEndpointConfig.DataCaptureConfig, {
      InitialSamplingPercentage: endpoint.capture.percent,
      DestinationS3Uri: endpoint.capture.output ?? addressIn(scope, 'capture'),
      KmsKeyId: scope.kmsKey,
    }),
  }
  const content: Omit<CreateEndpointConfigCommandInput, 'EndpointConfigName'> = {
    ProductionVariants: variants,
    ...(models.shadow !== undefined && {
      ShadowProductionVariants: [instances(SHADOW!, models.shadow, endpoint.shadow!)],
    }),
    ...(mode === 'async' && { AsyncInferenceConfig: asyncConfig(scope, endpoint) }),
    ...capture,
    ...(scope.kmsKey !== undefined && { KmsKeyId: scope.kmsKey }),
  }
  const name = endpointName(config)
  return {
    EndpointConfigName: nameByContent(name, content),
    ...content,
    Tags: scopeTags(scope, { Key: ENDPOINT_TAG, Value: name }),
  }
}

function asyncConfig(scope: Scope, endpoint: NonNullable<Config['endpoint']>): AsyncInferenceConfig {
  const { CreateEndpointConfig } = readTemplate<Template>('sagemaker-endpoint.json')
  const { successTopic: SuccessTopic, errorTopic: ErrorTopic } = endpoint
  const output = endpoint.output ?? addressIn(scope, 'async')
  const topics = SuccessTopic !== undefined || ErrorTopic !== undefined
  return fill<AsyncInferenceConfig>(CreateEndpointConfig.AsyncInferenceConfig, {
    ClientConfig: { MaxConcurrentInvocationsPerInstance: endpoint.asyncConcurrency },
    OutputConfig: {
      S3OutputPath: `${output.replace(/\/$/, '')}/answers`,
      S3FailurePath: `${output.replace(/\/$/, '')}/failures`,
      KmsKeyId: scope.kmsKey,
      NotificationConfig: topics
        ? { ...(SuccessTopic && { SuccessTopic }), ...(ErrorTopic && { ErrorTopic }) }
        : undefined,
    },
  })
}
