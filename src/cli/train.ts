import { rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { CONTENT_TYPES } from '../data/format.ts'
import { RankerError, reasonOf } from '../errors.ts'
import {
  CHANNELS,
  type ChannelName,
  type Channels,
  jobPaths,
  openChannel,
  readChannels,
  readHyperparameters,
} from '../sagemaker/job.ts'
import { writeWhole } from '../storage/files.ts'
import { memoryOfMachine } from '../storage/memory.ts'
import { s3Settings } from '../storage/s3.ts'
import { isS3Address } from '../storage/s3-address.ts'
import { withS3Output } from '../storage/s3-output.ts'
import {
  describeHyperparameter,
  type Hyperparameters,
  hyperparameterNames,
  parseHyperparameters,
  resolveHyperparameter,
} from '../training/hyperparameters.ts'
import type { Metrics } from '../training/measure.ts'
import type { TrainingEvent, TrainingPlan } from '../training/plan.ts'
import { removeArtefact, train } from '../training/train.ts'
import type { Command, Io } from './command.ts'
import { type Flags, readFlags } from './flags.ts'

const DEFAULT_ROOT = '/opt/ml'
const DEFAULT_OUTPUT = 'ranker-output'
/** Share of the machine's memory that a job takes unless it is told otherwise. */
const MEMORY_SHARE = 0.8
/** SageMaker shows so many characters of the failure file. */
const FAILURE_LENGTH = 1024

const FLAGS = Object.fromEntries([
  ...['train', 'validation', 'test', 'bucket', 'key', 'content-type', 'output', 'model-name'].map((name) => [
    name,
    true,
  ]),
  ...hyperparameterNames
    .flatMap((name) => [name, ...(describeHyperparameter(name).aliases ?? [])])
    .map((name) => [toFlag(name), true]),
  ['help', false],
])

export const trainCommand: Command = {
  name: 'train',
  summary: 'learn a ranker from judged rows and export it to ONNX',
  help: `Usage: ranker train --train PATH [--validation PATH] [--test PATH] [--output DIR] [hyperparameters]
       ranker train --bucket BUCKET --key KEY [hyperparameters]
       ranker train

Learns a LambdaMART ranker with XGBoost from judged query-item rows, exports it to ONNX, checks the export against
XGBoost, and writes model.onnx, model.ubj and ranker.json, with metrics.json beside them.

Without --train it is a SageMaker training job: hyperparameters, channels and outputs are below SAGEMAKER_BASE_DIR
(default ${DEFAULT_ROOT}), as the platform lays them out; flags win over hyperparameters.json.

Data
  --train PATH             file, FIFO, folder, or s3://bucket/key: an object, or the start of the keys of several
  --validation PATH        the same; its last metric decides early stopping
  --test PATH              the same; measured once, at the end
  --bucket B --key K       the same as --train s3://B/K
  --content-type TYPE      what the files are, where their names do not tell:
                           ${CONTENT_TYPES.join(', ')}
  --output DIR             where model/ and output/ are written (default ${DEFAULT_OUTPUT}); s3://bucket/prefix gets
                           the same files below it
  --model-name NAME        name that answers of the served model carry (default: the job's name, else ranker)

  Names tell the format: .csv, .parquet, .jsonl, .ndjson, .json, .libsvm, .svm, .recordio, .rec and .pbr, each with .gz
  too; any other file is taken for libsvm. CSV whose first line is all numbers has no header: column 0 is the label, and
  --group, --weight and --label are zero-based indices.

Hyperparameters
${hyperparameterHelp()}

Environment
  SAGEMAKER_BASE_DIR       root of a SageMaker job (default ${DEFAULT_ROOT})
  RANKER_XGBOOST_LIB       libxgboost.so to use instead of the one that npm run setup fetched
  AWS_*                    region, credentials and endpoint (AWS_ENDPOINT_URL_S3) of S3, as for every AWS tool

Examples
  ranker train --train train.csv --validation valid.csv --item product_id --eta 0.1 --early-stopping-rounds 20
  ranker train --bucket my-bucket --key judged/train.parquet --n-estimators 100 --output s3://my-bucket/ranker
  ranker score --model-path ${DEFAULT_OUTPUT}/model --input candidates.csv
`,
  run,
}

function hyperparameterHelp(): string {
  return hyperparameterNames
    .map((name) => {
      const { wanted, description, aliases = [], defaultText } = describeHyperparameter(name)
      const alsoKnown = aliases.length > 0 ? `; also --${aliases.map(toFlag).join(', --')}` : ''
      const byDefault = defaultText === 'none' ? '' : ` (default ${defaultText})`
      return `  ${`--${toFlag(name)}`.padEnd(24)} ${description}${byDefault}${alsoKnown}\n${' '.repeat(27)}${wanted}`
    })
    .join('\n')
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const flags = readFlags('train', argv, FLAGS)
  const channels = channelFlags(flags)
  const wrote = (place: string) => io.stderr.write(`wrote ${place}\n`)
  const output = flags.values.output ?? DEFAULT_OUTPUT
  let isDone = false
  if (channels.train && isS3Address(output)) {
    const work = async (folder: string) => {
      isDone = await runJob(io, folder, flags, channels)
      return isDone
    }
    await withS3Output(output, s3Settings(io.env), work, wrote)
  } else {
    const root = channels.train ? resolve(io.cwd, output) : (io.env.SAGEMAKER_BASE_DIR ?? DEFAULT_ROOT)
    isDone = await runJob(io, root, flags, channels.train ? channels : undefined)
    if (isDone) wrote(jobPaths(root).model)
  }
  return isDone ? 0 : 1
}

/**
 * Trains below a root. @param local the channels of a job that is none of SageMaker's.
 * @returns whether it went well; if not, why is said and written.
 */
async function runJob(io: Io, root: string, flags: Flags, local?: Record<string, string>): Promise<boolean> {
  const paths = jobPaths(root)
  try {
    rmSync(paths.failure, { force: true })
    // What lies in a job's model folder is uploaded whatever happens; a model of one's own is kept until replaced.
    if (!local) removeArtefact(paths)
    const plan = local ? localPlan(local, flags, io) : jobPlan(flags, io, paths)
    // libgomp reads it once, as it loads: threads that wait must not spin on shared cores.
    process.env.OMP_WAIT_POLICY ??= 'PASSIVE'
    const metrics = await train(plan, paths, {
      env: { ...io.env },
      onEvent: (event) => report(event, io),
      stop: io.stop,
    })
    io.stderr.write(`${summary(metrics)}best iteration ${metrics.best_iteration}\n`)
    return true
  } catch (thrown) {
    const sentence = reasonOf(thrown).slice(0, FAILURE_LENGTH)
    io.stderr.write(`error: ${sentence}\n`)
    try {
      writeWhole(paths.failure, sentence)
    } catch {
      // Nothing more can be said where the output folder cannot be written: stderr has the cause.
    }
    return false
  }
}

/** Where the channels that flags name lie, by channel. */
function channelFlags({ values }: Flags): Record<string, string> {
  const { bucket, key, ...given } = values
  const refuse = (reason: string) => {
    throw new RankerError('BAD_ARGUMENTS', { reason })
  }
  if ((bucket === undefined) !== (key === undefined)) {
    refuse(
      `the flags --bucket and --key of ranker train go together: --${key === undefined ? 'key' : 'bucket'} is missing`,
    )
  }
  if (bucket !== undefined && given.train !== undefined) {
    refuse('the flags --train and --bucket with --key of ranker train are two places of the same channel')
  }
  const train = bucket === undefined ? given.train : `s3://${bucket}/${key}`
  const channels = { train, validation: given.validation, test: given.test }
  return Object.fromEntries(Object.entries(channels).filter(([, path]) => path !== undefined)) as Record<
    string,
    string
  >
}

function localPlan(local: Readonly<Record<string, string>>, flags: Flags, io: Io): TrainingPlan {
  const contentType = flags.values['content-type']
  const channels = Object.entries(local).map(([name, path]) => [
    name,
    openChannel(name, isS3Address(path) ? path : resolve(io.cwd, path), contentType),
  ])
  return plan(Object.fromEntries(channels), parseHyperparameters(hyperparameterFlags(flags)), flags, io)
}

function jobPlan(flags: Flags, io: Io, paths: ReturnType<typeof jobPaths>): TrainingPlan {
  const raw = { ...readHyperparameters(paths.hyperparameters), ...hyperparameterFlags(flags) }
  return plan(readChannels(paths), parseHyperparameters(raw), flags, io)
}

function plan(channels: Channels, hyperparameters: Hyperparameters, flags: Flags, io: Io): TrainingPlan {
  return {
    channels,
    hyperparameters,
    threads: hyperparameters.nthread ?? availableParallelism(),
    s3: s3Settings(io.env),
    memory: { limitBytes: MEMORY_SHARE * memoryOfMachine(), folder: io.env.TMPDIR ?? tmpdir() },
    modelName: flags.values['model-name'] ?? io.env.TRAINING_JOB_NAME ?? 'ranker',
  }
}

/** NDCG@10 of the ranker on each channel beside what it is held against. */
function summary({ baselines, ...metrics }: Metrics): string {
  if (!baselines) return ''
  const channels = CHANNELS.filter((name) => metrics[name])
  const [best] = baselines.single_features
  const row = (name: string, cell: (channel: ChannelName) => string) =>
    `${name.padEnd(36)}${channels.map((channel) => cell(channel).padStart(12)).join('')}\n`
  return (
    row('NDCG@10', (channel) => channel) +
    row('the ranker', (channel) => metrics[channel]!['ndcg@10']!.toFixed(4)) +
    row(`best single feature, ${best!.feature}`, (channel) => best![channel]!.toFixed(4)) +
    row('random order', (channel) => baselines.random[channel]!.toFixed(4))
  )
}

/** The flags that are hyperparameters, under the names the schema knows. */
function hyperparameterFlags(flags: Flags): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags.values)
      .map(([flag, value]) => [flag.replaceAll('-', '_'), value] as const)
      .filter(([name]) => resolveHyperparameter(name)),
  )
}

function toFlag(name: string): string {
  return name.replaceAll('_', '-')
}

/** Metric lines alone go to stdout, in the form that SageMaker's metric definitions read. */
function report(event: TrainingEvent, io: Io): void {
  if (event.type === 'round') {
    const values = event.values.map(([name, value]) => `\t${name}:${atLeastFiveDigits(value)}`)
    io.stdout.write(`[${event.round}]${values.join('')}\n`)
  } else {
    io.stderr.write(`${event.type === 'warning' ? 'warning: ' : ''}${event.text}\n`)
  }
}

function atLeastFiveDigits(value: number): string {
  return value === 0 || Math.abs(value) >= 0.1 ? value.toFixed(5) : value.toPrecision(5)
}
