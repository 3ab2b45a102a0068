import { modelRequest } from '../../aws/endpoint/model.ts'
import { found } from '../../aws/failures.ts'
import { dataSource } from '../../aws/jobs/data.ts'
import { followTransform, isTransformThere, transformAtWork } from '../../aws/jobs/follow.ts'
import { transformRequest } from '../../aws/jobs/transform-job.ts'
import { modelSource } from '../../aws/model-source.ts'
import { join, make } from '../../aws/plan.ts'
import { needed } from '../../aws/scope.ts'
import type { AwsCommand, Context } from './aws-command.ts'
import { JOB_FLAGS, jobName, jobScope, planJobNeeds, runJob, UNNAMED } from './jobs.ts'

export const batch: AwsCommand = {
  name: 'batch',
  usage: '--model PLACE --input PLACE [flags]',
  about: `
Scores what lies in S3, or a local file, with a transform job: infrastructure/sagemaker-transform.json with what the settings
say. One query a line of JSON Lines is the shape in which no query is cut in two. Answers lie below --output, one file .out
for each file.`,
  groups: ['batch'],
  flags: JOB_FLAGS,
  examples: ['ranker aws batch --model ranker-output/model --input queries.jsonl --bucket my-bucket'],
  run,
}

async function run(context: Context): Promise<number> {
  const { config, isDryRun, io, folder } = context
  const scope = await jobScope(context)
  const settings = config.batch ?? {}
  const place = needed(
    settings.model,
    'batch.model',
    'a model (--model): a local artefact, or s3://bucket/key',
  )
  const model = await modelSource(scope, place, { cwd: io.cwd, folder })
  const asked = needed(
    settings.input,
    'batch.input',
    'what is scored (--input): s3://bucket/prefix, or a local file',
  )
  const input = dataSource(scope, 'input', asked, io.cwd)
  const ofModel = modelRequest(scope, {
    mode: 'realtime',
    data: model.address,
    environment: undefined,
    owner: `${scope.name}-batch`,
  })
  const { ModelName } = ofModel
  const named = (job: string) =>
    transformRequest(scope, config, { job, model: ModelName!, input: input.address })
  const job = await jobName(context, {
    prefix: `${scope.name}-batch`,
    content: named(UNNAMED),
    atWork: transformAtWork,
  })
  const request = named(job)
  const api = isDryRun ? undefined : (await context.tools()).api
  const isThere = api !== undefined && (await isTransformThere(api, job))
  const hasModel =
    api !== undefined && (await found(api.call('sagemaker:DescribeModel', { ModelName }))) !== undefined
  const channels = {
    train: input,
    model: { address: model.address, uploads: model.upload ? [model.upload] : [] },
  }
  const plan = isThere
    ? make(`transform job ${job}`, true, 'sagemaker:CreateTransformJob', request)
    : join(
        await planJobNeeds(context, scope, channels),
        make(`model ${ModelName}`, hasModel, 'sagemaker:CreateModel', ofModel),
        make(`transform job ${job}`, false, 'sagemaker:CreateTransformJob', request),
      )
  const outcome = await runJob(context, {
    command: 'batch',
    what: `transform job ${job}`,
    name: job,
    plan,
    follow: (tools) => followTransform(job, tools),
    stop: (tools) => tools.api.call('sagemaker:StopTransformJob', { TransformJobName: job }),
  })
  if (typeof outcome === 'number') return outcome
  const { ended, calls } = outcome
  const status = ended.TransformJobStatus
  const output = ended.TransformOutput?.S3OutputPath
  context.print({ job, status, output, calls }, `${output}\n`)
  return status === 'Completed' ? 0 : 1
}
