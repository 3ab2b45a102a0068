import { spawnSync } from 'node:child_process'
import dns from 'node:dns'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { openApi } from '../../src/aws/api.ts'
import { compare, instancesFor, type Load, switchingPoint } from '../../src/aws/cost/model.ts'
import { readPrices, renewed } from '../../src/aws/cost/prices.ts'
import { awsFailure } from '../../src/aws/failures.ts'
import type { PrintedCall } from '../../src/aws/plan.ts'
import { leavesOf } from '../../src/aws/schema.ts'
import { AWS_COMMANDS, loadAwsCommand } from '../../src/cli/aws/aws.ts'
import { COMMON_FLAGS } from '../../src/cli/aws/aws-command.ts'
import { readTarGz } from '../../src/storage/tar.ts'
import { faultsOf, noAws } from '../helpers/aws.ts'
import { ranker } from '../helpers/command.ts'
import { emptyFolder, modelFolder } from '../helpers/model.ts'

const root = join(import.meta.dirname, '../..')
const env = { AWS_REGION: 'eu-west-1' }

/** Runs with every way to the network cut, and counts the tries. */
async function offline<T>(work: () => Promise<T>): Promise<{ result: T; tries: number }> {
  const real = { connect: Socket.prototype.connect, lookup: dns.lookup }
  let tries = 0
  const cut = () => {
    tries++
    throw new Error('no network here')
  }
  Object.assign(Socket.prototype, { connect: cut })
  Object.assign(dns, { lookup: cut })
  try {
    return { result: await work(), tries }
  } finally {
    Object.assign(Socket.prototype, { connect: real.connect })
    Object.assign(dns, { lookup: real.lookup })
  }
}

t.test('a dry run prints the exact requests, and touches no network', async (t) => {
  const model = modelFolder(t)
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'train.csv'), 'label,qid,a\n1,1,2\n')
  writeFileSync(join(cwd, 'query.json'), '{"items":[]}')
  const yaml = `
bucket: bucket
tags: { team: search }
kmsKey: 1234abcd-12ab-34cd-56ef-1234567890ab
subnets: [subnet-0123456789abcdef0]
securityGroups: [sg-0123456789abcdef0]
training: { train: train.csv, validation: s3://bucket/valid/ }
tuning: { ranges: { eta: { min: 0.01, max: 0.3, scale: Logarithmic }, max_depth: { min: 3, max: 9 } } }
batch: { input: s3://bucket/queries/ }
endpoint:
  query: query.json
  capture: { percent: 20 }
  alarms: { errors: 0.5, latency: 80, topic: 'arn:aws:sns:eu-west-1:123456789012:alarms' }
  autoscaling:
    min: 2
    max: 9
    schedule: [{ name: morning, cron: cron(0 6 * * ? *), timezone: Europe/Berlin, min: 4 }]
  deployment: { strategy: linear, step: 20 }
`
  writeFileSync(join(cwd, 'ranker.config.yaml'), yaml)
  const async = [
    '--model',
    model,
    '--bucket',
    'bucket',
    '--mode',
    'async',
    '--autoscaling-min',
    '0',
    '--autoscaling-max',
    '2',
    '--error-topic',
    'arn:aws:sns:eu-west-1:123456789012:errors',
  ]
  const runs: string[][] = [
    ['deploy', '--model', model],
    ['deploy', '--model', model, '--b-model', 's3://bucket/b/model.tar.gz', '--b-weight', '0.2'],
    [
      'deploy',
      '--model',
      model,
      '--shadow-model',
      's3://bucket/b/model.tar.gz',
      '--deployment-strategy',
      'rolling',
    ],
    ['deploy', ...async, '--config', 'none.json'],
    [
      'deploy',
      '--model',
      model,
      '--mode',
      'serverless',
      '--provisioned-concurrency',
      '2',
      '--autoscaling-max',
      '5',
      '--bucket',
      'bucket',
      '--config',
      'none.json',
    ],
    [
      'deploy',
      '--model',
      's3://bucket/many',
      '--mode',
      'multi-model',
      '--config',
      'none.json',
      '--bucket',
      'bucket',
    ],
    ['promote', '--model', model, '--b-model', model, '--b-weight', '3', '--environment', 'A=1'],
    ['rollback', '--to', 'ranker-0123456789'],
    ['shift', '--weights', 'A=9,B=1'],
    ['delete', '--model', model, '--with-role'],
    ['train', '--eta', '0.1', '--instance-count', '2', '--distribution', 'ShardedByS3Key', '--spot', 'true'],
    ['tune', '--eval-metric', 'ndcg@10', '--strategy', 'Random'],
    ['batch', '--model', model],
    ['push'],
    ['invoke'],
    ['status'],
    ['logs', '--job', 'x'],
    ['metrics'],
    ['cost', '--refresh', '--prices', 'x.json'],
  ]
  writeFileSync(join(cwd, 'none.json'), '{}')
  const calls: PrintedCall[] = []
  const { tries } = await offline(async () => {
    for (const [name, ...flags] of runs) {
      const { code, stdout, stderr } = await ranker(['aws', name!, ...flags, '--dry-run'], { env, cwd })
      t.equal(code, 0, `${name} ${flags.join(' ')}: ${stderr}`)
      const printed = JSON.parse(stdout) as PrintedCall[]
      t.ok(printed.length > 0, `${name} prints requests`)
      calls.push(...printed.filter(({ service }) => service !== 'local' && service !== 'https'))
    }
  })
  t.equal(tries, 0)
  const commands = new Set([...runs.map(([name]) => name), 'package'])
  t.same(new Set(AWS_COMMANDS), commands, 'every command was run')
  const uploads = calls.filter(
    ({ operation, request }) => operation === 'PutObject' && 'SSEKMSKeyId' in request,
  )
  t.ok(uploads.length > 3, 'data and models are encrypted with the key that is set')
  await t.test('and AWS would take them', { skip: noAws }, async (t) =>
    t.equal(faultsOf(calls.filter(({ operation }) => operation !== 'GetMetricData')), ''),
  )
  // What the SDK is for is loaded by the first call alone.
  const script = `
    const { runCommand } = await import('./src/cli/commands.ts')
    const { Readable, Writable } = await import('node:stream')
    const stdout = new Writable({ write: (_, __, done) => done() })
    const io = { env: { AWS_REGION: 'x' }, stdin: Readable.from([]), stdout, stderr: stdout, cwd: ${JSON.stringify(cwd)}, stop: new AbortController().signal }
    const { registerHooks } = await import('node:module')
    const seen = []
    registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context) } })
    await runCommand(['aws', 'deploy', '--model', 's3://bucket/model.tar.gz', '--dry-run'], io)
    process.stdout.write(JSON.stringify(seen.filter((url) => url.includes('/@aws-sdk/'))))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  t.same(JSON.parse(stdout), [])
})

t.test('settings: flags over the environment over the file, and every fault by its name', async (t) => {
  const cwd = t.testdir({
    'ranker.config.yaml':
      'name: file\nbucket: of-file\nendpoint: { instanceCount: 2, instanceType: ml.m5.large }\n',
    'odd.json': '{"endpoint":{"instanceCont":2}}',
    'bad.yaml': 'name: [1\n',
    'type.json': '{"endpoint":{"instanceCount":"two"}}',
    'range.json': '{"tuning":{"ranges":{"eta":{"min":1,"max":0.1}}}}',
    'profile.ini': '[default]\nregion = eu-south-2\n',
    two: { 'ranker.config.json': '{}', 'ranker.config.yaml': '' },
  })
  const dry = async (argv: string[], more = {}) => {
    const { code, stdout, stderr } = await ranker(['aws', ...argv, '--dry-run'], {
      cwd,
      env: { ...env, ...more },
    })
    return { code, stderr, calls: code === 0 ? (JSON.parse(stdout) as PrintedCall[]) : [] }
  }
  const model = ['--model', 's3://b/model.tar.gz']
  const { calls } = await dry(['deploy', ...model, '--instance-type', 'ml.c7i.large'], {
    RANKER_AWS_ENDPOINT_INSTANCE_COUNT: '5',
    RANKER_AWS_ENDPOINT_INSTANCE_TYPE: 'ml.c5.large',
  })
  const made = calls.find(({ operation }) => operation === 'CreateEndpointConfig')!.request
  t.match(made, { ProductionVariants: [{ InstanceType: 'ml.c7i.large', InitialInstanceCount: 5 }] })
  for (const [argv, wanted, more] of [
    [
      ['deploy', ...model, '--config', 'odd.json'],
      /endpoint\.instanceCont: there is no such setting; did you mean instanceCount\?/,
    ],
    [['deploy', ...model, '--config', 'bad.yaml'], /bad\.yaml cannot be read/],
    [
      ['deploy', ...model, '--config', 'type.json'],
      /endpoint\.instanceCount: .*expected number, received string/,
    ],
    [['deploy', ...model, '--config', 'absent.json'], /absent\.json is missing/],
    [['deploy', ...model, '--instance-count', '0'], /--instance-count: .*>=1/],
    [['deploy', ...model, '--instance-count', 'two'], /--instance-count is "two": wanted a number/],
    [
      ['deploy', ...model, '--mode', 'fast'],
      /--mode is "fast": wanted realtime, serverless, async, multi-model/,
    ],
    [['deploy', ...model, '--mode', 'serverless', '--config', 'none.json'], /none\.json is missing/],
    [
      ['deploy', ...model, '--mode', 'serverless'],
      /endpoint\.instanceType: an endpoint of mode serverless has no such setting/,
    ],
    [
      ['deploy', ...model, '--autoscaling-max', '2', '--autoscaling-min', '0'],
      /only asynchronous endpoints scale to none/,
    ],
    [['deploy', ...model, '--autoscaling-min', '2'], /autoscaling\.max: it is not set/],
    [
      ['deploy', ...model, '--b-model', 's3://b/x', '--shadow-model', 's3://b/y'],
      /a shadow variant has one other variant/,
    ],
    [['deploy', ...model, '--subnets', 'subnet-1'], /subnets and securityGroups: wanted both/],
    [['deploy', ...model, '--kms-key', 'alias/x'], /kmsKey: it is the alias alias\/x/],
    [['deploy', '--model', 'nowhere'], /no model found/],
    [['deploy'], /endpoint\.model: it is not set/],
    [
      ['deploy', ...model, '--instence-type', 'x'],
      /unknown flag "--instence-type" of ranker aws deploy; did you mean --instance-type\?/,
    ],
    [
      ['deploy', ...model],
      /RANKER_AWS_ENDPOINT_WEIGHT is "x": wanted a number/,
      { RANKER_AWS_ENDPOINT_WEIGHT: 'x' },
    ],
    [['deploy', ...model], /region: it is not set: wanted such as us-east-1 .*profile/, { AWS_REGION: '' }],
    [
      ['deploy', ...model],
      /RANKER_AWS_ENDPOINT_INSTANCE_COUNTS: there is no such setting; did you mean RANKER_AWS_ENDPOINT_INSTANCE_COUNT\?/,
      { RANKER_AWS_ENDPOINT_INSTANCE_COUNTS: '3' },
    ],
    [['tune', '--config', 'range.json'], /tuning\.ranges\.eta: wanted min below max, or values/],
    [['deploy', ...model, '--instance-count='], /--instance-count of ranker aws deploy needs a value/],
    [
      ['deploy', ...model],
      /AWS_REGION is "us-east-1\\nx": wanted such as us-east-1/,
      { AWS_REGION: 'us-east-1\nx' },
    ],
    [['deploy', ...model, '--region', 'evil.example/x'], /--region: wanted such as us-east-1/],
    [['push', '--repository', '--evil'], /--repository: wanted lower-case letters/],
    [['deploy', ...model, '--image', '--evil'], /--image: wanted such as registry/],
    [['train', '--train', '/dev/zero'], /\/dev\/zero is a FIFO or a device: wanted a plain file/],
    [['train', '--train', 'nowhere.csv'], /nowhere\.csv cannot be read/],
    [['rollback'], /endpoint "file" has no known earlier configuration/],
    [['shift', '--weights', 'A'], /--weights is "A": wanted such as A=0\.9,B=0\.1/],
    [['shift', '--weights', 'A=0'], /one weight above 0/],
    [['deplpy'], /has no command "deplpy"; did you mean deploy\?/],
  ] as [string[], RegExp, object?][]) {
    const { code, stderr } = await dry(argv, more)
    t.equal(code, 1, argv.join(' '))
    t.match(stderr, wanted)
  }
  const both = await ranker(['aws', 'deploy', ...model, '--dry-run'], { cwd: join(cwd, 'two'), env })
  t.match(both.stderr, /ranker\.config\.json and ranker\.config\.yaml: wanted one file of settings/)
  const before = process.env.AWS_CONFIG_FILE
  process.env.AWS_CONFIG_FILE = join(cwd, 'profile.ini')
  const ofProfile = await dry(['push'], { AWS_REGION: '' })
  if (before === undefined) delete process.env.AWS_CONFIG_FILE
  else process.env.AWS_CONFIG_FILE = before
  t.match(JSON.stringify(ofProfile.calls), /dkr\.ecr\.eu-south-2\.amazonaws/, 'the region of the profile')
})

t.test('tuning: each strategy as AWS takes it', async (t) => {
  const cwd = t.testdir({
    'values.json':
      '{"tuning":{"ranges":{"max_depth":{"values":[4,6]},"grow_policy":{"values":["depthwise","lossguide"]}}}}',
    'mixed.json': '{"tuning":{"ranges":{"max_depth":{"min":3,"max":9},"eta":{"values":["0.05","0.1"]}}}}',
  })
  const tune = async (...flags: string[]) => {
    const always = ['--train', 's3://b/t/', '--validation', 's3://b/v/', '--bucket', 'bucket', '--dry-run']
    const { code, stdout, stderr } = await ranker(['aws', 'tune', ...always, ...flags], { env, cwd })
    if (code !== 0) return { stderr, calls: [] }
    const calls = JSON.parse(stdout) as PrintedCall[]
    const { request } = calls.at(-1)! as never as { request: { HyperParameterTuningJobConfig: object } }
    return { stderr, calls, made: request.HyperParameterTuningJobConfig }
  }
  const grid = await tune('--strategy', 'Grid', '--config', 'values.json')
  t.match(grid.made, {
    ResourceLimits: { MaxNumberOfTrainingJobs: undefined, MaxParallelTrainingJobs: 2 },
    ParameterRanges: {
      CategoricalParameterRanges: [
        { Name: 'max_depth', Values: ['4', '6'] },
        { Name: 'grow_policy', Values: ['depthwise', 'lossguide'] },
      ],
    },
  })
  t.match(
    (await tune('--strategy', 'Grid')).stderr,
    /tuning\.ranges: the strategy Grid tries values one by one/,
  )
  const hyperband = await tune('--strategy', 'Hyperband')
  t.match(hyperband.made, { TrainingJobEarlyStoppingType: 'Off', Strategy: 'Hyperband' })
  const mixed = await tune('--config', 'mixed.json')
  t.match(mixed.made, {
    TrainingJobEarlyStoppingType: 'Auto',
    ParameterRanges: {
      IntegerParameterRanges: [{ Name: 'max_depth', MinValue: '3', MaxValue: '9' }],
      CategoricalParameterRanges: [{ Name: 'eta' }],
    },
  })
  await t.test('and AWS would take them', { skip: noAws }, async (t) =>
    t.equal(faultsOf([grid, hyperband, mixed].flatMap(({ calls }) => calls)), ''),
  )
})

t.test('every command has its help, and no flag means two things', async (t) => {
  const overview = await ranker(['aws', '--help'])
  for (const name of AWS_COMMANDS) {
    t.match(overview.stdout, new RegExp(`^  ${name} `, 'm'))
    const { code, stdout } = await ranker(['aws', name, '--help'])
    t.equal(code, 0)
    t.match(stdout, new RegExp(`^Usage: ranker aws ${name} `))
    t.notMatch(stdout, /undefined/)
    for (const line of stdout.split('\n')) t.ok(line.length <= 125, line)
    if (name === 'deploy') t.match(stdout, /^ {2}endpoint\.autoscaling\.schedule +floors by the clock/m)
    const { groups, flags = {}, moreFlags = {} } = await loadAwsCommand(name)
    const all = [
      ...Object.keys(COMMON_FLAGS),
      ...Object.keys(flags),
      ...Object.keys(moreFlags).filter((flag) => flag !== 'help'),
      ...leavesOf(groups).map(({ flag }) => flag),
    ]
    t.same(all.length, new Set(all).size, `${name}: ${all.filter((flag, at) => all.indexOf(flag) !== at)}`)
  }
})

t.test('what AWS refuses comes with the way out', async (t) => {
  const of = (error: object, call = 'sagemaker:CreateEndpoint', request: object = { EndpointName: 'e' }) =>
    awsFailure(call, request, 'eu-west-9', Object.assign(new Error(), error)).message
  for (const [error, wanted] of [
    [
      { name: 'CredentialsProviderError' },
      /^sagemaker:CreateEndpoint of e: there are no AWS credentials \(set AWS_PROFILE/,
    ],
    [{ name: 'ExpiredTokenException' }, /have expired \(renew them/],
    [{ name: 'UnrecognizedClientException' }, /were refused .*clock of this machine/],
    [{ name: 'Error', code: 'ENOTFOUND' }, /region eu-west-9 is not known .*--region/],
    [{ name: 'Error', code: 'ECONNREFUSED', message: 'no' }, /cannot be reached: no \(ECONNREFUSED\)/],
    [
      { name: 'AccessDeniedException', message: 'not you' },
      /not you \(the credentials need the right to sagemaker:CreateEndpoint: infrastructure\/iam\/deployer\.json/,
    ],
    [{ name: 'ResourceLimitExceeded', message: 'limit 0' }, /limit 0 \(ask for more under Service Quotas/],
    [{ name: 'ThrottlingException' }, /too many calls, also after several tries/],
    [
      {
        name: 'ValidationException',
        message: 'Could not assume role arn:x. Please ensure that the role exists',
      },
      /has to exist and to trust sagemaker/,
    ],
    [{ name: 'ValidationException', message: 'Cannot create already existing model' }, /already existing/],
    [{ name: 'SyntaxError', message: "Unexpected token '<'" }, /is no JSON: the endpoint is not that of AWS/],
  ] as [object, RegExp][])
    t.match(of(error), wanted)
  const api = openApi('us-east-1')
  const before = { ...process.env }
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  })
  await t.rejects(api.call('sts:GetCallerIdentity', {}), { code: 'AWS_FAILED', message: /ECONNREFUSED/ })
  for (const name of ['AWS_ENDPOINT_URL_STS', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  api.close()
})

t.test('package: the same files give the same bytes, with hooks and long names', async (t) => {
  const long = `code/${'deep/'.repeat(25)}module.js`
  const model = modelFolder(t, { 'code/inference.js': 'export const a = 1\n', '.hidden': 'x', [long]: '1\n' })
  const cwd = emptyFolder(t)
  const pack = (...flags: string[]) => ranker(['aws', 'package', '--model-path', model, ...flags], { cwd })
  t.equal((await pack()).code, 0)
  t.equal((await pack('--output', 'again.tar.gz')).code, 0)
  const [one, two] = ['model.tar.gz', 'again.tar.gz'].map((name) => readFileSync(join(cwd, name)))
  t.ok(one!.equals(two!))
  t.same(
    [...readTarGz(join(cwd, 'model.tar.gz')).keys()].sort(),
    ['code/inference.js', long, 'model.onnx', 'ranker.json'].sort(),
  )
  mkdirSync(join(cwd, 'hooks'))
  writeFileSync(join(cwd, 'hooks/inference.mjs'), 'export const b = 2\n')
  await pack('--code', 'hooks', '--output', 'hooked.tar.gz')
  t.same([...readTarGz(join(cwd, 'hooked.tar.gz')).keys()].sort(), [
    'code/inference.mjs',
    'model.onnx',
    'ranker.json',
  ])
  const listed = spawnSync('tar', ['tzf', join(cwd, 'model.tar.gz')], { encoding: 'utf8' })
  if (listed.status === 0) t.ok(listed.stdout.includes(long), 'tar reads it')
  writeFileSync(join(model, 'model.onnx'), 'altered')
  const damaged = await pack('--output', 'damaged.tar.gz')
  t.match(damaged.stderr, /model\.onnx was altered/)
  t.notOk(existsSync(join(cwd, 'damaged.tar.gz')))
})

t.test('cost: side by side, from our own measurement', async (t) => {
  const { code, stdout } = await ranker(['aws', 'cost', '--qps', '50', '--json'])
  t.equal(code, 0)
  const { options, load, realtimeAboveQps } = JSON.parse(stdout)
  t.same(options.length, 4)
  t.ok(load.cpuMs > 0 && realtimeAboveQps > 0)
  const text = await ranker(['aws', 'cost', '--qps', '50'])
  t.match(text.stdout, /Prices of us-east-1 as of \d{4}-\d\d-\d\d: a snapshot/)
  const prices = readPrices()
  const at = (peakQps: number, changes: Partial<Load> = {}): Load => ({
    ...load,
    peakQps,
    meanQps: peakQps / 3,
    ...changes,
  })
  t.equal(instancesFor(at(1), 2), 2, 'two at least')
  t.equal(
    instancesFor(at(1000, { cpuMs: 1.2, utilisation: 0.5 }), 2),
    2,
    '500 requests a second on two threads',
  )
  t.equal(instancesFor(at(1001, { cpuMs: 1.2, utilisation: 0.5 }), 2), 3)
  const point = switchingPoint(at(1), prices)!
  for (const [qps, cheaper] of [
    [point * 0.9, 'SageMaker serverless'],
    [point * 1.1, 'SageMaker real-time'],
  ] as const) {
    const both = compare({ ...load, meanQps: qps, peakQps: 3 * qps }, prices).filter(({ name }) =>
      name.startsWith('SageMaker'),
    )
    t.equal(both[0]!.name, cheaper)
  }
  for (const [flags, wanted] of [
    [['--qps', '0'], /--qps is "0": wanted a number above 0/],
    [['--qps', '1', '--mean-qps', '2'], /at most the peak, 1/],
    [['--refresh'], /needs --prices FILE/],
    [['--qps', '1', '--prices', 'absent.json'], /absent\.json cannot be read/],
  ] as [string[], RegExp][])
    t.match((await ranker(['aws', 'cost', ...flags], { env })).stderr, wanted)
})

t.test('cost: prices are renewed from a price list as AWS publishes them', async (t) => {
  const product = (sku: string, attributes: object) => [sku, { sku, attributes }] as const
  const term = (sku: string, usd: string) =>
    [sku, { [`${sku}.T`]: { priceDimensions: { d: { unit: 'Hrs', pricePerUnit: { USD: usd } } } } }] as const
  const list = {
    publicationDate: '2026-10-01T00:00:00Z',
    products: Object.fromEntries([
      product('A', { instanceName: 'ml.c6i.large', component: 'Hosting' }),
      product('B', { instanceType: 'ml.m5.xlarge-Training', component: 'Training' }),
      product('C', { instanceName: 'ml.c6i.large', component: 'Notebook' }),
    ]),
    terms: { OnDemand: Object.fromEntries([term('A', '0.125'), term('B', '0.25'), term('C', '9')]) },
  }
  t.match(renewed(readPrices(), list, 'eu-west-1'), {
    asOf: '2026-10-01',
    region: 'eu-west-1',
    hosting: { 'ml.c6i.large': 0.125 },
    training: { 'ml.m5.xlarge': 0.25 },
  })
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/eu-west-1/index.json' ? 200 : 404
    response.end(JSON.stringify(list))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cwd = emptyFolder(t)
  const refresh = (...flags: string[]) =>
    ranker(['aws', 'cost', '--refresh', '--prices', 'prices.json', '--price-list', base, ...flags], {
      cwd,
      env,
    })
  t.equal((await refresh()).code, 0)
  const { stdout } = await ranker(['aws', 'cost', '--qps', '5', '--prices', 'prices.json'], { cwd })
  t.match(stdout, /2 x ml\.c6i\.large.*\n(.*\n)*Prices of eu-west-1 as of 2026-10-01/)
  t.match((await refresh('--region', 'xx-nowhere-1')).stderr, /cannot be read: it answers 404/)
  t.throws(() => renewed(readPrices(), { products: {} }, 'x'), { code: 'CONFIG_UNREADABLE' })
})

t.test(
  'the pages: every command of theirs runs, every right has its reason, links lead somewhere',
  async (t) => {
    const cwd = emptyFolder(t)
    mkdirSync(join(cwd, 'ranker-output'))
    cpSync(modelFolder(t), join(cwd, 'ranker-output/model'), { recursive: true })
    for (const name of ['train.csv', 'valid.csv', 'queries.jsonl', 'query.json'])
      writeFileSync(join(cwd, name), '1\n')
    const pages = [
      'README.md',
      'docs/cost.md',
      'docs/iam.md',
      'docs/aws-checks.md',
      ...['sagemaker', 'lambda', 'fargate'].map((name) => `docs/deploy/${name}.md`),
    ]
    const texts = new Map(pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]))
    let run = 0
    const { tries } = await offline(async () => {
      for (const [page, text] of texts) {
        for (const [, flags] of text.matchAll(/^scripts\/ranker aws (.+)$/gm)) {
          const argv = flags!.split(' ')
          const { code, stderr } = await ranker(['aws', ...argv, '--dry-run'], {
            cwd,
            env: { AWS_REGION: 'us-east-1' },
          })
          t.equal(code, 0, `${page}: ${flags}\n${stderr}`)
          run++
        }
        for (const [, path] of text.matchAll(/\]\(([^)#:]+)\)/g))
          t.ok(existsSync(join(root, page, '..', path!)), `${page}: ${path}`)
      }
    })
    t.ok(run > 20, `${run} commands`)
    t.equal(tries, 0)
    for (const name of ['sagemaker', 'lambda', 'fargate'])
      t.match(
        texts.get(`docs/deploy/${name}.md`)!.split('\n```').at(-2),
        /\ncurl "/,
        `${name} ends in a curl`,
      )
    const yaml = /```yaml\n([\s\S]*?)```/.exec(texts.get('docs/deploy/sagemaker.md')!)![1]!
    writeFileSync(join(cwd, 'page.yaml'), yaml)
    t.equal(
      (
        await ranker(
          ['aws', 'deploy', '--config', 'page.yaml', '--model', 'ranker-output/model', '--dry-run'],
          { cwd },
        )
      ).code,
      0,
    )
    for (const name of readdirSync(join(root, 'infrastructure/iam'))) {
      t.ok(texts.get('docs/iam.md')!.includes(`| \`${name}\``), name)
      const { Statement } = JSON.parse(readFileSync(join(root, 'infrastructure/iam', name), 'utf8'))
      for (const { Sid } of Statement)
        if (Sid) t.match(texts.get('docs/iam.md'), new RegExp(`^\\| ${Sid} \\| .{10}`, 'm'))
    }
    const links = readdirSync(join(root, 'scripts/aws')).filter((name) => name !== 'aws.mjs')
    t.same(links.sort(), [...AWS_COMMANDS].sort(), 'scripts/aws has each command')
    const { stdout } = spawnSync(join(root, 'scripts/aws/package'), ['--help'], { encoding: 'utf8' })
    t.match(stdout, /^Usage: ranker aws package /)
  },
)
