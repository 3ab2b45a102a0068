import { followTuning, isTuningThere, tuningAtWork } from '../../aws/jobs/follow.ts'
import { tuningRequest } from '../../aws/jobs/tuning-job.ts'
import { join, make } from '../../aws/plan.ts'
import { describeHyperparameter, resolveHyperparameter } from '../../training/hyperparameters.ts'
import { formatTable } from '../table.ts'
import type { AwsCommand, Context } from './aws-command.ts'
import {
  channelSources,
  HYPERPARAMETER_FLAGS,
  JOB_FLAGS,
  jobHyperparameters,
  jobName,
  jobScope,
  planJobNeeds,
  runJob,
  tellMost,
  UNNAMED,
} from './jobs.ts'

/** SageMaker's limit of a tuning job's name. */
const LONGEST_NAME = 32

export const tune: AwsCommand = {
  name: 'tune',
  usage: '--train PLACE --validation PLACE [flags] [hyperparameters]',
  about: `
Searches hyperparameters with a tuning job on validation:ndcg@10: the ranges of infrastructure/sagemaker-tuning.json, or
those of the file of settings. A hyperparameter that is set is not searched. Follows the job, and prints the best values as
flags for ranker aws train.`,
  groups: ['training', 'tuning'],
  flags: JOB_FLAGS,
  moreFlags: HYPERPARAMETER_FLAGS,
  examples: [
    'ranker aws tune --train s3://my-bucket/train/ --validation s3://my-bucket/valid/ --content-type text/csv --bucket my-bucket',
    'ranker aws tune --train train.csv --validation valid.csv --max-depth 6 --max-jobs 40 --bucket my-bucket --dry-run',
  ],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, isDryRun } = context
  const scope = await jobScope(context)
  const channels = channelSources(context, scope)
  const isWhole = (name: string) => {
    const known = resolveHyperparameter(name)
    return known !== undefined && /whole number|integer/i.test(describeHyperparameter(known).wanted)
  }
  const hyperparameters = jobHyperparameters(context)
  const named = (job: string) => tuningRequest(scope, config, { job, channels, hyperparameters, isWhole })
  const job = await jobName(context, {
    prefix: scope.name,
    content: named(UNNAMED),
    atWork: tuningAtWork,
    longest: LONGEST_NAME,
  })
  const request = named(job)
  const there = !isDryRun && (await isTuningThere((await context.tools()).api, job))
  const needs = there ? { steps: [], kept: [] } : await planJobNeeds(context, scope, channels)
  const plan = join(
    needs,
    make(`tuning job ${job}`, there, 'sagemaker:CreateHyperParameterTuningJob', request),
  )
  const { ResourceConfig, StoppingCondition } = request.TrainingJobDefinition!
  const jobs = request.HyperParameterTuningJobConfig!.ResourceLimits!.MaxNumberOfTrainingJobs
  if (!there && jobs !== undefined)
    tellMost(context, ResourceConfig!, StoppingCondition!.MaxRuntimeInSeconds!, scope.region, jobs)
  const outcome = await runJob(context, {
    command: 'tune',
    what: `tuning job ${job}`,
    name: job,
    plan,
    follow: (tools) => followTuning(job, tools),
    stop: (tools) =>
      tools.api.call('sagemaker:StopHyperParameterTuningJob', { HyperParameterTuningJobName: job }),
  })
  if (typeof outcome === 'number') return outcome
  const { ended, calls } = outcome
  const { BestTrainingJob: best, HyperParameterTuningJobStatus: status } = ended
  const tuned = Object.entries(best?.TunedHyperParameters ?? {})
  const metric = best?.FinalHyperParameterTuningJobObjectiveMetric
  const table = formatTable([
    { title: 'hyperparameter', cells: tuned.map(([name]) => name) },
    { title: 'best', cells: tuned.map(([, value]) => value), align: 'right' },
  ])
  const flags = tuned.map(([name, value]) => `--${name.replaceAll('_', '-')} ${value}`).join(' ')
  context.print(
    {
      job,
      status,
      best: best?.TrainingJobName,
      metric: metric?.Value,
      hyperparameters: Object.fromEntries(tuned),
      calls,
    },
    best
      ? `${table}\n${metric?.MetricName} ${metric?.Value} of training job ${best.TrainingJobName}\n${flags}\n`
      : 'no training job has ended well\n',
  )
  return status === 'Completed' && best ? 0 : 1
}
