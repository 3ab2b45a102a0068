import { rmSync } from 'node:fs'
import { reasonOf } from '../errors.ts'
import type { ReportData } from '../report/report-data.ts'
import type { JobPaths } from '../sagemaker/job.ts'
import { writeWhole } from '../storage/files.ts'
import { gainOfJob } from './measure.ts'
import type { Emit, TrainingPlan } from './plan.ts'
import type { TrainingResult } from './run.ts'

/** What only the process around a training job knows of it. */
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

/**
 * Draws and writes the report. The model is written already, and a page that cannot be drawn must not lose it: what goes
 * wrong is a warning, and no page of an earlier job is left.
 */
export async function writeReport(paths: JobPaths, data: ReportData, emit: Emit): Promise<void> {
  try {
    // The library that draws is loaded here alone: nothing else of training waits for it.
    const { renderReport } = await import('../report/report.ts')
    writeWhole(paths.report, renderReport(data))
  } catch (thrown) {
    emit({ type: 'warning', text: `report.html was not written: ${reasonOf(thrown)}` })
    try {
      rmSync(paths.report, { force: true })
    } catch {
      // Whatever keeps the page from being written may keep the old one from being removed; the warning has said so.
    }
  }
}
