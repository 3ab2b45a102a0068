import { statSync } from 'node:fs'
import { totalmem } from 'node:os'
import { RankerError } from '../errors.ts'
import { jobPaths, jobRoot } from '../sagemaker/job.ts'
import { failJob } from '../training/outputs.ts'

/** How the training process ended, as its parent (`container/job.mjs`) saw it. */
export interface JobEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Seconds after which it was killed because it had not stopped when asked. */
  readonly lateAfter: number | undefined
  /** Whether the kernel meanwhile killed something in this container for want of memory. */
  readonly isOutOfMemory: boolean
  /** In milliseconds since 1970. */
  readonly startedAt: number
}

/** Writes the cause of a bad end that the process could not report itself, and clears up after it. */
export function explainEnd(end: JobEnd, { env, stderr }: Pick<NodeJS.Process, 'env' | 'stderr'>): void {
  const paths = jobPaths(jobRoot(env))
  const said = statSync(paths.failure, { throwIfNoEntry: false })?.mtimeMs ?? 0
  // The first cause is the cause: native code may crash while a job that has failed ends its threads.
  if (said >= end.startedAt) return
  const { message } = causeOf(end)
  // A process that ended by itself has already said why.
  if (end.signal !== null) stderr.write(`error: ${message}\n`)
  failJob(paths, message)
}

function causeOf({ code, signal, lateAfter, isOutOfMemory }: JobEnd): RankerError {
  if (lateAfter !== undefined) return new RankerError('STOP_TIMED_OUT', { seconds: lateAfter })
  if (signal === null)
    return new RankerError('TRAINING_DIED', {
      reason: `its process ended with code ${code}, and its log says more`,
    })
  // It was asked to stop before it could listen for signals.
  if (signal === 'SIGTERM' || signal === 'SIGINT') return new RankerError('STOPPED', {})
  if (signal !== 'SIGKILL') return new RankerError('TRAINING_KILLED', { signal })
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const gibibytes = (Math.min(limit, totalmem()) / 2 ** 30).toFixed(1)
  const memory = `${isOutOfMemory ? 'it ran out of memory' : 'as happens when memory runs out'}, of which there are ${gibibytes} GiB`
  return new RankerError('TRAINING_KILLED', { signal, memory })
}
