import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CreateTrainingJobCommandInput } from '@aws-sdk/client-sagemaker'
import type { Test } from 'tap'
import { parseS3Address } from '../../src/storage/s3-address.ts'
import { readTarGz, writeTarGz } from '../../src/storage/tar.ts'
import type { Aws } from './aws.ts'
import { writeTree } from './command.ts'
import { startJob } from './job.ts'
import { emptyFolder } from './model.ts'

/**
 * Does what the platform does with a training job: brings its channels from S3, runs the image's entry point, takes the
 * model back to S3 and the lines of its log to CloudWatch. @returns the model's address
 */
export async function runTrainingJob(
  t: Test,
  { s3: { folder } }: Aws,
  request: CreateTrainingJobCommandInput,
): Promise<{ code: number | null; model: string }> {
  const root = emptyFolder(t)
  const { TrainingJobName: job, HyperParameters = {}, InputDataConfig = [], OutputDataConfig } = request
  writeTree(root, {
    'input/config/hyperparameters.json': HyperParameters,
    'input/config/inputdataconfig.json': Object.fromEntries(
      InputDataConfig.map(({ ChannelName, ContentType }) => [
        ChannelName,
        { TrainingInputMode: 'File', ...(ContentType && { ContentType }) },
      ]),
    ),
  })
  for (const { ChannelName, DataSource } of InputDataConfig) {
    const { bucket, key } = parseS3Address(DataSource!.S3DataSource!.S3Uri!)
    const from = join(folder, bucket, key)
    const to = join(root, 'input/data', ChannelName!)
    mkdirSync(to, { recursive: true })
    if (statSync(from).isDirectory()) cpSync(from, to, { recursive: true })
    else writeFileSync(join(to, key.split('/').at(-1)!), readFileSync(from))
  }
  const { code, stdout, stderr } = await startJob(t, root).ended
  await putLog('/aws/sagemaker/TrainingJobs', `${job}/algo-1-1700000000`, `${stdout}${stderr}`)
  const model = `${OutputDataConfig!.S3OutputPath}/${job}/output/model.tar.gz`
  const names = readdirSync(join(root, 'model'))
  const files = new Map(names.map((name) => [name, readFileSync(join(root, 'model', name))]))
  const { bucket, key } = parseS3Address(model)
  mkdirSync(dirname(join(folder, bucket, key)), { recursive: true })
  writeFileSync(join(folder, bucket, key), writeTarGz(files))
  return { code, model }
}

/** Unpacks a model of S3 as the platform does for a container. @returns the folder */
export function unpackModel(t: Test, { s3: { folder } }: Aws, model: string): string {
  const { bucket, key } = parseS3Address(model)
  const target = emptyFolder(t)
  for (const [name, content] of readTarGz(join(folder, bucket, key))) {
    mkdirSync(dirname(join(target, name)), { recursive: true })
    writeFileSync(join(target, name), content)
  }
  return target
}

async function putLog(logGroupName: string, logStreamName: string, text: string): Promise<void> {
  const { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } =
    await import('@aws-sdk/client-cloudwatch-logs')
  const client = new CloudWatchLogsClient({ region: 'us-east-1' })
  const lines = text.split('\n').filter((line) => line !== '')
  await client.send(new CreateLogGroupCommand({ logGroupName }))
  await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }))
  const timestamp = Date.now()
  const logEvents = lines.map((message) => ({ timestamp, message }))
  await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }))
  client.destroy()
}
