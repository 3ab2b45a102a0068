import type {
  CreateHyperParameterTuningJobCommandInput,
  HyperParameterTuningJobConfig,
  ParameterRanges,
} from '@aws-sdk/client-sagemaker'
import { RankerError } from '../../errors.ts'
import type { Config } from '../schema.ts'
import { type Scope, scopeTags } from '../scope.ts'
import { fill, readTemplate } from '../template.ts'
import { type ChannelSources, trainingRequest } from './training-job.ts'

interface TuningOptions {
  readonly job: string
  readonly channels: ChannelSources
  readonly hyperparameters: Readonly<Record<string, string>>
  /** Hyperparameters that are whole numbers. */
  readonly isWhole: (name: string) => boolean
}

interface Template {
  readonly HyperParameterTuningJobConfig: HyperParameterTuningJobConfig
  readonly StaticHyperParameters: Readonly<Record<string, string>>
}

/**
 * CreateHyperParameterTuningJob over the training job of the settings: infrastructure/sagemaker-tuning.json has the ranges,
 * unless the file of settings names others. A hyperparameter that is set is not searched.
 */
export function tuningRequest(
  scope: Scope,
  config: Config,
  { job, channels, hyperparameters, isWhole }: TuningOptions,
): CreateHyperParameterTuningJobCommandInput {
  const tuning = config.tuning ?? {}
  if (!channels.validation)
    throw new RankerError('BAD_CONFIG', {
      where: 'training.validation',
      reason: 'tuning goes by a metric on validation data, and there are none (--validation)',
    })
  const template = readTemplate<Template>('sagemaker-tuning.json')
  const fixed = new Set(Object.keys(hyperparameters))
  const { ranges, strategy } = tuning
  const ParameterRanges = ranges
    ? rangesOf(ranges, isWhole)
    : without(template.HyperParameterTuningJobConfig.ParameterRanges!, fixed)
  const { IntegerParameterRanges = [], ContinuousParameterRanges = [] } = ParameterRanges
  if (strategy === 'Grid' && IntegerParameterRanges.length + ContinuousParameterRanges.length > 0)
    throw new RankerError('BAD_CONFIG', {
      where: 'tuning.ranges',
      reason:
        'the strategy Grid tries values one by one: wanted such as { eta: { values: [0.05, 0.1] } } for each',
    })
  if (Object.values(ParameterRanges).flat().length === 0)
    throw new RankerError('BAD_CONFIG', {
      where: 'tuning.ranges',
      reason: 'every hyperparameter that would be searched is set',
    })
  const searched = new Set(
    Object.values(ParameterRanges)
      .flat()
      .map(({ Name }) => Name),
  )
  const training = trainingRequest(scope, config, { job, channels, hyperparameters })
  const { TrainingJobName, HyperParameters, Tags, AlgorithmSpecification, ...definition } = training
  const { TrainingImage, TrainingInputMode, MetricDefinitions } = AlgorithmSpecification!
  const { HyperParameterTuningJobConfig: settings } = template
  // A grid fixes its number of jobs, and Hyperband stops jobs by itself: AWS refuses these limits for them.
  const { MaxNumberOfTrainingJobs, ...limits } = settings.ResourceLimits!
  const most = tuning.maxJobs ?? (strategy === 'Grid' ? undefined : MaxNumberOfTrainingJobs)
  const metric = tuning.metric ?? settings.HyperParameterTuningJobObjective!.MetricName!
  if (!MetricDefinitions?.some(({ Name }) => Name === metric))
    throw new RankerError('BAD_CONFIG', {
      where: 'tuning.metric',
      reason: `the job prints no ${metric}: wanted one of ${MetricDefinitions?.map(({ Name }) => Name).join(', ')} (--eval-metric)`,
    })
  return {
    HyperParameterTuningJobName: job,
    HyperParameterTuningJobConfig: {
      ...fill<HyperParameterTuningJobConfig>(settings, {
        Strategy: strategy,
        HyperParameterTuningJobObjective: { MetricName: metric },
        TrainingJobEarlyStoppingType: strategy === 'Hyperband' ? 'Off' : undefined,
      }),
      ResourceLimits: fill(limits, {
        MaxNumberOfTrainingJobs: most,
        MaxParallelTrainingJobs: tuning.parallel,
      }),
      ParameterRanges,
    },
    TrainingJobDefinition: {
      ...definition,
      StaticHyperParameters: Object.fromEntries(
        Object.entries({ ...template.StaticHyperParameters, ...hyperparameters }).filter(
          ([name]) => !searched.has(name),
        ),
      ),
      AlgorithmSpecification: { TrainingImage, TrainingInputMode, MetricDefinitions },
    } as CreateHyperParameterTuningJobCommandInput['TrainingJobDefinition'],
    Tags: scopeTags(scope),
  }
}

function without(ranges: ParameterRanges, fixed: ReadonlySet<string>): ParameterRanges {
  return Object.fromEntries(
    Object.entries(ranges).map(([kind, all]) => [
      kind,
      (all as { Name: string }[]).filter(({ Name }) => !fixed.has(Name)),
    ]),
  )
}

function rangesOf(
  ranges: NonNullable<NonNullable<Config['tuning']>['ranges']>,
  isWhole: (name: string) => boolean,
): ParameterRanges {
  const all = Object.entries(ranges)
  const numbers = all.flatMap(([Name, { min, max, scale = 'Auto', values }]) =>
    values ? [] : [{ Name, MinValue: String(min), MaxValue: String(max), ScalingType: scale }],
  )
  const IntegerParameterRanges = numbers.filter(({ Name }) => isWhole(Name))
  const ContinuousParameterRanges = numbers.filter(({ Name }) => !isWhole(Name))
  const CategoricalParameterRanges = all.flatMap(([Name, { values: Values }]) =>
    Values ? [{ Name, Values }] : [],
  )
  return {
    IntegerParameterRanges,
    ContinuousParameterRanges,
    ...(CategoricalParameterRanges.length > 0 && { CategoricalParameterRanges }),
  }
}
