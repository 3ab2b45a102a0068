import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, type ScalarTag } from 'yaml'
import { cfnLint, hasAwsPython } from '../../scripts/test-parts.ts'
import { dashboardRequest } from '../../src/aws/endpoint/dashboard.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'infrastructure')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const templates = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const policies = readdirSync(join(folder, 'iam'))

/** CloudFormation's short forms, taken for their text or value. */
const tags = ['Ref', 'Sub', 'GetAtt', 'Not', 'Equals', 'If', 'Join', 'Select', 'GetAZs', 'Cidr'].flatMap(
  (name) =>
    (['scalar', 'map', 'seq'] as const).map((kind) =>
      kind === 'scalar'
        ? ({ tag: `!${name}`, resolve: (text: string) => `!${name} ${text}` } satisfies ScalarTag)
        : { tag: `!${name}`, collection: kind, resolve: (value: { toJSON(): unknown }) => value },
    ),
)
interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, never>>
}
const resourcesOf = (name: string): [string, Resource][] =>
  Object.entries(parse(read(name), { customTags: tags as never, logLevel: 'error' }).Resources)

/** Every statement of policies, wherever in a document. */
function statementsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'Effect' in value ? [value as Record<string, unknown>] : []
  return [...own, ...Object.values(value).flatMap(statementsIn)]
}

/** Actions for which AWS takes no narrower resource, or lists that have none. */
const WITHOUT_RESOURCE =
  /^(sts:GetCallerIdentity|ecr:GetAuthorizationToken|cloudwatch:(PutMetricData|DescribeAlarms|GetMetricData)|sagemaker:List(Models|EndpointConfigs|\w+Jobs)|application-autoscaling:Describe\w+|logs:\w+(LogDelivery|LogDeliveries|ResourcePolicy|ResourcePolicies)|logs:DescribeLogGroups|ec2:(Create|Delete|Describe)\w+)$/

t.test(
  'cfn-lint has nothing to say',
  {
    skip:
      !hasAwsPython() && 'cfn-lint is not here: node scripts/launch.mjs scripts/test-parts.ts installs it',
  },
  async (t) => {
    const files = templates.map((name) => join(folder, name))
    const { status, stdout, stderr } = spawnSync(cfnLint, files, { encoding: 'utf8' })
    t.same([status, stdout + stderr], [0, ''])
  },
)

t.test('rights are as narrow as AWS takes them', async (t) => {
  t.ok(templates.length >= 5)
  const documents = [
    ...templates.map((name) => [name, resourcesOf(name)] as const),
    ...policies.map((name) => [name, JSON.parse(read(`iam/${name}`))] as const),
  ]
  for (const [name, document] of documents) {
    const statements = statementsIn(document)
    for (const { Effect, Action, Resource, Principal, Condition } of statements) {
      const actions = [Action].flat().map(String)
      if (Effect !== 'Allow') continue
      t.ok(
        actions.every((action) => !action.includes('*')),
        `${name}: ${actions}`,
      )
      if (Principal !== undefined) t.match(JSON.stringify(Principal), /^\{"Service":/, name)
      if (Principal !== undefined && !JSON.stringify(Principal).includes('lambda'))
        t.ok(Condition, `${name}: ${actions} of one account`)
      if ([Resource].flat().includes('*'))
        t.ok(
          actions.every((action) => WITHOUT_RESOURCE.test(action)),
          `${name}: ${actions}`,
        )
      if (actions.includes('iam:PassRole')) t.match(JSON.stringify(Condition), /iam:PassedToService/, name)
    }
  }
})

t.test('nothing is public, everything is encrypted and kept for a known time', async (t) => {
  const seen = new Set<string>()
  for (const name of templates) {
    for (const [id, { Type, Properties: of }] of resourcesOf(name)) {
      const what = `${name} ${id}`
      seen.add(Type)
      const text = JSON.stringify(of ?? {})
      switch (Type) {
        case 'AWS::S3::Bucket': {
          t.ok(of.BucketEncryption && of.VersioningConfiguration && of.LifecycleConfiguration, what)
          t.same(Object.values(of.PublicAccessBlockConfiguration!), [true, true, true, true], what)
          break
        }
        case 'AWS::S3::BucketPolicy':
          t.match(text, /"Deny".*"aws:SecureTransport":false/, what)
          break
        case 'AWS::SageMaker::Model':
          t.equal(of.EnableNetworkIsolation, true, what)
          break
        case 'AWS::Logs::LogGroup':
          t.ok(of.RetentionInDays, what)
          break
        case 'AWS::Lambda::Url':
          t.equal(of.AuthType, 'AWS_IAM', what)
          break
        case 'AWS::ElasticLoadBalancingV2::LoadBalancer':
          t.equal(of.Scheme, 'internal', what)
          break
        case 'AWS::ElasticLoadBalancingV2::Listener':
          t.same([of.Protocol, of.SslPolicy], ['HTTPS', 'ELBSecurityPolicy-TLS13-1-2-2021-06'], what)
          break
        case 'AWS::EC2::Subnet':
          t.equal(of.MapPublicIpOnLaunch, false, what)
          break
        case 'AWS::EC2::SecurityGroup':
        case 'AWS::EC2::SecurityGroupIngress':
          t.notMatch(
            JSON.stringify((of as Record<string, unknown>).SecurityGroupIngress ?? ''),
            /0\.0\.0\.0/,
            what,
          )
          break
        case 'AWS::ECS::Service':
          t.match(text, /"AssignPublicIp":"DISABLED".*"Rollback":true/, what)
          break
        case 'AWS::ECS::TaskDefinition':
          t.match(text, /"ReadonlyRootFilesystem":true.*"Drop":\["ALL"\]/, what)
          break
        case 'AWS::StepFunctions::StateMachine':
          t.match(text, /"EnableNetworkIsolation":true,"EnableInterContainerTrafficEncryption":true/, what)
          break
      }
      t.notMatch(Type, /InternetGateway|NatGateway/, what)
    }
  }
  for (const kind of ['SageMaker::Endpoint', 'S3::Bucket', 'Lambda::Function', 'ECS::Service', 'EC2::VPC'])
    t.ok(seen.has(`AWS::${kind}`), kind)
})

t.test('the deployer may make the calls that the commands make, and no others', async (t) => {
  const source = readFileSync(join(root, 'src/aws/api.ts'), 'utf8')
  const calls = [...source.matchAll(/^ {2}'([\w-]+):(\w+)': \[/gm)].map(
    ([, service, name]) =>
      // The runtime's calls are rights of SageMaker.
      `${service === 'sagemaker-runtime' ? 'sagemaker' : service}:${name}`,
  )
  t.ok(calls.length > 40)
  const allowed = statementsIn(JSON.parse(read('iam/deployer.json'))).flatMap(({ Action }) =>
    [Action].flat().map(String),
  )
  for (const call of calls) t.ok(allowed.includes(call), call)
  // What no call of ours is named after: S3, pushing by the container tool, tags with a creation, roles handed on.
  const others =
    /^(s3:|ecr:(Batch|Initiate|Upload|Complete|Put)|\w[\w-]*:Tag(Role|Resource)$|iam:(PassRole|CreateServiceLinkedRole)$)/
  for (const action of allowed) t.ok(calls.includes(action) || others.test(action), `${action} is used`)
})

t.test('the dashboard shows metrics that SageMaker has, and is that of endpoint.yaml', async (t) => {
  const known =
    /^(Invocations(PerInstance)?|Invocation(4XX|5XX|Model)Errors|(Model|Overhead)Latency|(CPU|Memory|Disk)Utilization)$/
  const { widgets } = JSON.parse(read('dashboard.json'))
  for (const { properties } of widgets)
    for (const [, metric] of properties.metrics ?? []) if (typeof metric === 'string') t.match(metric, known)
  const [, inTemplate] = /DashboardBody: !Sub \|\n([\s\S]+?)\n\nOutputs:/.exec(read('endpoint.yaml'))!
  const body = inTemplate!
    .replaceAll(/\$\{AWS::Region\}/g, 'here')
    .replaceAll(/\$\{EndpointName\}/g, 'ranker')
  t.same(JSON.parse(body), JSON.parse(dashboardRequest('ranker', 'here').DashboardBody!))
})
