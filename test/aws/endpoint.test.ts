import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { PrintedCall } from '../../src/aws/plan.ts'
import { type Aws, faultsOf, noAws, startAws, startRuntime } from '../helpers/aws.ts'
import { ranker } from '../helpers/command.ts'
import { modelFolder } from '../helpers/model.ts'
import { makeBucket } from '../helpers/s3-server.ts'

if (noAws) {
  t.pass('skipped', { skip: noAws })
  t.end()
} else await testEndpoints()

async function testEndpoints() {
  const aws: Aws = await startAws(t)
  const bucket = makeBucket(aws.s3, 'bucket')
  const model = modelFolder(t)
  const other = modelFolder(t, {
    'code/inference.js': 'export const outputFn = (prediction) => prediction\n',
  })
  const runtime = await startRuntime(t, model)
  const calls: PrintedCall[] = []

  /** Runs a command; what --json prints comes back read. */
  const run = (...argv: string[]) => runUntil(undefined, ...argv)
  async function runUntil(stop: AbortSignal | undefined, ...argv: string[]) {
    const always = [
      '--bucket',
      'bucket',
      '--poll-seconds',
      '0.02',
      '--image',
      'registry.example/ranker:1',
      '--json',
    ]
    const known = argv[0] === 'package' ? ['--json'] : always
    const { code, stdout, stderr } = await ranker(['aws', ...argv, ...known], {
      env: aws.env,
      ...(stop && { stop }),
    })
    const result = stdout === '' ? undefined : JSON.parse(stdout)
    if (Array.isArray(result?.calls)) calls.push(...result.calls)
    return {
      code,
      result,
      stderr,
      operations: (result?.calls ?? []).map(({ operation }: PrintedCall) => operation),
    }
  }
  const configOf = async () => (await aws.state()).endpoints as Record<string, [string, string[]]>
  t.beforeEach(async () => {
    await aws.reset()
    await aws.control({})
    process.env.AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME = runtime
  })

  t.test('one command makes an endpoint that answers; the second one changes nothing', async (t) => {
    await aws.control({ DescribeEndpoint: [{ EndpointStatus: 'Creating' }, { EndpointStatus: 'InService' }] })
    const first = await run('deploy', '--model', model)
    t.equal(first.code, 0, first.stderr)
    t.same(first.operations, [
      'CreateRole',
      'PutRolePolicy',
      'PutObject',
      'CreateModel',
      'CreateEndpointConfig',
      'PutMetricAlarm',
      'PutMetricAlarm',
      'CreateEndpoint',
      'PutDashboard',
      'AddTags',
    ])
    const [answer] = first.result.answers.map(JSON.parse)
    t.same(answer.model, { name: 'lots', version: '7' }, 'the real server ranked the golden rows')
    t.equal(answer.ranking.length, 3)
    t.match(first.stderr, /endpoint ranker: Creating \(0 s\)\nendpoint ranker: InService/)
    const state = await aws.state()
    const second = await run('deploy', '--model', model)
    t.same([second.code, second.operations], [0, []])
    t.match(second.stderr, /nothing to change/)
    t.same(await aws.state(), state)

    const { result } = await run('status')
    t.match(result, { status: 'InService', variants: [{ variant: 'A', on: 'ml.c6i.large', instances: 1 }] })
    writeFileSync(join(model, '../query.json'), '{"items":[{"id":"x","price":9,"cost":4,"age":1}]}')
    const asked = await run('invoke', '--query', join(model, '../query.json'))
    t.match(JSON.parse(asked.result.body), { ranking: [{ id: 'x', rank: 1, score: 1.5 }] })
    const refused = await ranker(['aws', 'invoke', '--content-type', 'text/csv'], {
      env: aws.env,
      stdin: '1,2\n',
    })
    t.match(refused.stderr, /InvokeEndpoint of ranker: .*row 1 has 2 values: the model takes 3 features/)
  })

  t.test('a change goes over blue/green, and back', async (t) => {
    await run('deploy', '--model', model)
    const before = (await configOf()).ranker![0]
    const flags = ['--deployment-strategy', 'canary', '--deployment-step', '20', '--autoscaling-max', '4']
    const changed = await run('deploy', '--model', other, ...flags, '--capture-percent', '25')
    t.equal(changed.code, 0, changed.stderr)
    const update = changed.result.calls.find(
      ({ operation }: PrintedCall) => operation === 'UpdateEndpoint',
    ).request
    t.match(update, {
      RetainAllVariantProperties: true,
      DeploymentConfig: {
        BlueGreenUpdatePolicy: {
          TrafficRoutingConfiguration: { Type: 'CANARY', CanarySize: { Value: 20 } },
        },
        AutoRollbackConfiguration: {
          Alarms: [{ AlarmName: 'ranker-A-errors' }, { AlarmName: 'ranker-A-latency' }],
        },
      },
    })
    const after = (await configOf()).ranker![0]
    t.not(after, before)
    const state = await aws.state()
    t.same([state.targets, state.policies], [['endpoint/ranker/variant/A'], ['ranker-load']])
    t.match((await run('status')).result, { before, autoscaling: [{ min: 1, max: 4 }] })

    t.equal((await run('rollback')).code, 0)
    t.equal((await configOf()).ranker![0], before)
    t.same((await run('rollback')).operations, [], 'once')
    t.equal((await run('rollback', '--to', after)).code, 0)
    t.equal((await configOf()).ranker![0], after)
  })

  t.test('A and B: weights, promotion', async (t) => {
    const both = ['--weight', '9', '--b-model', other, '--b-weight', '1']
    const { code, stderr, result } = await run('deploy', '--model', model, ...both)
    t.equal(code, 0, stderr)
    t.equal(result.answers.length, 2, 'both variants are asked')
    t.equal((await run('shift', '--weights', 'A=0.5,B=0.5')).code, 0)
    const { variants } = (await run('status')).result
    t.match(variants, [
      { variant: 'A', weight: 0.5, instances: 1 },
      { variant: 'B', weight: 0.5, instances: 1 },
    ])
    t.same((await run('shift', '--weights', 'A=0.5,B=0.5')).operations, [], 'nothing is done twice')
    t.match((await run('shift', '--weights', 'C=1')).stderr, /has no variant "C": its variants are A, B/)
    t.equal((await run('promote')).code, 0)
    const promoted = (await run('status')).result
    t.match(promoted.variants, [{ variant: 'A', model: variants[1].model, weight: 1 }])
    t.equal(promoted.variants.length, 1)
    t.same((await run('promote')).operations, [], 'once')
    await run('deploy', '--model', other, '--instance-count', '2')
    t.match((await run('promote')).stderr, /has no variant "B or Shadow": its variants are A/)
  })

  t.test('a shadow variant, promoted', async (t) => {
    t.equal(
      (await run('deploy', '--model', model, '--shadow-model', other, '--shadow-weight', '0.5')).code,
      0,
    )
    const { variants } = (await run('status')).result
    t.match(variants, [{ kind: 'production' }, { variant: 'Shadow', kind: 'shadow', weight: 0.5 }])
    t.equal((await run('promote')).code, 0)
    t.match((await run('status')).result.variants, [{ variant: 'A', model: variants[1].model }])
  })

  t.test('serverless and multi-model', async (t) => {
    const serverless = ['--mode', 'serverless', '--memory', '3072', '--max-concurrency', '10']
    const made = await run('deploy', '--model', model, ...serverless)
    t.equal(made.code, 0, made.stderr)
    const request = (name: string) =>
      made.result.calls.find(({ operation }: PrintedCall) => operation === name).request
    t.same(request('CreateEndpointConfig').ProductionVariants[0].ServerlessConfig, {
      MemorySizeInMB: 3072,
      MaxConcurrency: 10,
    })
    t.equal(request('CreateModel').EnableNetworkIsolation, false)
    await run('package', '--model-path', model, '--output', join(bucket, 'many/a.tar.gz'))
    const many = await run(
      'deploy',
      '--endpoint',
      'many',
      '--mode',
      'multi-model',
      '--model',
      's3://bucket/many',
    )
    t.equal(many.code, 0, many.stderr)
    t.match(JSON.parse(many.result.answers[0]), { model: { name: 'lots' } }, 'asked of the first model')
    t.match(many.result.calls[0].request.PrimaryContainer, {
      Mode: 'MultiModel',
      ModelDataUrl: 's3://bucket/many/',
    })
    const none = await run('deploy', '--mode', 'multi-model', '--model', 's3://bucket/none/')
    t.match(none.stderr, /s3:\/\/bucket\/none\/: there is no model below it/)
  })

  t.test('an endpoint that does not answer goes back to what it was', async (t) => {
    await run('deploy', '--model', model)
    const before = await aws.state()
    const broken = join(model, '../broken.json')
    writeFileSync(broken, '{"items":[{"id":"x","prise":9}]}')
    const failed = await run('deploy', '--model', other, '--query', broken)
    t.equal(failed.code, 1)
    t.match(failed.stderr, /does not answer its smoke query: .*price.*; it was taken back\n$/)
    t.same((await configOf()).ranker![0], (before.endpoints as never as Record<string, string[]>).ranker![0])
    await run('delete', '--yes')
    const first = await run('deploy', '--model', other, '--query', broken)
    t.equal(first.code, 1)
    const { roles, ...rest } = await aws.state()
    t.same(Object.keys(roles as object), ['ranker-sagemaker'])
    for (const [kind, there] of Object.entries(rest)) t.same(Object.values(there as object), [], `no ${kind}`)
  })

  t.test('an endpoint that AWS gives up on', async (t) => {
    await run('deploy', '--model', model)
    const before = (await configOf()).ranker![0]
    const back = {
      EndpointStatus: 'InService',
      EndpointConfigName: before,
      FailureReason: 'alarm ranker-A-errors',
    }
    await aws.control({ DescribeEndpoint: [{}, { EndpointStatus: 'Updating' }, back] })
    const { code, stderr } = await run('deploy', '--model', other)
    t.equal(code, 1)
    t.match(
      stderr,
      new RegExp(
        `endpoint "ranker" is rolled back by AWS: alarm ranker-A-errors; it serves ${before} as before`,
      ),
    )
    await aws.control({ DescribeEndpoint: [{ EndpointStatus: 'Failed', FailureReason: 'no ping' }] })
    t.match((await run('deploy', '--model', model)).stderr, /is Failed: no ping/)
  })

  t.test('a smoke query that fails on an endpoint as it was changes nothing of it', async (t) => {
    const broken = join(model, '../broken.json')
    writeFileSync(broken, '{"items":[{"id":"x","prise":9}]}')
    await run('deploy', '--model', model)
    await run('deploy', '--model', other)
    const before = await aws.state()
    const asked = await run('deploy', '--model', other, '--query', broken)
    t.match(asked.stderr, /price.*; this run did not change what it serves, so it stays\n$/)
    t.same(await aws.state(), before)
    const changed = ['--capture-percent', '5', '--autoscaling-max', '3', '--query', broken]
    t.match((await run('deploy', '--model', other, ...changed)).stderr, /; it was taken back\n$/)
    const { endpoints, targets } = await aws.state()
    t.same(
      [endpoints, targets],
      [before.endpoints, []],
      'with its note of what was before, and no autoscaling',
    )
  })

  t.test(
    'instances that autoscaling has started outlive promotion and return; floors come and go',
    async (t) => {
      const settings = (min: number, ...floors: string[]) => {
        const schedule = floors.map((name) => ({ name, cron: 'cron(0 6 * * ? *)', min: 2 }))
        const file = join(model, '../scaled.json')
        writeFileSync(file, JSON.stringify({ endpoint: { autoscaling: { min, max: 4, schedule } } }))
        return ['--config', file]
      }
      const both = ['deploy', '--model', model, '--b-model', other]
      t.equal((await run(...both, ...settings(1, 'morning', 'sale'))).code, 0)
      t.same((await aws.state()).floors, ['ranker-morning', 'ranker-sale'])
      const RetainAllVariantProperties = true
      for (const move of ['promote', 'rollback']) {
        const { result } = await run(move)
        const update = result.calls.find(({ operation }: PrintedCall) => operation === 'UpdateEndpoint')
        t.match(update.request, { RetainAllVariantProperties }, move)
      }
      const fewer = await run(...both, ...settings(2, 'morning'))
      t.same(fewer.operations, ['RegisterScalableTarget', 'DeleteScheduledAction'])
      t.same((await aws.state()).floors, ['ranker-morning'])
      const alone = await run('deploy', '--model', model)
      t.match(alone.stderr, /- autoscaling of endpoint\/ranker\/variant\/A/)
      t.match(alone.stderr, /- alarms ranker-B-errors, ranker-B-latency/)
      const { targets, floors, alarms } = await aws.state()
      t.same([targets, floors, alarms], [[], [], ['ranker-A-errors', 'ranker-A-latency']])
    },
  )

  t.test('Ctrl-C between two steps stops there, and the next run goes on', async (t) => {
    await aws.control({ DescribeEndpoint: [{ EndpointStatus: 'Creating' }] })
    const before = await runUntil(AbortSignal.abort(), 'deploy', '--model', model)
    t.match(
      before.stderr,
      /stopped before role ranker-sagemaker: what is done stays, and the same command continues/,
    )
    t.same((await aws.state()).roles, {})
    const waiting = await runUntil(AbortSignal.timeout(1500), 'deploy', '--model', model)
    t.match(waiting.stderr, /stopped/)
    await aws.control({})
    t.equal((await run('deploy', '--model', model)).code, 0)
  })

  t.test('what was not made here is neither changed nor removed unasked', async (t) => {
    const clients = await import('@aws-sdk/client-cloudwatch')
    const watch = new clients.CloudWatchClient({ region: 'us-east-1' })
    t.teardown(() => watch.destroy())
    const alarm = (AlarmName: string) =>
      watch.send(
        new clients.PutMetricAlarmCommand({
          AlarmName,
          Namespace: 'theirs',
          MetricName: 'theirs',
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 1,
          ComparisonOperator: 'GreaterThanThreshold',
        }),
      )
    const DashboardBody = JSON.stringify({ widgets: [] })
    await watch.send(new clients.PutDashboardCommand({ DashboardName: 'ranker', DashboardBody }))
    for (const name of ['ranker-A-errors', 'ranker-A-of-theirs', 'ranker-A-x-A-errors']) await alarm(name)
    const { IAMClient, CreateRoleCommand, DeleteRoleCommand } = await import('@aws-sdk/client-iam')
    const iam = new IAMClient({ region: 'us-east-1' })
    t.teardown(() => iam.destroy())
    const RoleName = 'ranker-sagemaker'
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}' }))
    const before = await aws.state()
    const refused = async (wanted: RegExp) => {
      const { code, stderr } = await run('deploy', '--model', model)
      t.match([code, stderr], [1, wanted])
    }
    await refused(/alarm ranker-A-errors exists already .*--force to take it over/)
    await watch.send(new clients.DeleteAlarmsCommand({ AlarmNames: ['ranker-A-errors'] }))
    await refused(/dashboard ranker exists already/)
    const named = ['--dashboard', 'false']
    t.match(
      (await run('deploy', '--model', model, ...named)).stderr,
      /role ranker-sagemaker exists already .*--role/,
    )
    t.match(
      (await run('train', '--train', 's3://bucket/x.csv')).stderr,
      /role ranker-sagemaker exists already/,
    )
    t.same({ ...(await aws.state()), alarms: 0 }, { ...before, alarms: 0 }, 'nothing was changed')
    await iam.send(new DeleteRoleCommand({ RoleName }))

    t.equal((await run('deploy', '--model', model, ...named)).code, 0)
    const { SageMakerClient, CreateModelCommand, DeleteTagsCommand } = await import(
      '@aws-sdk/client-sagemaker'
    )
    const client = new SageMakerClient({ region: 'us-east-1' })
    t.teardown(() => client.destroy())
    const theirs = {
      ModelName: 'ranker-of-theirs',
      ExecutionRoleArn: 'arn:aws:iam::123456789012:role/theirs-role',
    }
    await client.send(new CreateModelCommand(theirs))
    const ResourceArn = 'arn:aws:sagemaker:us-east-1:123456789012:endpoint/ranker'
    await client.send(new DeleteTagsCommand({ ResourceArn, TagKeys: ['managed-by'] }))
    for (const change of [
      ['deploy', '--model', other, ...named],
      ['shift', '--weights', 'A=2'],
      ['promote'],
      ['rollback', '--to', 'x'],
    ])
      t.match((await run(...change)).stderr, /endpoint ranker exists already and was not made by this tool/)
    const kept = await run('delete', '--yes')
    t.same(kept.operations, [])
    t.match(kept.stderr, /= endpoint ranker \(not made here: --force takes it too\)/)

    t.equal((await run('deploy', '--model', other, ...named, '--force')).code, 0)
    const removed = await run('delete', '--yes', '--with-role')
    t.match(removed.stderr, /= dashboard ranker \(not made here: --force takes it too\)/)
    const { alarms, dashboards, models, ...rest } = await aws.state()
    t.same(
      [alarms, dashboards, models],
      [['ranker-A-of-theirs', 'ranker-A-x-A-errors'], ['ranker'], ['ranker-of-theirs']],
    )
    for (const [kind, there] of Object.entries(rest)) t.same(Object.values(there as object), [], kind)
    t.equal((await run('delete', '--yes', '--force')).code, 0)
    const { dashboards: none, ...others } = await aws.state()
    t.same([none, others.models, others.alarms], [[], models, alarms], 'even so only what has its name')
  })

  t.test('the longest names: all of it is found again', async (t) => {
    const name = 'Long'.padEnd(63, 'g')
    const made = await run('deploy', '--name', name, '--model', model)
    t.equal(made.code, 0, made.stderr)
    t.same((await run('deploy', '--name', name, '--model', model)).operations, [])
    t.equal((await run('delete', '--name', name, '--yes', '--with-role')).code, 0)
    for (const [kind, there] of Object.entries(await aws.state()))
      t.same(Object.values(there as object), [], kind)
  })

  t.test('removal asks, and takes all of it', async (t) => {
    await run('deploy', '--model', model, '--autoscaling-max', '3')
    t.match((await run('delete')).stderr, /remove endpoint ranker and what belongs to it needs confirmation/)
    const { operations } = await run('delete', '--yes', '--with-role')
    t.same(operations, [
      'DeregisterScalableTarget',
      'DeleteEndpoint',
      'DeleteEndpointConfig',
      'DeleteModel',
      'DeleteAlarms',
      'DeleteDashboards',
      'DeleteRolePolicy',
      'DeleteRole',
    ])
    for (const [kind, there] of Object.entries(await aws.state()))
      t.same(Object.values(there as object), [], kind)
    t.same((await run('delete', '--yes')).operations, [])
  })

  t.test('a crash at any call leaves nothing half-made: run again, it ends as without', async (t) => {
    const flags = ['--autoscaling-max', '3', '--shadow-model', other]
    const stages = [
      ['deploy', '--model', model, ...flags],
      ['deploy', '--model', other, '--autoscaling-max', '5', '--deployment-strategy', 'linear'],
      ['rollback'],
      ['promote'],
      ['shift', '--weights', 'A=2'],
      ['delete', '--yes', '--with-role'],
    ]
    const wanted: unknown[] = []
    for (const stage of stages) {
      t.equal((await run(...stage)).code, 0)
      wanted.push(await aws.state())
    }
    let crashes = 0
    for (const [at, stage] of stages.entries()) {
      // Each run gets one call further.
      for (let runs = 0; runs < 20; runs++) {
        await aws.crash(1)
        const { code } = await run(...stage)
        if (code === 0) break
        crashes++
      }
      await aws.crash(0)
      t.same(await aws.state(), wanted[at], stage.join(' '))
    }
    t.ok(crashes > 20, `${crashes} calls crashed`)
  })

  t.test('AWS would take every request that was made', async (t) => {
    t.ok(calls.length > 100)
    // Requests in JSON were checked as they came.
    t.equal(faultsOf(calls.filter(({ service }) => service === 'iam' || service === 'cloudwatch')), '')
  })
}
