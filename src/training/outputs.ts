import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { reasonOf } from '../errors.ts'
import type { JobPaths } from '../sagemaker/job.ts'
import { emptyFolder, writeWhole } from '../storage/files.ts'

/** SageMaker shows this many characters of the failure file. */
const MOST = 1024
const LEAST = 8

/**
 * Removes what an earlier attempt left where a job's results go: all that is there at the end is uploaded, and neither
 * a retry nor a warm pool promises clean folders. @throws {RankerError} WRITE_FAILED.
 */
export function clearOutputs(paths: JobPaths): void {
  forgetFailure(paths)
  emptyFolder(paths.model)
  emptyFolder(dirname(paths.metrics))
}

/** Removes the failure file of an earlier attempt. */
export function forgetFailure(paths: JobPaths): void {
  quietly(() => rmSync(paths.failure, { force: true }))
}

/** The plainest cause of a failure, as the platform shows it: one sentence, no stack. */
export function failureSentence(thrown: unknown): string {
  const reason = reasonOf(thrown)
  return (reason.length < LEAST ? `training failed: ${reason}` : reason).slice(0, MOST)
}

/** Says why a job failed, where the folder can be written; the log has said it already. */
export function writeFailure(paths: JobPaths, sentence: string): void {
  quietly(() => writeWhole(paths.failure, sentence))
}

/** Leaves nothing partial of a job that failed, then says why. */
export function failJob(paths: JobPaths, sentence: string): void {
  quietly(() => clearOutputs(paths))
  writeFailure(paths, sentence)
}

/** A failure here is not worth telling: a plainer cause came before it, or will come. */
function quietly(step: () => void): void {
  try {
    step()
  } catch {}
}
