import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import t from 'tap'
import type { PrintedCall } from '../../src/aws/plan.ts'
import { faultsOf, noAws, startAws, startRuntime } from '../helpers/aws.ts'
import { type CommandOptions, ranker } from '../helpers/command.ts'
import { judgedData, toCsv } from '../helpers/judged-data.ts'
import { emptyFolder, modelFolder } from '../helpers/model.ts'
import { runTrainingJob, unpackModel } from '../helpers/platform.ts'
import { makeBucket } from '../helpers/s3-server.ts'

if (noAws) {
  t.pass('skipped', { skip: noAws })
  t.end()
} else await testJobs()

async function testJobs() {
  const aws = await startAws(t)
  const bucket = makeBucket(aws.s3, 'bucket')
  const cwd = emptyFolder(t)
  const names = ['retail_price', 'cost', 'photos']
  for (const [seed, file] of ['train.csv', 'valid.csv'].entries())
    writeFileSync(
      join(cwd, file),
      toCsv({ ...judgedData({ width: 3, seed: seed + 1 }), featureNames: names }),
    )
  const settings = { bucket: 'bucket', image: 'registry.example/ranker:1', tags: { team: 'search' } }
  writeFileSync(join(cwd, 'ranker.config.json'), JSON.stringify(settings))
  const calls: PrintedCall[] = []

  async function run(argv: readonly string[], options: CommandOptions = {}) {
    const always = ['--poll-seconds', '0.02', '--json']
    const { code, stdout, stderr } = await ranker(['aws', ...argv, ...always], {
      env: aws.env,
      cwd,
      ...options,
    })
    const result = stdout === '' ? undefined : JSON.parse(stdout)
    calls.push(...(result?.calls ?? []))
    return { code, result, stderr }
  }
  t.beforeEach(async () => {
    await aws.reset()
    await aws.control({})
  })
  const requestOf = (result: { calls: PrintedCall[] }, name: string) =>
    result.calls.find(({ operation }) => operation === name)?.request as never

  t.test('from CSV on this disk to a ranked answer through the AWS SDK', async (t) => {
    const data = ['--train', 'train.csv', '--validation', 'valid.csv']
    const flags = ['--num-round', '12', '--early-stopping-rounds', '5', '--eval-metric', 'ndcg@5,ndcg@10']
    const started = await run(['train', ...data, ...flags, '--job', 'life', '--spot', 'true', '--detach'])
    t.equal(started.code, 0, started.stderr)
    const request = requestOf(started.result, 'CreateTrainingJob')
    t.match(request, {
      HyperParameters: { num_round: '12', early_stopping_rounds: '5', eval_metric: 'ndcg@5,ndcg@10' },
      CheckpointConfig: { S3Uri: 's3://bucket/ranker/checkpoints/life' },
      StoppingCondition: { MaxRuntimeInSeconds: 14400, MaxWaitTimeInSeconds: 28800 },
      Tags: [{ Key: 'managed-by' }, { Key: 'team', Value: 'search' }],
    })
    t.match(started.stderr, /^at most about \$0\.92, if 1 ml\.m5\.xlarge run for 4 h 0 min$/m)
    const { code, model } = await runTrainingJob(t, aws, request)
    t.equal(code, 0)

    const ended = {
      TrainingJobStatus: 'Completed',
      ModelArtifacts: { S3ModelArtifacts: model },
      BillableTimeInSeconds: 90,
      TrainingTimeInSeconds: 300,
    }
    await aws.control({
      DescribeTrainingJob: [
        { TrainingJobStatus: 'InProgress' },
        { TrainingJobStatus: 'InProgress', SecondaryStatus: 'Training' },
        ended,
      ],
    })
    const followed = await run(['train', ...data, '--job', 'life'])
    t.equal(followed.code, 0, followed.stderr)
    t.same(followed.result.calls, [], 'the job is there: nothing is started or uploaded twice')
    t.equal(followed.result.model, model)
    t.match(followed.stderr, /^\[0\]\ttrain-ndcg@5:\d\.\d+\ttrain-ndcg@10:/m, 'the lines of its log')
    t.match(followed.stderr, /^validation-ndcg@10 \d\.\d+ [▁-█]+ \d\.\d+ \(\d+ rounds\)$/m, 'its curve')
    t.match(
      followed.stderr,
      /^billed 1 min 30 s of 1 ml\.m5\.xlarge: about \$0\.005[78], 70 % saved by spot$/m,
    )

    // A real server for the archive behind the endpoint.
    await startRuntime(t, unpackModel(t, aws, model))
    const deployed = await run(['deploy', '--model', model])
    t.equal(deployed.code, 0, deployed.stderr)
    const client = new SageMakerRuntimeClient({ region: 'us-east-1' })
    const items = [1, 2, 3].map((id) => ({ id, retail_price: id / 4, cost: 0.1 * id, photos: 0.5 }))
    const answer = await client.send(
      new InvokeEndpointCommand({
        EndpointName: 'ranker',
        ContentType: 'application/json',
        Body: JSON.stringify({ items }),
      }),
    )
    client.destroy()
    const { ranking } = JSON.parse(Buffer.from(answer.Body!).toString())
    t.same(
      ranking.map(({ rank }: { rank: number }) => rank),
      [1, 2, 3],
    )
    t.equal((await run(['delete', '--yes'])).code, 0)
  })

  t.test('what a job would refuse is refused before it is started', async (t) => {
    const refused = async (...argv: string[]) =>
      (await run(['train', '--train', 'train.csv', ...argv, '--dry-run'])).stderr
    t.match(await refused('--eta', '7'), /hyperparameter "eta" is "7": wanted/)
    t.match(await refused('--max-wait', '100'), /training.maxWait: only spot training has it/)
    t.match(await refused('--job', 'a b'), /--job is "a b": wanted letters, digits/)
    t.match((await run(['train'])).stderr, /training.train: it is not set: wanted training data/)
    t.match(
      (await run(['tune', '--train', 'train.csv', '--dry-run'])).stderr,
      /tuning goes by a metric on validation data/,
    )
  })

  t.test('a job that fails says why; one that is left goes on, or is stopped', async (t) => {
    const failure = { TrainingJobStatus: 'Failed', FailureReason: 'AlgorithmError: line 7 has 3 cells' }
    await aws.control({ DescribeTrainingJob: [failure] })
    const failed = await run(['train', '--train', 's3://bucket/x.csv', '--job', 'failing'])
    t.equal(failed.code, 1)
    t.match(failed.stderr, /training job failing ended as Failed: AlgorithmError: line 7 has 3 cells/)
    for (const [answer, wanted] of [
      ['n\n', /stop training job \w+ as well\?.*goes on\nranker aws train --job \w+ follows it again/s],
      ['y\n', /is being stopped/],
    ] as const) {
      await aws.control({ DescribeTrainingJob: [{ TrainingJobStatus: 'InProgress' }] })
      const job = `left${answer[0]}`
      const stdin = Object.assign(Readable.from([answer]), { isTTY: true })
      const interrupt = new AbortController()
      const running = run(['train', '--train', 's3://bucket/x.csv', '--job', job], {
        stdin,
        stop: interrupt.signal,
      })
      for (let tries = 0; tries < 400 && !((await aws.state()).jobs as string[]).includes(job); tries++)
        await sleep(50)
      interrupt.abort()
      const { code, stderr } = await running
      t.equal(code, 130)
      t.match(stderr, wanted)
      await aws.control({})
      const { SageMakerClient, DescribeTrainingJobCommand } = await import('@aws-sdk/client-sagemaker')
      const client = new SageMakerClient({ region: 'us-east-1' })
      const made = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: job }))
      t.equal(made.TrainingJobStatus === 'Stopped', answer === 'y\n')
      client.destroy()
    }
  })

  t.test('a crash at any call: run again, there is one job of each kind', async (t) => {
    writeFileSync(join(cwd, 'lines.jsonl'), '{"items":[]}\n')
    const data = ['--train', 'train.csv', '--validation', 'valid.csv']
    const stages = [
      ['train', ...data, '--spot', 'true', '--instance-count', '2'],
      ['tune', ...data],
      ['batch', '--model', modelFolder(t), '--input', 'lines.jsonl'],
    ]
    let crashes = 0
    for (const stage of stages) {
      for (let runs = 0; runs < 9; runs++) {
        await aws.crash(1)
        const { code, result, stderr } = await run([...stage, '--detach'])
        if (code !== 0) {
          crashes++
          continue
        }
        t.match(stderr, /ranker-(batch-)?[0-9a-f]{6}-\d{8}-\d{6} is at work on the same: it is followed/)
        t.same(result.calls, [])
        break
      }
      await aws.crash(0)
    }
    t.ok(crashes > 5, `${crashes} calls crashed`)
    const kinds = ['ranker-batch', 'ranker', 'ranker'].map((kind) => new RegExp(`^${kind}-\\w{6}-`))
    const { jobs } = (await aws.state()) as { jobs: string[] }
    t.equal(jobs.length, 3, String(jobs))
    for (const kind of kinds) t.ok(jobs.some((job) => kind.test(job)))
    const other = await run(['train', ...data, '--eta', '0.2', '--detach'])
    t.same(other.result.calls.length, 1, 'another job is another one')
  })

  t.test('what AWS refuses names the resource and the way out', async (t) => {
    const train = ['train', '--train', 's3://bucket/x.csv', '--detach']
    const deploy = ['deploy', '--model', modelFolder(t)]
    const role = 'arn:aws:iam::123456789012:role/nobody'
    for (const [operation, [code, text, status = 400], argv, wanted] of [
      [
        'GetCallerIdentity',
        ['ExpiredToken', 'The security token included in the request is expired', 403],
        train,
        /^error: sts:GetCallerIdentity: the AWS credentials have expired \(renew them, such as by aws sso login\)$/m,
      ],
      [
        'GetCallerIdentity',
        ['InvalidClientTokenId', 'The security token included in the request is invalid.', 403],
        deploy,
        /credentials were refused \(InvalidClientTokenId\) \(check AWS_PROFILE or the keys/,
      ],
      [
        'CreateTrainingJob',
        [
          'ResourceLimitExceeded',
          "The account-level service limit 'ml.m5.xlarge for training job usage' is 0 Instances",
        ],
        train,
        /CreateTrainingJob of ranker-[\w-]+: .*limit 'ml\.m5\.xlarge.* is 0 Instances \(ask for more under Service Quotas/,
      ],
      [
        'CreateModel',
        [
          'ValidationException',
          `Could not assume role ${role}. Please ensure that the role exists and allows principal`,
        ],
        [...deploy, '--role', role],
        /CreateModel of ranker-\w+: Could not assume role .*nobody.* trust sagemaker\.amazonaws\.com/,
      ],
      [
        'CreateRole',
        ['AccessDenied', 'User: x is not authorized to perform: iam:CreateRole', 403],
        train,
        /CreateRole of ranker-sagemaker: .*not authorized.*deployer\.json/,
      ],
      [
        'CreateTrainingJob',
        [
          'ValidationException',
          'No S3 objects found under S3 URL "s3://bucket/x.csv" given in input data source',
        ],
        train,
        /No S3 objects found/,
      ],
    ] as [string, [string, string, number?], string[], RegExp][]) {
      await aws.reset()
      await aws.refuse({ [operation]: [code, text, status] })
      const { code: exit, stderr } = await run(argv)
      t.equal(exit, 1)
      t.match(stderr, wanted)
    }
    await aws.refuse({})
    await aws.reset()
    const missing = await run(['train', '--train', 'train.csv', '--bucket', 'no-such-bucket'])
    t.match(missing.stderr, /there is no bucket "no-such-bucket" \(/)
    t.same((await aws.state()).roles, {}, 'said before anything is made')
    t.match(
      (await run(['status'])).stderr,
      /no endpoint "ranker" in the region us-east-1: .*--region names another region/,
    )
    const away = { ...aws.env, AWS_ENDPOINT_URL_STS: '' }
    const before = process.env.AWS_ENDPOINT_URL_STS
    delete process.env.AWS_ENDPOINT_URL_STS
    const lost = await run([...train, '--region', 'xx-nowhere-9'], { env: away })
    process.env.AWS_ENDPOINT_URL_STS = before
    t.match(lost.stderr, /host name in the region xx-nowhere-9 is not known .*--region/)
  })

  t.test('tuning', async (t) => {
    const best = {
      TrainingJobName: 'search-003',
      TunedHyperParameters: { eta: '0.07', max_depth: '6' },
      FinalHyperParameterTuningJobObjectiveMetric: { MetricName: 'validation:ndcg@10', Value: 0.71 },
    }
    const working = {
      HyperParameterTuningJobStatus: 'InProgress',
      TrainingJobStatusCounters: { Completed: 1, InProgress: 2 },
    }
    const status = 'HyperParameterTuningJobStatus'
    await aws.control({
      DescribeHyperParameterTuningJob: [working, { [status]: 'Completed', BestTrainingJob: best }],
    })
    const data = ['--train', 'train.csv', '--validation', 'valid.csv']
    const { code, result, stderr } = await run([
      'tune',
      ...data,
      '--subsample',
      '0.8',
      '--max-jobs',
      '30',
      '--job',
      'search',
    ])
    t.equal(code, 0, stderr)
    const request = requestOf(result, 'CreateHyperParameterTuningJob') as never as {
      HyperParameterTuningJobConfig: { ParameterRanges: Record<string, { Name: string }[]> }
      TrainingJobDefinition: { StaticHyperParameters: Record<string, string> }
    }
    const { ContinuousParameterRanges } = request.HyperParameterTuningJobConfig.ParameterRanges
    t.same(
      ContinuousParameterRanges!.map(({ Name }) => Name),
      ['eta', 'colsample_bytree', 'lambda'],
    )
    t.match(request.TrainingJobDefinition.StaticHyperParameters, { subsample: '0.8', num_round: '1000' })
    t.match(result, { best: 'search-003', metric: 0.71, hyperparameters: { eta: '0.07' } })
    t.match(stderr, /tuning job search: InProgress, 1 jobs done, 2 at work/)
  })

  t.test('a transform job over a local file', async (t) => {
    writeFileSync(join(cwd, 'queries.jsonl'), '{"items":[{"id":"a","price":9,"cost":4,"age":1}]}\n')
    await aws.control({
      DescribeTransformJob: [{ TransformJobStatus: 'InProgress' }, { TransformJobStatus: 'Completed' }],
    })
    const argv = ['batch', '--model', modelFolder(t), '--input', 'queries.jsonl', '--job', 'nightly']
    const { code, result, stderr } = await run(argv)
    t.equal(code, 0, stderr)
    const { TransformInput } = requestOf(result, 'CreateTransformJob') as never as {
      TransformInput: { DataSource: { S3DataSource: { S3Uri: string } } }
    }
    t.match(TransformInput, { ContentType: 'application/jsonlines', SplitType: 'Line' })
    const key = TransformInput.DataSource.S3DataSource.S3Uri.replace('s3://bucket/', '')
    t.equal(readFileSync(join(bucket, key), 'utf8'), readFileSync(join(cwd, 'queries.jsonl'), 'utf8'))
    t.equal(result.output, 's3://bucket/ranker/batch/nightly')
    t.same((await run(argv)).result.calls, [], 'the job is there')
  })

  t.test('logs and metrics', async (t) => {
    const none = await ranker(['aws', 'logs', '--endpoint', 'ranker'], { env: aws.env, cwd })
    t.equal(none.code, 0, none.stderr)
    t.match(none.stderr, /there are no lines in \/aws\/sagemaker\/Endpoints\/ranker/)
    const { CloudWatchClient, PutMetricDataCommand } = await import('@aws-sdk/client-cloudwatch')
    const client = new CloudWatchClient({ region: 'us-east-1' })
    const Dimensions = [
      { Name: 'EndpointName', Value: 'ranker' },
      { Name: 'VariantName', Value: 'A' },
    ]
    const Timestamp = new Date(Date.now() - 600_000)
    const MetricData = [
      { MetricName: 'Invocations', Dimensions, Timestamp, Value: 7 },
      { MetricName: 'ModelLatency', Dimensions, Timestamp, Value: 2500 },
    ]
    await client.send(new PutMetricDataCommand({ Namespace: 'AWS/SageMaker', MetricData }))
    client.destroy()
    const { result } = await run(['metrics'])
    t.match(result, { endpoint: 'ranker', variant: 'A', rows: [{ requests: 7, model_p99_ms: 2.5 }] })
  })

  t.test('AWS would take every request that was made', async (t) => {
    t.ok(calls.length > 10)
    // Requests in JSON were checked as they came.
    t.equal(faultsOf(calls.filter(({ service }) => service === 'iam' || service === 'cloudwatch')), '')
  })
}
