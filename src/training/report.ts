import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { reasonOf } from '../errors.ts'
import type { ReportData } from '../report/report-data.ts'
import type { JobPaths } from '../sagemaker/job.ts'
import { writeWhole } from '../storage/files.ts'
import { gainOfJob } from './measure.ts'
import type { Emit, TrainingPlan } from './plan.ts'
import type { TrainingResult } from './run.ts'
import { startThread } from './threads.ts'

/** What only the parent process of a training job knows about it. */
export interface Surroundings {
  readonly now: Date
  /** Version of Node. */
  readonly node: string
  readonly peakMemoryBytes: number
}

/** Gathers what the report shows of a finished job. */
export function reportData(
  { hyperparameters, threads }: TrainingPlan,
  { manifest, onnx, ubj, metrics, inspection, curve, phases }: TrainingResult,
  exportDifference: number,
  { now, node, peakMemoryBytes }: Surroundings,
): ReportData {
  const judged = inspection.channels.find(({ name }) => name === inspection.judged)!
  const sizes: Readonly<Record<string, number>> = { 'model.onnx': onnx.length, 'model.ubj': ubj.length }
  const trainSeconds = phases.find(({ name }) => name === 'train')!.seconds
  return {
    model: manifest.model,
    writtenAt: now.toISOString(),
    objective: manifest.objective,
    gain: gainOfJob(hyperparameters),
    channels: inspection.channels.map(({ name, profile }) => ({ name, profile, metrics: metrics[name]! })),
    judged: judged.name,
    curve,
    comparison: judged.comparison,
    queries: judged.queries,
    bestFeature: metrics.baselines?.single_features[0],
    importance: inspection.importance.features,
    explainedRows: inspection.importance.rows,
    shapDots: inspection.importance.dots,
    features: inspection.profile,
    drift: inspection.drift,
    scoresByGrade: inspection.scoresByGrade,
    run: {
      hyperparameters,
      threads,
      phases,
      rowsPerSecond: (manifest.training.rows * curve.rounds.length) / trainSeconds,
      peakMemoryBytes,
      versions: { ...manifest.libraries, node },
      files: Object.entries(manifest.files).map(([name, sha256]) => ({ name, sha256, bytes: sizes[name]! })),
      fingerprint: manifest.training.fingerprint,
      exportDifference,
      goldenRows: manifest.goldenRows.scores.length,
    },
  }
}

/** An idle drawing thread, for the next job of this process: loading the library takes most of its time. */
let idle: Worker | undefined

/** Draws the report on its own thread, which the owner of this object closes. */
export class ReportThread {
  #worker: Worker | undefined
  #page: Promise<string> | undefined
  #hasDrawn = false

  /**
   * To be called when the last round is done: loading the library that draws takes as long as measuring the model, which
   * leaves a core idle.
   */
  start(): void {
    this.#worker = idle ?? startThread('report-thread')
    idle = undefined
    this.#worker.ref()
    this.#page = once(this.#worker, 'message').then(([page]) => {
      this.#hasDrawn = true
      return page
    })
    // Whoever awaits the page gets the error.
    this.#page.catch(() => {})
  }

  /** @throws whatever kept the thread from drawing. */
  draw(data: ReportData): Promise<string> {
    if (!this.#worker) this.start()
    this.#worker!.postMessage(data)
    return this.#page!
  }

  async close(): Promise<void> {
    if (!this.#hasDrawn || idle) {
      await this.#worker?.terminate()
      return
    }
    idle = this.#worker
    idle!.unref()
  }
}

/**
 * Writes the report, when it is drawn. The model is written already, and a page that cannot be drawn must not lose it: what
 * goes wrong is a warning, and no page of an earlier job is left.
 */
export async function writeReport(paths: JobPaths, page: Promise<string>, emit: Emit): Promise<void> {
  try {
    writeWhole(paths.report, await page)
  } catch (thrown) {
    emit({ type: 'warning', text: `report.html was not written: ${reasonOf(thrown)}` })
    try {
      rmSync(paths.report, { force: true })
    } catch {
      // Whatever keeps the new page from being written may also keep the old one from being removed; the warning says
      // so.
    }
  }
}
