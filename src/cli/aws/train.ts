import {
  drawCurve,
  followTraining,
  isTrainingThere,
  type TrainingDescription,
  trainingAtWork,
} from '../../aws/jobs/follow.ts'
import { trainingRequest } from '../../aws/jobs/training-job.ts'
import { join, make } from '../../aws/plan.ts'
import { formatSeconds } from '../../aws/wait.ts'
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
  trainingUsd,
  UNNAMED,
} from './jobs.ts'

export const train: AwsCommand = {
  name: 'train',
  usage: '--train PLACE [--validation PLACE] [flags] [hyperparameters]',
  about: `
Runs a training job: infrastructure/sagemaker-training.json with what the settings say. Local data is uploaded first.
Follows the job: its status, the lines of its log, at the end the curve of its metrics, what it cost, and where the model
is. Ctrl-C asks whether to stop the job too. Hyperparameters are flags, as of ranker train (ranker train --help).`,
  groups: ['training'],
  flags: JOB_FLAGS,
  moreFlags: HYPERPARAMETER_FLAGS,
  examples: [
    'ranker aws train --train train.csv --validation valid.csv --bucket my-bucket --eta 0.1 --early-stopping-rounds 20',
    'ranker aws train --train s3://my-bucket/judged/ --content-type text/csv --spot true --bucket my-bucket',
  ],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, isDryRun } = context
  const scope = await jobScope(context)
  const channels = channelSources(context, scope)
  const hyperparameters = jobHyperparameters(context)
  const named = (job: string) => trainingRequest(scope, config, { job, channels, hyperparameters })
  const job = await jobName(context, {
    prefix: scope.name,
    content: named(UNNAMED),
    atWork: trainingAtWork,
  })
  const request = named(job)
  const there = !isDryRun && (await isTrainingThere((await context.tools()).api, job))
  const needs = there ? { steps: [], kept: [] } : await planJobNeeds(context, scope, channels)
  const plan = join(needs, make(`training job ${job}`, there, 'sagemaker:CreateTrainingJob', request))
  const { ResourceConfig, StoppingCondition } = request
  if (!there) tellMost(context, ResourceConfig!, StoppingCondition!.MaxRuntimeInSeconds!, scope.region)
  const outcome = await runJob(context, {
    command: 'train',
    what: `training job ${job}`,
    name: job,
    plan,
    follow: (tools) => followTraining(job, tools, context.told),
    stop: (tools) => tools.api.call('sagemaker:StopTrainingJob', { TrainingJobName: job }),
  })
  if (typeof outcome === 'number') return outcome
  const { ended, calls } = outcome
  const { description, curve } = ended
  const model = description.ModelArtifacts?.S3ModelArtifacts
  const metrics = Object.fromEntries(
    (description.FinalMetricDataList ?? []).map(({ MetricName, Value }) => [MetricName!, Value]),
  )
  const bill = billOf(description, scope.region)
  const drawn = drawCurve(curve)
  if (drawn) context.told(drawn)
  context.told(bill.sentence)
  const status = description.TrainingJobStatus
  context.print({ job, status, model, metrics, seconds: bill.seconds, usd: bill.usd, calls }, `${model}\n`)
  return status === 'Completed' ? 0 : 1
}

/** What the job is billed for, by the price table. */
function billOf(description: TrainingDescription, region: string) {
  const { BillableTimeInSeconds: seconds = 0, TrainingTimeInSeconds: training = seconds } = description
  const { InstanceType = '', InstanceCount = 1 } = description.ResourceConfig ?? {}
  const usd = trainingUsd({ InstanceType, InstanceCount }, seconds, region)
  const saved =
    training > 0 && seconds < training
      ? `, ${Math.round(100 * (1 - seconds / training))} % saved by spot`
      : ''
  const cost =
    usd === undefined ? `no price of ${InstanceType} in ${region} is known` : `about $${usd.toFixed(4)}`
  return {
    seconds,
    usd,
    sentence: `billed ${formatSeconds(seconds)} of ${InstanceCount} ${InstanceType}: ${cost}${saved}`,
  }
}
