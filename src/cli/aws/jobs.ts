import type { Api } from '../../aws/api.ts'
import type { Tools } from '../../aws/apply.ts'
import { priceOf } from '../../aws/cost/prices.ts'
import { dataSource } from '../../aws/jobs/data.ts'
import { CHANNEL_NAMES, type ChannelSources } from '../../aws/jobs/training-job.ts'
import { isThere } from '../../aws/model-source.ts'
import { startOfJobs, timeInName } from '../../aws/names.ts'
import { join, type Plan, printedCalls } from '../../aws/plan.ts'
import { lookForRole, planRole } from '../../aws/role.ts'
import { needed, pinImage, type Scope } from '../../aws/scope.ts'
import { formatSeconds } from '../../aws/wait.ts'
import { RankerError } from '../../errors.ts'
import { parseHyperparameters, resolveHyperparameter } from '../../training/hyperparameters.ts'
import { hyperparameterFlagNames } from '../hyperparameter-help.ts'
import type { Context } from './aws-command.ts'

export const JOB_FLAGS = {
  job: {
    value: 'NAME',
    does: 'name of the job, which is followed where it is there (default one by what it does and the time)',
  },
  detach: { does: 'start the job and do not wait for it' },
} as const

export const HYPERPARAMETER_FLAGS = Object.fromEntries(hyperparameterFlagNames().map((name) => [name, true]))

/** The scope of a job, with its image named by digest. */
export async function jobScope(context: Context): Promise<Scope> {
  const scope = await context.scope()
  return context.isDryRun ? scope : pinImage(scope, (await context.tools()).api)
}

interface JobNaming {
  readonly prefix: string
  /** What determines the job, apart from its name. */
  readonly content: object
  /** Finds a job in progress whose name contains a text. */
  readonly atWork: (api: Api, start: string) => Promise<string | undefined>
  /** Most characters. */
  readonly longest?: number
}

/**
 * The name in --job; else that of a job in progress that does the same, so that repeating a command does not start a
 * second one; else a new one, such as `ranker-1f3a9c-20260131-142501`.
 */
export async function jobName(context: Context, naming: JobNaming): Promise<string> {
  const { prefix, content, atWork, longest = 63 } = naming
  const { job } = context.flags.values
  if (job === undefined) {
    const start = startOfJobs(prefix, content, longest)
    const known = context.isDryRun ? undefined : await atWork((await context.tools()).api, start)
    if (known !== undefined)
      context.told(`${known} is at work on the same: it is followed (--job NAME starts another one)`)
    return known ?? `${start}${timeInName(new Date())}`
  }
  if (/^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/.test(job) && job.length <= longest) return job
  const wanted = `letters, digits and single dashes, ${longest} characters at most`
  throw new RankerError('BAD_SETTING', { name: '--job', seen: job, wanted })
}

/** Stands for the name of a job while it is not known. */
export const UNNAMED = 'unnamed'

/** The channels of the settings. @throws {RankerError} BAD_CONFIG without training data */
export function channelSources({ config, io }: Context, scope: Scope): ChannelSources {
  const training = config.training ?? {}
  needed(
    training.train,
    'training.train',
    'training data (--train): s3://bucket/key, or a local file or folder',
  )
  return Object.fromEntries(
    CHANNEL_NAMES.flatMap((name) => {
      const place = training[name]
      return place === undefined ? [] : [[name, dataSource(scope, name, place, io.cwd)]]
    }),
  )
}

/**
 * The hyperparameters of the settings and, over them, of the flags, as the job will read them: what it would refuse after
 * minutes is refused here. @throws {RankerError} as {@link parseHyperparameters}
 */
export function jobHyperparameters({ config, flags, told }: Context): Record<string, string> {
  const given = { ...config.training?.hyperparameters }
  for (const flag of Object.keys(HYPERPARAMETER_FLAGS)) {
    const value = flags.values[flag]
    if (value === undefined) continue
    const name = resolveHyperparameter(flag.replaceAll('-', '_')) ?? flag
    for (const other of Object.keys(given)) if (resolveHyperparameter(other) === name) delete given[other]
    given[name] = value
  }
  parseHyperparameters(given, (warning) => told(`warning: ${warning}`))
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [resolveHyperparameter(name) ?? name, value]),
  )
}

/** The role and the uploads that a job needs. */
export async function planJobNeeds(context: Context, scope: Scope, channels: ChannelSources): Promise<Plan> {
  const tools = context.isDryRun ? undefined : await context.tools()
  const role = planRole(scope, tools && (await lookForRole(scope, tools.api)))
  const uploads = Object.values(channels).flatMap((source) => source?.uploads ?? [])
  const plans: Plan[] = []
  for (const upload of uploads) {
    plans.push(
      tools && (await isThere(tools.s3, upload.to))
        ? { steps: [], kept: [upload.what] }
        : { steps: [upload], kept: [] },
    )
  }
  return join(role, ...plans)
}

interface Fleet {
  readonly InstanceType?: string | undefined
  readonly InstanceCount?: number | undefined
}

/** Dollars for instances that train for some seconds; undefined if the price table lacks them. */
export function trainingUsd(
  { InstanceType = '', InstanceCount = 1 }: Fleet,
  seconds: number,
  region: string,
) {
  const hourly = priceOf('training', InstanceType, region)
  return hourly === undefined ? undefined : (hourly * InstanceCount * seconds) / 3600
}

/** Says what the jobs cost at most, before they start. */
export function tellMost({ told }: Context, fleet: Fleet, seconds: number, region: string, jobs = 1): void {
  const usd = trainingUsd(fleet, seconds, region)
  if (usd === undefined) return
  const many = jobs > 1 ? `${jobs} jobs of ` : ''
  told(
    `at most about $${(jobs * usd).toFixed(2)}, if ${many}${fleet.InstanceCount} ${fleet.InstanceType} run for ${formatSeconds(seconds)}`,
  )
}

/** A job that is about to run: `ranker aws COMMAND --job NAME`. */
export interface Job<T> {
  readonly command: string
  /** What it is and its name, as in `training job shoes-2026`. */
  readonly what: string
  readonly name: string
  readonly plan: Plan
  follow(tools: Tools): Promise<T>
  stop(tools: Tools): Promise<unknown>
}

/**
 * Applies a job's plan and follows the job to its end.
 * @returns what `follow` gives, with the calls that were printed; or the exit code, where nothing was followed: in a
 * dry run, with --detach, or after an interruption
 */
export async function runJob<T>(
  context: Context,
  { command, what, name, plan, follow, stop }: Job<T>,
): Promise<{ readonly ended: T; readonly calls: ReturnType<typeof printedCalls> } | number> {
  await context.apply(plan)
  if (context.isDryRun) return 0
  const calls = printedCalls(plan)
  if (context.flags.switches.has('detach')) {
    context.print({ job: name, calls }, `${name}\n`)
    return 0
  }
  const tools = await context.tools()
  const ended = await following(
    context,
    what,
    () => follow(tools),
    () => stop(tools),
  )
  if (ended !== undefined) return { ended, calls }
  context.told(`ranker aws ${command} --job ${name} follows it again`)
  return 130
}

/**
 * Runs what follows a job. When it is interrupted at a terminal, asks whether to stop the job as well.
 * @returns what the work gives, or undefined after an interruption
 */
async function following<T>(
  context: Context,
  what: string,
  work: () => Promise<T>,
  stopJob: () => Promise<unknown>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof RankerError) || thrown.code !== 'WAIT_STOPPED') throw thrown
    const isStopped = await context.confirm(`stop ${what} as well`).then(
      () => true,
      () => false,
    )
    if (isStopped) {
      await stopJob()
      context.told(`${what} is being stopped; a model of the finished rounds is kept`)
    } else {
      context.told(`${what} goes on`)
    }
    return undefined
  }
}
