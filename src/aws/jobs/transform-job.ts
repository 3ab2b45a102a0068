import type { CreateTransformJobCommandInput } from '@aws-sdk/client-sagemaker'
import type { Config } from '../schema.ts'
import { addressIn, type Scope, scopeTags } from '../scope.ts'
import { fill, readTemplate } from '../template.ts'

interface TransformOptions {
  readonly job: string
  readonly model: string
  /** Of what is scored. */
  readonly input: string
}

/** Where each content type may be cut into requests: between lines or records, never inside a query. */
const SPLIT: Readonly<Record<string, 'Line' | 'RecordIO'>> = {
  'application/jsonlines': 'Line',
  'text/csv': 'Line',
  'text/libsvm': 'Line',
  'application/x-recordio-protobuf': 'RecordIO',
}

/** CreateTransformJob: infrastructure/sagemaker-transform.json with what the settings say. */
export function transformRequest(
  scope: Scope,
  config: Config,
  { job, model, input }: TransformOptions,
): CreateTransformJobCommandInput {
  const batch = config.batch ?? {}
  const template = readTemplate<Partial<CreateTransformJobCommandInput>>('sagemaker-transform.json')
  const ContentType = batch.contentType ?? template.TransformInput!.ContentType!
  const SplitType = batch.splitType ?? SPLIT[ContentType.split(';')[0]!.trim()] ?? 'None'
  return fill<CreateTransformJobCommandInput>(template, {
    TransformJobName: job,
    ModelName: model,
    // Without splitting, each file is one request.
    ...(SplitType === 'None' && { BatchStrategy: 'SingleRecord' }),
    MaxConcurrentTransforms: batch.maxConcurrent,
    MaxPayloadInMB: batch.maxPayload,
    Environment: batch.environment,
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: input } },
      ContentType,
      SplitType,
    },
    TransformOutput: {
      S3OutputPath: batch.output ?? addressIn(scope, 'batch', job),
      Accept: batch.accept ?? ContentType.split(';')[0],
      AssembleWith: SplitType === 'Line' ? 'Line' : 'None',
      KmsKeyId: scope.kmsKey,
    },
    TransformResources: {
      InstanceType: batch.instanceType,
      InstanceCount: batch.instanceCount,
      VolumeKmsKeyId: scope.kmsKey,
    },
    Tags: scopeTags(scope),
  })
}
