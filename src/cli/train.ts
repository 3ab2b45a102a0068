import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CONTENT_TYPES } from '../data/format.ts'
import { RankerError } from '../errors.ts'
import type { BaselineName } from '../report/report-data.ts'
import { readCheckpointFolder } from '../sagemaker/checkpoint-config.ts'
import { type HostPlan, readHosts } from '../sagemaker/hosts.ts'
import {
  CHANNELS,
  type ChannelName,
  type Channels,
  DEFAULT_ROOT,
  jobPaths,
  jobRoot,
  openChannel,
  readChannels,
  readHyperparameters,
  sideChannel,
} from '../sagemaker/job.ts'
import { readPlainTree } from '../storage/files.ts'
import { memoryOfMachine } from '../storage/memory.ts'
import { s3Settings } from '../storage/s3.ts'
import { isS3Address } from '../storage/s3-address.ts'
import { withS3Output } from '../storage/s3-output.ts'
import type { HostLine } from '../training/hosts/line.ts'
import { onHosts } from '../training/hosts/on-hosts.ts'
import {
  type Hyperparameters,
  parseHyperparameters,
  resolveHyperparameter,
} from '../training/hyperparameters.ts'
import type { Metrics } from '../training/measure.ts'
import { clearOutputs, failJob, failureSentence, forgetFailure, writeFailure } from '../training/outputs.ts'
import type { TrainingEvent, TrainingPlan } from '../training/plan.ts'
import { train } from '../training/train.ts'
import type { Command, Io } from './command.ts'
import { readSpec } from './feature-spec.ts'
import { type Flags, readFlags } from './flags.ts'
import { hyperparameterFlagNames, hyperparameterHelp } from './hyperparameter-help.ts'
import { openProgress, type Progress } from './progress.ts'
import { type Column, formatTable } from './table.ts'

const DEFAULT_OUTPUT = 'ranker-output'
/** Share of the machine's memory that a job takes unless it is told otherwise. */
const MEMORY_SHARE = 0.8

/** Flags that say what a job of SageMaker's says in its folders. */
const LOCAL_FLAGS = ['validation', 'test', 'model', 'content-type', 'output']

const FLAGS = Object.fromEntries([
  ...['train', 'bucket', 'key', 'model-name', ...LOCAL_FLAGS].map((name) => [name, true]),
  ...hyperparameterFlagNames().map((name) => [name, true]),
  ['help', false],
])

export const trainCommand: Command = {
  name: 'train',
  summary: 'learn a ranker from judged rows and export it to ONNX',
  help: `Usage: ranker train --train PATH [--validation PATH] [--test PATH] [--output DIR] [hyperparameters]
       ranker train --bucket BUCKET --key KEY [hyperparameters]
       ranker train

Learns a LambdaMART ranker with XGBoost from judged query-item rows, exports it to ONNX, checks the export
against XGBoost, and writes model.onnx, model.ubj and ranker.json, with metrics.json beside them.

Without --train it is a SageMaker training job: hyperparameters, channels and outputs are below
SAGEMAKER_BASE_DIR (default ${DEFAULT_ROOT}), as the platform lays them out; flags win over hyperparameters.json.

Data
  --train PATH             file, FIFO, folder, or s3://bucket/key: an object, or the start of several keys
  --validation PATH        the same; its last metric decides early stopping
  --test PATH              the same; measured once, at the end
  --model PATH             a model to go on from, or to be held against (--model-channel incumbent): an
                           artefact, model.ubj, model.json or model.tar.gz
  --bucket B --key K       the same as --train s3://B/K
  --content-type TYPE      what the files are, where their names do not tell:
                           ${CONTENT_TYPES.slice(0, 4).join(', ')},
                           ${CONTENT_TYPES.slice(4).join(', ')}
  --output DIR             where model/ and output/ are written (default ${DEFAULT_OUTPUT}); s3://bucket/prefix
                           gets the same files below it
  --model-name NAME        name that answers of the served model carry (default: the job's name, else ranker)

  Names tell the format: .csv, .parquet, .jsonl, .ndjson, .json, .libsvm, .svm, .recordio, .rec and .pbr, each
  with .gz too; any other file is taken for libsvm. CSV whose first line is all numbers has no header:
  column 0 is the label, and --group, --weight and --label are zero-based indices.

${hyperparameterHelp()}

Environment
  SAGEMAKER_BASE_DIR       root of a SageMaker job (default ${DEFAULT_ROOT})
  RANKER_TRACKER_PORT      port of the leading host where the hosts of a job come together (default 9099)
  RANKER_HOST_TIMEOUT      seconds that hosts wait for each other (default 1800)
  RANKER_XGBOOST_LIB       libxgboost.so to use instead of the one that npm run setup fetched
  AWS_*                    region, credentials and endpoint (AWS_ENDPOINT_URL_S3) of S3, as for every AWS tool

Examples
  ranker train --train train.csv --validation valid.csv --item product_id --eta 0.1 --early-stopping-rounds 20
  ranker train --bucket my-bucket --key judged/train.parquet --n-estimators 100 --output s3://my-bucket/ranker
  ranker score --model-path ${DEFAULT_OUTPUT}/model --input candidates.csv
`,
  run,
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const flags = readFlags('train', argv, FLAGS)
  const channels = channelFlags(flags)
  const wrote = (place: string) => io.stderr.write(`wrote ${place}\n`)
  const output = flags.values.output ?? DEFAULT_OUTPUT
  let end: JobEnd = 'failed'
  if (channels.train && isS3Address(output)) {
    const work = async (folder: string) => {
      end = await runJob(io, folder, flags, channels)
      return end === 'written'
    }
    await withS3Output(output, s3Settings(io.env), work, wrote)
  } else {
    const root = channels.train ? resolve(io.cwd, output) : jobRoot(io.env)
    end = await runJob(io, root, flags, channels.train ? channels : undefined)
    if (end === 'written') wrote(jobPaths(root).model)
  }
  return end === 'failed' ? 1 : 0
}

/** Of several hosts the model is written by the one that leads. */
type JobEnd = 'written' | 'written elsewhere' | 'failed'

/**
 * Trains below a root. @param local the channels of a job that is none of SageMaker's.
 * @returns how it went; if badly, why is said and written.
 */
async function runJob(io: Io, root: string, flags: Flags, local?: Record<string, string>): Promise<JobEnd> {
  const paths = jobPaths(root)
  let hosts: HostPlan | undefined
  try {
    hosts = local ? undefined : readHosts(paths.resourceConfig, io.env)
    // libgomp reads it once, as it loads: threads that wait must not spin on shared cores.
    process.env.OMP_WAIT_POLICY ??= 'PASSIVE'
    const work = async (line?: HostLine) => {
      // A model of one's own is kept until it is replaced.
      if (local) forgetFailure(paths)
      else clearOutputs(paths)
      const plan = local ? localPlan(local, flags, io) : jobPlan(flags, io, paths, hosts)
      const code = local ? undefined : sideChannel(paths, 'code')
      const progress = openProgress(io)
      return train(plan, paths, {
        env: { ...io.env },
        onEvent: (event) => report(event, progress, io),
        surroundings: () => ({
          now: new Date(),
          node: process.versions.node,
          peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
        }),
        stop: io.stop,
        line,
        extraFiles: code === undefined ? undefined : codeFiles(code),
      }).finally(() => progress.end())
    }
    const metrics = hosts ? await onHosts(hosts, io.stop, work) : await work()
    const leads = !hosts || hosts.index === 0
    const warnings = leads ? (metrics.warnings?.length ?? 0) : 0
    const hint = warnings > 0 ? `; ${warnings} warning${warnings === 1 ? '' : 's'} in report.html` : ''
    io.stderr.write(`${summary(metrics)}best iteration ${metrics.best_iteration}${hint}\n`)
    if (leads) return 'written'
    io.stderr.write(`the host that leads, ${hosts?.names[0]}, wrote the model\n`)
    return 'written elsewhere'
  } catch (thrown) {
    const sentence = failureSentence(thrown)
    io.stderr.write(`error: ${sentence}\n`)
    if (local) writeFailure(paths, sentence)
    else failJob(paths, sentence)
    // The training thread may be inside XGBoost, and wait there for a host that will not come.
    if (hosts) await io.endProcess?.(1)
    return 'failed'
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
  const unused = LOCAL_FLAGS.find((name) => given[name] !== undefined)
  if (train === undefined && unused !== undefined) {
    refuse(
      `the flag --${unused} of ranker train goes with --train, or --bucket and --key: without them it is a SageMaker job, whose folders say what it is`,
    )
  }
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
  const model = flags.values.model === undefined ? undefined : resolve(io.cwd, flags.values.model)
  if (model !== undefined) openChannel('model', model)
  const { features, hyperparameters } = readValues(hyperparameterFlags(flags), io, undefined)
  return { ...plan(Object.fromEntries(channels), hyperparameters, flags, io), features, model }
}

function jobPlan(
  flags: Flags,
  io: Io,
  paths: ReturnType<typeof jobPaths>,
  hosts: HostPlan | undefined,
): TrainingPlan {
  const raw = { ...readHyperparameters(paths.hyperparameters), ...hyperparameterFlags(flags) }
  const channels = readChannels(paths, hosts?.names.length)
  const { features, hyperparameters } = readValues(raw, io, sideChannel(paths, 'config'))
  return {
    ...plan(channels, hyperparameters, flags, io),
    features,
    checkpoints: readCheckpointFolder(paths.checkpointConfig),
    model: sideChannel(paths, 'model'),
  }
}

/** The `code` channel, as it goes into the artefact. @throws {RankerError} NOT_A_FILE */
function codeFiles(folder: string): Map<string, Uint8Array> {
  return new Map([...readPlainTree(folder)].map(([path, content]) => [join('code', path), content]))
}

/** @param config the folder of the `config` channel. */
function readValues(
  raw: Readonly<Record<string, string>>,
  io: Io,
  config: string | undefined,
): Pick<TrainingPlan, 'features' | 'hyperparameters'> {
  const features = readSpec({ features: raw.features, folder: io.cwd, config })
  const { features: _, ...others } = raw
  const warn = (text: string) => io.stderr.write(`warning: ${text}\n`)
  return { features, hyperparameters: parseHyperparameters(features ? others : raw, warn) }
}

function plan(channels: Channels, hyperparameters: Hyperparameters, flags: Flags, io: Io): TrainingPlan {
  return {
    channels,
    hyperparameters,
    threads: hyperparameters.nthread ?? availableParallelism(),
    s3: s3Settings(io.env),
    memory: {
      limitBytes: hyperparameters.memory_limit ?? MEMORY_SHARE * memoryOfMachine(),
      folder: io.env.TMPDIR ?? tmpdir(),
    },
    modelName: flags.values['model-name'] ?? io.env.TRAINING_JOB_NAME ?? 'ranker',
  }
}

/** NDCG@10 of the ranker on each channel beside what it is held against. */
function summary({ baselines, comparisons = {}, ...metrics }: Metrics): string {
  const channels = CHANNELS.filter((name) => comparisons[name])
  const [best] = baselines?.single_features ?? []
  if (!best || channels.length === 0) return ''
  const of = (channel: ChannelName) => comparisons[channel]!
  const against = (name: BaselineName) => (channel: ChannelName) =>
    of(channel)
      .baselines.find((one) => one.name === name)
      ?.mean.toFixed(4) ?? ''
  const rows: [name: string, cell: (channel: ChannelName) => string][] = [
    ['the ranker', (channel) => metrics[channel]!['ndcg@10']!.toFixed(4)],
    [
      '  95 % interval',
      (channel) => {
        const { low, high } = of(channel).metrics['ndcg@10']!
        return `${low.toFixed(3)} to ${high.toFixed(3)}`
      },
    ],
    ['the incumbent model', against('incumbent')],
    [`best single feature, ${best.feature}`, against('best_single_feature')],
    ['random order', against('random')],
  ]
  const shown = rows.filter(([, cell]) => channels.some((channel) => cell(channel) !== ''))
  return formatTable([
    { title: 'NDCG@10', cells: shown.map(([name]) => name) },
    ...channels.map((channel): Column => {
      return { title: channel, cells: shown.map(([, cell]) => cell(channel)), align: 'right' }
    }),
  ])
}

/** The flags that are hyperparameters, under the names the schema knows. */
function hyperparameterFlags(flags: Flags): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags.values)
      .map(([flag, value]) => [flag.replaceAll('-', '_'), value] as const)
      .filter(([name]) => resolveHyperparameter(name)),
  )
}

/** Rounds go to stdout, all else to stderr. */
function report(event: TrainingEvent, progress: Progress, io: Io): void {
  if (event.type === 'round' || event.type === 'cv') progress.round(event)
  else if (event.type !== 'trained') {
    progress.print(() => io.stderr.write(`${event.type === 'warning' ? 'warning: ' : ''}${event.text}\n`))
  }
}
