import * as z from 'zod'

// The configuration of `ranker aws`: the file, the environment, the flags, the help and the docs all follow from it.
// Every leaf is optional; an unset one keeps the value of the templates in infrastructure/.

const text = (does: string) => z.string().min(1).describe(does)
const whole = (does: string, least = 1, most = Number.MAX_SAFE_INTEGER) =>
  z.int().min(least).max(most).describe(does)
const number = (does: string, least: number, most: number) => z.number().min(least).max(most).describe(does)
const yes = (does: string) => z.boolean().describe(does)
const choice = <const T extends readonly [string, ...string[]]>(options: T, does: string) =>
  z.enum(options).describe(does)
const list = (does: string) => z.array(z.string().min(1)).min(1).describe(does)
const map = (does: string) => z.record(z.string(), z.string()).describe(does)
const s3 = (does: string) =>
  z
    .string()
    .regex(/^s3:\/\/[^/]+/, 'wanted s3://bucket/key')
    .describe(does)
/** A file, a folder or an address in S3. */
const place = text

const name = (does: string) =>
  z
    .string()
    .regex(
      /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/,
      'wanted letters, digits and single dashes between them, as SageMaker has it',
    )
    .max(63)
    .describe(does)

const variant = (what: string, weight: z.ZodType) =>
  z
    .strictObject({
      model: place(`model of ${what}: model.tar.gz in S3, or a local artefact`),
      weight,
      instanceType: text(`instance type of ${what}`),
      instanceCount: whole(`instances of ${what}`),
    })
    .partial()

/** A minimum that holds for some hours, such as those of a working day. */
const schedule = z.strictObject({
  name: name('name of the scheduled action'),
  cron: z.string().regex(/^(cron|rate|at)\(.+\)$/, 'wanted cron(…), rate(…) or at(…)'),
  timezone: z.string().optional(),
  min: z.int().min(0),
  max: z.int().min(1).optional(),
})

/** Numbers between two, or values one by one. */
const range = z
  .strictObject({
    min: z.number(),
    max: z.number(),
    scale: z.enum(['Auto', 'Linear', 'Logarithmic', 'ReverseLogarithmic']),
    values: z.array(z.union([z.string().min(1), z.number().transform(String)])).min(1),
  })
  .partial()
  .refine(
    ({ min, max, scale, values }) =>
      values ? min === undefined && max === undefined && scale === undefined : min! < max!,
    'wanted min below max, or values',
  )

const matching = (pattern: RegExp, wanted: string, does: string) =>
  z.string().regex(pattern, `wanted ${wanted}`).describe(does)

/** A region becomes part of host names. */
export const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d+$/

const common = {
  name: name('what the names of all resources start with (default ranker)'),
  region: matching(REGION, 'such as us-east-1', 'AWS region (default AWS_REGION, else that of the profile)'),
  account: z
    .string()
    .regex(/^\d{12}$/, 'wanted 12 digits')
    .describe('AWS account; asked of AWS where it is left out, except by --dry-run'),
  role: text('execution role, by name or ARN (default: NAME-sagemaker, which is made)'),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'wanted the name of a bucket, without s3://')
    .describe('S3 bucket for models, data and outputs'),
  prefix: text('start of the keys in the bucket (default the name)'),
  repository: matching(
    /^[a-z0-9]+([._/-][a-z0-9]+)*$/,
    'lower-case letters and digits with single . _ - / between them',
    'ECR repository (default the name)',
  ),
  tag: matching(/^\w[\w.-]{0,127}$/, 'letters, digits, . _ -', 'tag of the image (default latest)'),
  image: matching(
    /^\w[\w./:@-]*$/,
    'such as registry/repository:tag',
    'image, whole, instead of repository and tag',
  ),
  tags: map('tags of all that is made, as key=value,key=value'),
  kmsKey: text('KMS key (id, alias or ARN) for volumes and for what is written to S3'),
  subnets: list('subnets of a VPC, separated by commas'),
  securityGroups: list('security groups in the VPC, separated by commas'),
  networkIsolation: yes('cut containers off from the network (default true; not for serverless)'),
}

const endpoint = z
  .strictObject({
    name: name('name of the endpoint (default the name)').meta({ flag: 'endpoint' }),
    mode: choice(['realtime', 'serverless', 'async', 'multi-model'], 'kind of endpoint (default realtime)'),
    model: place(
      'model: model.tar.gz in S3, or a local artefact, which is packed and uploaded; multi-model: s3://bucket/prefix/',
    ),
    weight: number('share of traffic of variant A beside B', 0, 1e6),
    instanceType: text('instance type of variant A'),
    instanceCount: whole('instances of variant A'),
    environment: map('environment of the container, as NAME=value,NAME=value'),
    b: variant('variant B', number('share of traffic of variant B', 0, 1e6)),
    shadow: variant('the shadow variant', number('share of requests that are sent to it too', 0, 1e6)),
    memory: whole('serverless: memory in MB, 1024 to 6144 by 1024', 1024, 6144).multipleOf(1024),
    maxConcurrency: whole('serverless: most requests at once', 1, 200),
    provisionedConcurrency: whole('serverless: instances that are kept warm', 1, 200),
    output: s3('async: where answers go (default BUCKET/PREFIX/async)'),
    asyncConcurrency: whole('async: requests at once on an instance', 1, 1000),
    successTopic: text('async: SNS topic told of answers'),
    errorTopic: text('async: SNS topic told of failures'),
    capture: z
      .strictObject({
        percent: whole('data capture: share of the requests that are kept', 0, 100),
        output: s3('data capture: where they go (default BUCKET/PREFIX/capture)'),
      })
      .partial(),
    autoscaling: z
      .strictObject({
        min: whole('fewest instances of variant A (async: may be 0)', 0),
        max: whole('most instances: turns autoscaling on'),
        target: number(
          'requests a minute and instance that autoscaling aims at (async: waiting requests; serverless: utilisation)',
          0.01,
          1e9,
        ),
        scaleInCooldown: whole('seconds between two steps down', 0),
        scaleOutCooldown: whole('seconds between two steps up', 0),
        schedule: z.array(schedule).describe('floors by the clock, each { name, cron, timezone, min, max }'),
      })
      .partial(),
    deployment: z
      .strictObject({
        strategy: choice(
          ['all-at-once', 'canary', 'linear', 'rolling'],
          'how traffic moves to a changed endpoint (default all-at-once, blue/green)',
        ),
        step: whole('canary, linear, rolling: percent of the capacity in a step', 1, 50),
        wait: whole('seconds to watch the alarms after each step', 0, 3600),
        terminationWait: whole('seconds that the old fleet stays', 0, 3600),
        timeout: whole('seconds after which an update is given up', 600, 28800),
      })
      .partial(),
    alarms: z
      .strictObject({
        errors: number('alarm: percent of requests that fail', 0, 100),
        latency: number('alarm: p99 of the model’s latency in milliseconds', 0.001, 60000),
        topic: text('SNS topic that alarms are sent to'),
      })
      .partial(),
    dashboard: yes('keep a CloudWatch dashboard of the endpoint (default true)'),
    query: place('smoke query: a file with a request (default: the model’s golden rows)'),
    targetModel: text('multi-model: the model that the smoke query asks, such as a.tar.gz'),
  })
  .partial()

const training = z
  .strictObject({
    train: place('channel train: s3://bucket/key, or a local file or folder, which is uploaded'),
    validation: place('channel validation'),
    test: place('channel test'),
    config: place('channel config: a feature spec').meta({ flag: 'config-channel' }),
    model: place('channel model: what is continued or compared with'),
    code: place('channel code'),
    contentType: text('what the files are, where their names do not tell'),
    inputMode: choice(['File', 'FastFile', 'Pipe'], 'how data comes to the container'),
    distribution: choice(['FullyReplicated', 'ShardedByS3Key'], 'how train is spread over several hosts'),
    hyperparameters: map('hyperparameters; each has a flag of its own too, such as --eta 0.1'),
    instanceType: text('instance type'),
    instanceCount: whole('instances'),
    volumeSize: whole('disk of an instance in GB'),
    maxRuntime: whole('seconds that training may take'),
    spot: yes('use spot capacity, with checkpoints'),
    maxWait: whole('spot: seconds that the job may take with all its waiting'),
    checkpoints: s3('where checkpoints go (spot: default BUCKET/PREFIX/checkpoints/JOB)'),
    keepAlive: whole('seconds that instances are kept warm for a next job', 0, 3600),
    output: s3('where the model goes (default BUCKET/PREFIX/jobs)'),
    environment: map('environment of the container'),
  })
  .partial()

const tuning = z
  .strictObject({
    maxJobs: whole('training jobs in all', 1, 750),
    parallel: whole('training jobs at once', 1, 100),
    strategy: choice(['Bayesian', 'Random', 'Hyperband', 'Grid'], 'how values are chosen'),
    metric: text('metric that is made best (default validation:ndcg@10)'),
    ranges: z
      .record(z.string(), range)
      .describe('ranges by hyperparameter, each { min, max, scale } or { values }'),
  })
  .partial()

const batch = z
  .strictObject({
    model: place('model: model.tar.gz in S3, or a local artefact'),
    input: place('what is scored: s3://bucket/prefix, or a local file, which is uploaded'),
    output: s3('where answers go (default BUCKET/PREFIX/batch/JOB)'),
    contentType: text('what the input is (default application/jsonlines)'),
    accept: text('what answers are'),
    splitType: choice(
      ['None', 'Line', 'RecordIO'],
      'where the input may be cut (default by the content type)',
    ),
    instanceType: text('instance type'),
    instanceCount: whole('instances'),
    maxConcurrent: whole('requests at once to an instance'),
    maxPayload: whole('most MB of a request', 0, 100),
    environment: map('environment of the container'),
  })
  .partial()

/** What ranker.config.json and ranker.config.yaml hold. */
export const configSchema = z.strictObject(common).partial().extend({
  endpoint: endpoint.optional(),
  training: training.optional(),
  tuning: tuning.optional(),
  batch: batch.optional(),
})

export type Config = z.infer<typeof configSchema>
export const GROUPS = ['endpoint', 'training', 'tuning', 'batch'] as const
export type Group = (typeof GROUPS)[number]

/** A value that the environment and a flag can set. */
export interface Leaf {
  readonly path: readonly string[]
  /** Without its dashes; a group's leaf leaves out the group's name. */
  readonly flag: string
  readonly env: string
  readonly does: string
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'map'
  readonly options?: readonly string[]
}

/** A value that only a file can hold. */
export interface FileLeaf {
  readonly path: readonly string[]
  readonly does: string
  readonly kind: 'file'
}

/** The leaves that a command's flags set: the common ones, and those of its groups. */
export function leavesOf(groups: readonly Group[]): Leaf[] {
  const all = walk(configSchema, []).filter((leaf): leaf is Leaf => leaf.kind !== 'file')
  return all.filter(({ path: [first] }) => !isGroup(first!) || groups.includes(first as Group))
}

/** The leaves of groups that only a file can hold. */
export function fileLeavesOf(groups: readonly Group[]): FileLeaf[] {
  const all = walk(configSchema, []).filter((leaf): leaf is FileLeaf => leaf.kind === 'file')
  return all.filter(({ path: [first] }) => groups.includes(first as Group))
}

const isGroup = (name: string): boolean => GROUPS.includes(name as Group)

function walk(schema: z.ZodObject, path: readonly string[]): (Leaf | FileLeaf)[] {
  return Object.entries(schema.shape).flatMap(([key, field]) => {
    const inner = unwrap(field as z.ZodType)
    const at = [...path, key]
    if (inner instanceof z.ZodObject) return walk(inner, at)
    const does = inner.description ?? ''
    const kind = kindOf(inner)
    if (kind === 'file') return [{ path: at, does, kind }]
    const named = isGroup(at[0]!) ? at.slice(1) : at
    const flag = (inner.meta()?.flag as string | undefined) ?? named.map(kebab).join('-')
    const env = `RANKER_AWS_${at.map((part) => kebab(part).replaceAll('-', '_').toUpperCase()).join('_')}`
    const options = inner instanceof z.ZodEnum ? (inner.options as string[]) : undefined
    return [{ path: at, flag, env, does, kind, ...(options && { options }) }]
  })
}

function unwrap(field: z.ZodType): z.ZodType {
  return field instanceof z.ZodOptional ? unwrap(field.unwrap() as z.ZodType) : field
}

function kindOf(field: z.ZodType): Leaf['kind'] | 'file' {
  if (field instanceof z.ZodString || field instanceof z.ZodEnum) return 'text'
  if (field instanceof z.ZodNumber) return 'number'
  if (field instanceof z.ZodBoolean) return 'boolean'
  if (field instanceof z.ZodArray) return field.element instanceof z.ZodString ? 'list' : 'file'
  if (field instanceof z.ZodRecord) return field.valueType instanceof z.ZodString ? 'map' : 'file'
  throw new Error(`no kind of setting: ${field.type}`)
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
