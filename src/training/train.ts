import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RankerError } from '../errors.ts'
import { goldenFeatures } from '../features/golden.ts'
import { formatManifest, MANIFEST_FILE } from '../model/manifest.ts'
import { findWarnings } from '../report/warnings.ts'
import type { JobPaths } from '../sagemaker/job.ts'
import { openOnnxRuntime } from '../scoring/onnxruntime.ts'
import { checkWritable, writeTogether } from '../storage/files.ts'
import type { Artefact } from './artefact.ts'
import { prepareCheckpoints } from './checkpoints.ts'
import type { HostsInput } from './hosts/hosts.ts'
import type { HostLine } from './hosts/line.ts'
import type { Metrics } from './measure.ts'
import { formatPerQuery } from './per-query.ts'
import { Stopwatch } from './phases.ts'
import type { TrainingEvent, TrainingPlan } from './plan.ts'
import { ReportThread, reportData, type Surroundings, writeReport } from './report.ts'
import type { TrainingResult } from './run.ts'
import type { TrainingThread } from './training-thread.ts'

export interface TrainOptions {
  /** Trains this one job, and is closed before anything else takes memory. */
  readonly thread: TrainingThread
  /** Told of every round and every warning. */
  readonly onEvent: (event: TrainingEvent) => void
  /** Called at the end: what the report says about the process. */
  readonly surroundings: () => Surroundings
  /** Abort it to end after the current round and keep what was learnt. */
  readonly stop?: AbortSignal
  /** The line to the other hosts of the job, if there are any. */
  readonly line?: HostLine | undefined
  /** Files that go into the artefact beside the model, by their path in it: those of the `code` channel. */
  readonly extraFiles?: ReadonlyMap<string, Uint8Array> | undefined
}

/**
 * Trains, checks the export against XGBoost on the golden rows, and only then writes the artefact and the metrics. Of
 * several machines only the leader does.
 * @throws {RankerError} with no new file in the model folder.
 */
export async function train(plan: TrainingPlan, paths: JobPaths, options: TrainOptions): Promise<Metrics> {
  const { line } = options
  const leads = !line || line.hosts.index === 0
  for (const folder of [paths.model, dirname(paths.failure)]) checkWritable(folder)
  if (leads && plan.checkpoints !== undefined) prepareCheckpoints(plan.checkpoints)
  const place = line && { ...line.hosts, ...(await line.news.together) }
  if (!leads) return (await runOnThread(plan, options, place)).metrics
  const drawing = new ReportThread()
  try {
    return await trainAndWrite(plan, paths, options, place, drawing)
  } finally {
    await drawing.close()
  }
}

async function trainAndWrite(
  plan: TrainingPlan,
  paths: JobPaths,
  options: TrainOptions,
  place: HostsInput | undefined,
  drawing: ReportThread,
): Promise<Metrics> {
  const result = await runOnThread(plan, options, place, () => drawing.start())
  await options.thread.close()
  const watch = new Stopwatch()
  const exportDifference = await checkExport(result)
  watch.lap('check the export')
  const phases = [...result.phases, ...watch.phases]
  const data = reportData(plan, { ...result, phases }, exportDifference, options.surroundings())
  const metrics: Metrics = { ...result.metrics, warnings: findWarnings(data) }
  // Drawn while the model is written.
  const page = drawing.draw(data)
  writeArtefact(paths, { ...result, metrics }, options.extraFiles)
  if (options.line) {
    const text =
      'metrics, comparisons and per_query.csv are over the queries of all hosts; feature importance, profile and drift look at rows of this one'
    options.onEvent({ type: 'note', text })
  }
  await writeReport(paths, page, options.onEvent)
  return metrics
}

function runOnThread(
  plan: TrainingPlan,
  { thread, onEvent, stop, line }: TrainOptions,
  hosts: HostsInput | undefined,
  onTrained = () => {},
): Promise<TrainingResult> {
  return thread.train({
    plan,
    hosts,
    stop,
    onTracker: (port) => line!.announce(port),
    onEvent(event) {
      if (event.type === 'trained') onTrained()
      // All hosts see the same values, so only one reports them.
      else if (event.type !== 'round' || !hosts || hosts.index === 0) onEvent(event)
    },
  })
}

/**
 * What was trained is what is served: ONNX Runtime must give the golden rows the scores that XGBoost gave.
 * @returns the largest difference.
 */
async function checkExport({ onnx, manifest }: Artefact): Promise<number> {
  const { scores } = manifest.goldenRows
  const scorer = await openOnnxRuntime(onnx)
  try {
    const exported = await scorer.score(goldenFeatures(manifest, MANIFEST_FILE), scores.length)
    let largest = 0
    for (const [row, wanted] of scores.entries()) {
      const tolerance = 1e-6 * Math.max(1, Math.abs(wanted))
      const seen = exported[row]!
      if (!(Math.abs(seen - wanted) <= tolerance)) {
        throw new RankerError('EXPORT_DIFFERS', { row, seen, wanted, tolerance })
      }
      largest = Math.max(largest, Math.abs(seen - wanted))
    }
    return largest
  } finally {
    await scorer.close()
  }
}

/** The manifest last among the model's files, for it vouches for the others. */
function writeArtefact(
  paths: JobPaths,
  { onnx, ubj, manifest, metrics, inspection }: TrainingResult,
  extraFiles: ReadonlyMap<string, Uint8Array> = new Map(),
): void {
  const model = [
    ...extraFiles,
    ['model.onnx', onnx],
    ['model.ubj', ubj],
    [MANIFEST_FILE, formatManifest(manifest)],
  ] as const
  const compared = inspection.channels.flatMap(({ name, queries }) => (queries ? [{ name, queries }] : []))
  // One left by an earlier job would tell of other queries.
  if (compared.length === 0) rmSync(paths.perQuery, { force: true })
  writeTogether(
    new Map([
      ...model.map(([name, content]) => [join(paths.model, name), content] as const),
      ...(compared.length === 0 ? [] : [[paths.perQuery, formatPerQuery(compared)] as const]),
      [paths.metrics, `${JSON.stringify(metrics, undefined, 2)}\n`],
    ]),
  )
}
