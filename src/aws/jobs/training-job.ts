import type {
  AlgorithmSpecification,
  Channel,
  CreateTrainingJobCommandInput,
  MetricDefinition,
} from '@aws-sdk/client-sagemaker'
import { RankerError } from '../../errors.ts'
import type { Config } from '../schema.ts'
import { addressIn, type Scope, scopeTags } from '../scope.ts'
import { fill, readTemplate } from '../template.ts'
import type { DataSource } from './data.ts'

export const CHANNEL_NAMES = ['train', 'validation', 'test', 'config', 'model', 'code'] as const
export type ChannelSources = Readonly<Partial<Record<(typeof CHANNEL_NAMES)[number], DataSource>>>

interface TrainingOptions {
  readonly job: string
  readonly channels: ChannelSources
  /** As text, by XGBoost's names. */
  readonly hyperparameters: Readonly<Record<string, string>>
}

type Template = Partial<CreateTrainingJobCommandInput> & {
  readonly AlgorithmSpecification: AlgorithmSpecification
}

/** CreateTrainingJob: infrastructure/sagemaker-training.json with what the settings say. */
export function trainingRequest(
  scope: Scope,
  config: Config,
  { job, channels, hyperparameters }: TrainingOptions,
): CreateTrainingJobCommandInput {
  const training = config.training ?? {}
  const template = readTemplate<Template>('sagemaker-training.json')
  const { spot = false, maxRuntime, instanceCount } = training
  const runtime = maxRuntime ?? template.StoppingCondition?.MaxRuntimeInSeconds
  const maxWait = training.maxWait ?? (spot && runtime !== undefined ? 2 * runtime : undefined)
  if (maxWait !== undefined && !spot)
    throw new RankerError('BAD_CONFIG', {
      where: 'training.maxWait',
      reason: 'only spot training has it (--spot true)',
    })
  if (maxWait !== undefined && runtime !== undefined && maxWait < runtime)
    throw new RankerError('BAD_CONFIG', {
      where: 'training.maxWait',
      reason: `it is ${maxWait}, below the ${runtime} seconds that training may take`,
    })
  const checkpoints = training.checkpoints ?? (spot ? addressIn(scope, 'checkpoints', job) : undefined)
  const hosts = instanceCount ?? template.ResourceConfig?.InstanceCount ?? 1
  return fill<CreateTrainingJobCommandInput>(template, {
    TrainingJobName: job,
    HyperParameters: { ...hyperparameters },
    AlgorithmSpecification: {
      TrainingImage: scope.image,
      TrainingInputMode: training.inputMode,
      MetricDefinitions: metricDefinitions(
        template.AlgorithmSpecification.MetricDefinitions ?? [],
        hyperparameters,
      ),
    },
    RoleArn: scope.role.arn,
    InputDataConfig: CHANNEL_NAMES.flatMap((name) => {
      const source = channels[name]
      return source ? [channel(name, source, training, hosts)] : []
    }),
    OutputDataConfig: { S3OutputPath: training.output ?? addressIn(scope, 'jobs'), KmsKeyId: scope.kmsKey },
    ResourceConfig: {
      InstanceType: training.instanceType,
      InstanceCount: instanceCount,
      VolumeSizeInGB: training.volumeSize,
      VolumeKmsKeyId: scope.kmsKey,
      KeepAlivePeriodInSeconds: training.keepAlive,
    },
    StoppingCondition: { MaxRuntimeInSeconds: maxRuntime, MaxWaitTimeInSeconds: maxWait },
    VpcConfig: scope.vpc,
    EnableNetworkIsolation: scope.networkIsolation,
    EnableManagedSpotTraining: spot || undefined,
    CheckpointConfig: checkpoints === undefined ? undefined : { S3Uri: checkpoints },
    Environment: training.environment,
    // Only a job on one kind of capacity can be tried again by the platform.
    Tags: scopeTags(scope),
  })
}

/** Channels whose files are read as they are, whatever the data's content type. */
const SIDE_CHANNELS: readonly string[] = ['config', 'model', 'code']

function channel(
  ChannelName: string,
  { address }: DataSource,
  { contentType, distribution }: NonNullable<Config['training']>,
  hosts: number,
): Channel {
  const isData = !SIDE_CHANNELS.includes(ChannelName)
  const isSpread = ChannelName === 'train' && hosts > 1 && distribution === 'ShardedByS3Key'
  return {
    ChannelName,
    DataSource: {
      S3DataSource: {
        S3DataType: 'S3Prefix',
        S3Uri: address,
        S3DataDistributionType: isSpread ? 'ShardedByS3Key' : 'FullyReplicated',
      },
    },
    ...(isData && contentType !== undefined && { ContentType: contentType }),
    ...(!isData && { InputMode: 'File' }),
  }
}

/** The template's definitions, and one for each further metric that the job prints. */
function metricDefinitions(
  known: readonly MetricDefinition[],
  hyperparameters: Readonly<Record<string, string>>,
): MetricDefinition[] {
  const metrics = (hyperparameters.eval_metric ?? '')
    .replaceAll(/["'[\]\s]/g, '')
    .split(',')
    .filter((one) => one !== '')
  const wanted = metrics.flatMap((metric) => [`train:${metric}`, `validation:${metric}`])
  const more = wanted.filter((name) => !known.some(({ Name }) => Name === name))
  return [
    ...known,
    ...more.map((Name) => ({
      Name,
      // The log agent writes a tab as #011, so that nothing but the number may be taken.
      Regex: `${Name.replace(':', '-').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}:([0-9.eE+-]+)`,
    })),
  ]
}
