import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { reasonOf } from '../errors.ts'
import type { BaselineName } from '../report/report-data.ts'
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
import { openProgress, type Progress } from './progress.ts'
import { type Column, formatTable } from './table.ts'

const DEFAULT_ROOT = '/opt/ml'
const DEFAULT_OUTPUT = 'ranker-output'
/** SageMaker shows so many characters of the failure file. */
const FAILURE_LENGTH = 1024

const FLAGS = Object.fromEntries([
  ...['train', 'validation', 'test', 'output', 'model-name'].map((name) => [name, true]),
  ...hyperparameterNames
    .flatMap((name) => [name, ...(describeHyperparameter(name).aliases ?? [])])
    .map((name) => [toFlag(name), true]),
  ['help', false],
])

export const trainCommand: Command = {
  name: 'train',
  summary: 'learn a ranker from judged rows and export it to ONNX',
  help: `Usage: ranker train --train PATH [--validation PATH] [--test PATH] [--output DIR] [hyperparameters]
       ranker train

Learns a LambdaMART ranker with XGBoost from judged query-item rows, exports it to ONNX, checks the export against
XGBoost, and writes model.onnx, model.ubj and ranker.json, with metrics.json beside them.

Without --train it is a SageMaker training job: hyperparameters, channels and outputs are below SAGEMAKER_BASE_DIR
(default ${DEFAULT_ROOT}), as the platform lays them out; flags win over hyperparameters.json.

Data
  --train PATH             CSV file with a header, or a folder of such files
  --validation PATH        the same; its last metric decides early stopping
  --test PATH              the same; measured once, at the end
  --output DIR             where model/ and output/ are written (default ${DEFAULT_OUTPUT})
  --model-name NAME        name that answers of the served model carry (default: the job's name, else ranker)

Hyperparameters
${hyperparameterHelp()}

Environment
  SAGEMAKER_BASE_DIR       root of a SageMaker job (default ${DEFAULT_ROOT})
  RANKER_XGBOOST_LIB       libxgboost.so to use instead of the one that npm run setup fetched

Examples
  ranker train --train train.csv --validation valid.csv --item product_id --eta 0.1 --early-stopping-rounds 20
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
  const isLocal = flags.values.train !== undefined
  const root = isLocal
    ? resolve(io.cwd, flags.values.output ?? DEFAULT_OUTPUT)
    : (io.env.SAGEMAKER_BASE_DIR ?? DEFAULT_ROOT)
  const paths = jobPaths(root)
  try {
    rmSync(paths.failure, { force: true })
    // What lies in a job's model folder is uploaded whatever happens; a model of one's own is kept until replaced.
    if (!isLocal) removeArtefact(paths)
    const plan = isLocal ? localPlan(flags, io) : jobPlan(flags, io, paths)
    // libgomp reads it once, as it loads: threads that wait must not spin on shared cores.
    process.env.OMP_WAIT_POLICY ??= 'PASSIVE'
    const progress = openProgress(io, plan.hyperparameters.num_round)
    const metrics = await train(plan, paths, {
      env: { ...io.env },
      onEvent: (event) => report(event, progress, io),
      surroundings: () => ({
        now: new Date(),
        node: process.versions.node,
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      }),
      stop: io.stop,
    }).finally(() => progress.end())
    const warnings = metrics.warnings?.length ?? 0
    const hint = warnings > 0 ? `; ${warnings} warning${warnings === 1 ? '' : 's'} in ${paths.report}` : ''
    io.stderr.write(
      `${summary(metrics)}wrote ${paths.model}, best iteration ${metrics.best_iteration}${hint}\n`,
    )
    return 0
  } catch (thrown) {
    const sentence = reasonOf(thrown).slice(0, FAILURE_LENGTH)
    io.stderr.write(`error: ${sentence}\n`)
    try {
      writeWhole(paths.failure, sentence)
    } catch {
      // Nothing more can be said where the output folder cannot be written: stderr has the cause.
    }
    return 1
  }
}

function localPlan(flags: Flags, io: Io): TrainingPlan {
  const channels = Object.fromEntries(
    (['train', 'validation', 'test'] as const)
      .filter((name) => flags.values[name] !== undefined)
      .map((name) => [name, openChannel(name, resolve(io.cwd, flags.values[name]!))]),
  ) as Channels
  return plan(channels, parseHyperparameters(hyperparameterFlags(flags)), flags, io)
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
        const { low, high } = of(channel).ndcg['ndcg@10']!
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

function toFlag(name: string): string {
  return name.replaceAll('_', '-')
}

/** Rounds go to stdout, all else to stderr. */
function report(event: TrainingEvent, progress: Progress, io: Io): void {
  if (event.type === 'round') progress.round(event)
  else {
    progress.print(() => io.stderr.write(`${event.type === 'warning' ? 'warning: ' : ''}${event.text}\n`))
  }
}
