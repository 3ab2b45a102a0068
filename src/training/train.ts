import { Worker } from 'node:worker_threads'
import { RankerError } from '../errors.ts'
import { formatManifest, MANIFEST_FILE } from '../model/manifest.ts'
import type { JobPaths } from '../sagemaker/job.ts'
import { openOnnxRuntime } from '../scoring/onnxruntime.ts'
import { removeFiles, writeWhole } from '../storage/files.ts'
import type { Artefact } from './artefact.ts'
import type { Metrics } from './measure.ts'
import type { TrainingEvent, TrainingPlan } from './plan.ts'
import type { TrainingResult } from './run.ts'
import type { ThreadInput, ThreadMessage } from './thread.ts'

export interface TrainOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told of every round and every warning. */
  readonly onEvent: (event: TrainingEvent) => void
  /** Aborted to end after the round that runs and keep what was learnt. */
  readonly stop?: AbortSignal
}

/** Names of the model's files, in the order in which they are written: the manifest vouches for the others. */
const MODEL_FILES = ['model.onnx', 'model.ubj', MANIFEST_FILE] as const

/**
 * Trains, checks the export against XGBoost on the golden rows, and only then writes the artefact and the metrics.
 * @throws {RankerError} with no new file in the model folder.
 */
export async function train(plan: TrainingPlan, paths: JobPaths, options: TrainOptions): Promise<Metrics> {
  const result = await runOnThread(plan, options)
  await checkExport(result)
  writeArtefact(paths, result)
  return result.metrics
}

/** Removes what an earlier job left in the model folder: what is there at the end of a job is uploaded. */
export function removeArtefact(paths: JobPaths): void {
  removeFiles(paths.model, MODEL_FILES)
}

function runOnThread(plan: TrainingPlan, { env, onEvent, stop }: TrainOptions): Promise<TrainingResult> {
  const flag = new SharedArrayBuffer(4)
  const raise = () => Atomics.store(new Int32Array(flag), 0, 1)
  if (stop?.aborted) raise()
  stop?.addEventListener('abort', raise, { once: true })
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./thread.${extension}`, import.meta.url), {
    workerData: { plan, env, stop: flag } satisfies ThreadInput,
    // The AWS SDK, where a channel is in S3, reads its settings and credentials from there.
    env,
  })
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new RankerError('TRAINING_DIED', { reason }))
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'done') resolve(message.result)
      else if (message.type === 'failed') reject(new RankerError(message.code, message.values as never))
      else onEvent(message)
    })
    worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)))
    worker.on('exit', (code) => fail(`its thread ended with code ${code}`))
  })
}

/** What was trained is what is served: ONNX Runtime must give the golden rows the scores that XGBoost gave. */
async function checkExport({ onnx, manifest }: Artefact): Promise<void> {
  const { rows, scores } = manifest.goldenRows
  const scorer = await openOnnxRuntime(onnx)
  try {
    const values = Float32Array.from(rows.flat(), (value) => value ?? Number.NaN)
    const exported = await scorer.score(values, rows.length)
    for (const [row, wanted] of scores.entries()) {
      const tolerance = 1e-6 * Math.max(1, Math.abs(wanted))
      const seen = exported[row]!
      if (!(Math.abs(seen - wanted) <= tolerance)) {
        throw new RankerError('EXPORT_DIFFERS', { row, seen, wanted, tolerance })
      }
    }
  } finally {
    await scorer.close()
  }
}

function writeArtefact(paths: JobPaths, { onnx, ubj, manifest, metrics }: TrainingResult): void {
  const contents = [onnx, ubj, formatManifest(manifest)]
  try {
    for (const [index, name] of MODEL_FILES.entries()) writeWhole(`${paths.model}/${name}`, contents[index]!)
    writeWhole(paths.metrics, `${JSON.stringify(metrics, undefined, 2)}\n`)
  } catch (thrown) {
    removeArtefact(paths)
    throw thrown
  }
}
