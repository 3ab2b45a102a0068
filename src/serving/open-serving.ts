import { hookFile } from './hooks.ts'
import { folderOf, openPipeline, type PipelineOptions } from './open-pipeline.ts'
import type { Pipeline } from './pipeline.ts'
import { IsolatedPipeline } from './processes/isolated-pipeline.ts'
import type { ProcessLimits } from './processes/pipeline-process.ts'
import { TurnPipeline } from './turn-pipeline.ts'
import type { Turns } from './turns.ts'

export interface ServingOptions extends PipelineOptions {
  readonly turns: Turns
  readonly largeBytes: number
  /** Whether hooks run in a process of their own. */
  readonly isolateHooks: boolean
  /** Limits of a process with hooks. */
  readonly hookLimits: ProcessLimits
  /** Called whenever a process was replaced. */
  readonly onReplace: () => void
}

/**
 * Opens a model for a server: with hooks, in a process of its own, where they can do no harm; without, on this thread.
 * @throws {RankerError} when the model or its hooks cannot be served.
 */
export async function openServing(options: ServingOptions): Promise<Pipeline> {
  const { modelPath, program, defaultAccept, output, engine, log } = options
  const { turns, largeBytes, hookLimits, onReplace } = options
  const isolated = (limits: ProcessLimits) =>
    IsolatedPipeline.open({ modelPath, program, defaultAccept, output, engine }, limits, log, onReplace)
  const hasHooks = (await hookFile(await folderOf(modelPath), program)) !== undefined
  if (hasHooks && options.isolateHooks) return isolated(hookLimits)
  // Only this product's own code runs there, so a large request may take its time.
  const largeLimits = { openMs: hookLimits.openMs, requestMs: undefined, memoryBytes: undefined }
  const here = await openPipeline(options)
  // Hooks may wait for something, and should not make others wait.
  if (hasHooks) return here
  return new TurnPipeline(here, {
    turns,
    largeBytes,
    openLarge: () => isolated(largeLimits),
  })
}
