import { availableParallelism, tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { RankerError } from '../errors.ts'
import { readCheckpointFolder } from '../sagemaker/checkpoint-config.ts'
import type { HostPlan } from '../sagemaker/hosts.ts'
import {
  type Channels,
  type JobPaths,
  openChannel,
  readChannels,
  readHyperparameters,
  sideChannel,
} from '../sagemaker/job.ts'
import { memoryOfMachine } from '../storage/memory.ts'
import { s3Settings } from '../storage/s3.ts'
import { isS3Address } from '../storage/s3-address.ts'
import {
  type Hyperparameters,
  parseHyperparameters,
  resolveHyperparameter,
} from '../training/hyperparameters.ts'
import type { TrainingPlan } from '../training/plan.ts'
import type { Io } from './command.ts'
import { readSpec } from './feature-spec.ts'
import { type Flags, readFlags } from './flags.ts'
import { hyperparameterFlagNames } from './hyperparameter-help.ts'

export const DEFAULT_OUTPUT = 'ranker-output'
/** Share of the machine's memory that a job takes unless it is told otherwise. */
const MEMORY_SHARE = 0.8

/** Flags that say what SageMaker lays out in folders. */
const LOCAL_FLAGS = ['validation', 'test', 'model', 'content-type', 'output']

const FLAGS = Object.fromEntries([
  ...['train', 'bucket', 'key', 'model-name', ...LOCAL_FLAGS].map((name) => [name, true]),
  ...hyperparameterFlagNames().map((name) => [name, true]),
  ['help', false],
])

/** @throws {RankerError} BAD_ARGUMENTS. */
export const readTrainFlags = (argv: readonly string[]): Flags => readFlags('train', argv, FLAGS)

/** The data that flags name, by channel. */
export function channelFlags({ values }: Flags): Record<string, string> {
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

/** The plan of a job whose channels are named by flags. */
export function localPlan(local: Readonly<Record<string, string>>, flags: Flags, io: Io): TrainingPlan {
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

/** The plan of a job that SageMaker has set up. */
export function jobPlan(flags: Flags, io: Io, paths: JobPaths, hosts: HostPlan | undefined): TrainingPlan {
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

/** The flags that are hyperparameters, under the names the schema knows. */
function hyperparameterFlags(flags: Flags): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags.values)
      .map(([flag, value]) => [flag.replaceAll('-', '_'), value] as const)
      .filter(([name]) => resolveHyperparameter(name)),
  )
}
