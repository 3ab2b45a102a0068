import { join, resolve } from 'node:path'
import { type HostPlan, readHosts } from '../sagemaker/hosts.ts'
import { jobPaths, jobRoot, sideChannel } from '../sagemaker/job.ts'
import { readPlainTree } from '../storage/files.ts'
import { s3Settings } from '../storage/s3.ts'
import { isS3Address } from '../storage/s3-address.ts'
import { withS3Output } from '../storage/s3-output.ts'
import type { HostLine } from '../training/hosts/line.ts'
import { onHosts } from '../training/hosts/on-hosts.ts'
import { clearOutputs, failJob, failureSentence, forgetFailure, writeFailure } from '../training/outputs.ts'
import type { TrainingEvent } from '../training/plan.ts'
import { train } from '../training/train.ts'
import type { TrainingThread } from '../training/training-thread.ts'
import type { Io } from './command.ts'
import type { Flags } from './flags.ts'
import { openProgress, type Progress } from './progress.ts'
import { channelFlags, DEFAULT_OUTPUT, jobPlan, localPlan, readTrainFlags } from './train-plan.ts'
import { trainSummary } from './train-summary.ts'

/** Runs `ranker train`. @returns the exit code. */
export async function runTraining(argv: readonly string[], io: Io, thread: TrainingThread): Promise<number> {
  const flags = readTrainFlags(argv)
  const channels = channelFlags(flags)
  const wrote = (place: string) => io.stderr.write(`wrote ${place}\n`)
  const output = flags.values.output ?? DEFAULT_OUTPUT
  let end: JobEnd = 'failed'
  if (channels.train && isS3Address(output)) {
    const work = async (folder: string) => {
      end = await runJob(io, thread, folder, flags, channels)
      return end === 'written'
    }
    await withS3Output(output, s3Settings(io.env), work, wrote)
  } else {
    const root = channels.train ? resolve(io.cwd, output) : jobRoot(io.env)
    end = await runJob(io, thread, root, flags, channels.train ? channels : undefined)
    if (end === 'written') wrote(jobPaths(root).model)
  }
  return end === 'failed' ? 1 : 0
}

/** On several hosts, only the leader writes the model. */
type JobEnd = 'written' | 'written elsewhere' | 'failed'

/**
 * Trains below a root folder.
 * @param local the channels of a local job, one that SageMaker has not set up.
 * @returns how it went; the reason of a bad end has been logged and written.
 */
async function runJob(
  io: Io,
  thread: TrainingThread,
  root: string,
  flags: Flags,
  local?: Record<string, string>,
): Promise<JobEnd> {
  const paths = jobPaths(root)
  let hosts: HostPlan | undefined
  try {
    hosts = local ? undefined : readHosts(paths.resourceConfig, io.env)
    const work = async (line?: HostLine) => {
      // A local model is kept until it is replaced.
      if (local) forgetFailure(paths)
      else clearOutputs(paths)
      const plan = local ? localPlan(local, flags, io) : jobPlan(flags, io, paths, hosts)
      const code = local ? undefined : sideChannel(paths, 'code')
      const progress = openProgress(io)
      return train(plan, paths, {
        thread,
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
    io.stderr.write(`${trainSummary(metrics)}best iteration ${metrics.best_iteration}${hint}\n`)
    if (leads) return 'written'
    io.stderr.write(`the host that leads, ${hosts?.names[0]}, wrote the model\n`)
    return 'written elsewhere'
  } catch (thrown) {
    const sentence = failureSentence(thrown)
    io.stderr.write(`error: ${sentence}\n`)
    if (local) writeFailure(paths, sentence)
    else failJob(paths, sentence)
    // The training thread may be waiting inside XGBoost for a host that will never come.
    if (hosts) await io.endProcess?.(1)
    return 'failed'
  }
}

/** The `code` channel, as it goes into the artefact. @throws {RankerError} NOT_A_FILE */
function codeFiles(folder: string): Map<string, Uint8Array> {
  return new Map([...readPlainTree(folder)].map(([path, content]) => [join('code', path), content]))
}

/** Rounds go to stdout, all else to stderr. */
function report(event: TrainingEvent, progress: Progress, io: Io): void {
  if (event.type === 'round' || event.type === 'cv') progress.round(event)
  else if (event.type !== 'trained') {
    progress.print(() => io.stderr.write(`${event.type === 'warning' ? 'warning: ' : ''}${event.text}\n`))
  }
}
