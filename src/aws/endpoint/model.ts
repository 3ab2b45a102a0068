import type { ContainerDefinition, CreateModelCommandInput } from '@aws-sdk/client-sagemaker'
import { ENDPOINT_TAG, nameByContent } from '../names.ts'
import { type Scope, scopeTags } from '../scope.ts'
import { fill, readTemplate } from '../template.ts'
import type { Mode } from './settings.ts'

interface ModelOptions {
  readonly mode: Mode
  /** The model's archive in S3; multi-model: the start of the keys of all of them. */
  readonly data: string
  readonly environment: Readonly<Record<string, string>> | undefined
  /** What uses it: an endpoint, or a job. */
  readonly owner: string
}

interface Template {
  readonly CreateModel: Partial<CreateModelCommandInput> & { readonly PrimaryContainer: ContainerDefinition }
}

/** CreateModel: image, archive and environment; its name follows from them. */
export function modelRequest(scope: Scope, options: ModelOptions): CreateModelCommandInput {
  const { mode, data, environment, owner } = options
  const { CreateModel } = readTemplate<Template>('sagemaker-endpoint.json')
  const content = fill<Omit<CreateModelCommandInput, 'ModelName'>>(CreateModel, {
    PrimaryContainer: {
      Image: scope.image,
      ModelDataUrl: data,
      Environment: environment,
      ...(mode === 'multi-model' && { Mode: 'MultiModel' }),
    },
    ExecutionRoleArn: scope.role.arn,
    VpcConfig: scope.vpc,
    EnableNetworkIsolation: mode === 'serverless' ? false : scope.networkIsolation,
  })
  return {
    ModelName: nameByContent(owner, content),
    ...content,
    Tags: scopeTags(scope, { Key: ENDPOINT_TAG, Value: owner }),
  }
}
