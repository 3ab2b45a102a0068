import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { OutputKey } from '../data/request/output-keys.ts'
import { RankerError } from '../errors.ts'
import type { Engine } from '../scoring/engines.ts'
import type { HookContext, HookLog } from './hook-types.ts'
import { type Hooks, loadHooks } from './hooks.ts'
import type { Model } from './model.ts'
import { modelFn } from './model-fn.ts'
import { LocalPipeline, type Pipeline } from './pipeline.ts'

export interface PipelineOptions {
  /** A model folder, or a model file beside which code/ may lie. */
  readonly modelPath: string
  /** SAGEMAKER_PROGRAM: the file in code/ that holds the hooks. */
  readonly program?: string | undefined
  /** SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT. */
  readonly defaultAccept?: string | undefined
  /** SAGEMAKER_INFERENCE_OUTPUT. */
  readonly output?: readonly OutputKey[] | undefined
  /** RANKER_ENGINE. */
  readonly engine?: Engine | undefined
  readonly log: HookLog
}

/**
 * Loads and proves the model, then its hooks.
 * @throws {RankerError} when the model or its hooks cannot be served.
 */
export async function openPipeline({
  modelPath,
  program,
  defaultAccept,
  output,
  engine,
  log,
}: PipelineOptions): Promise<Pipeline> {
  const modelDir = await folderOf(modelPath)
  const hooks = await loadHooks(modelDir, program)
  const defaultModel = await openDefault(modelPath, engine, hooks)
  try {
    const context: HookContext = { modelDir, model: defaultModel, output, engine, log }
    const model = hooks.modelFn ? await hooks.modelFn(modelDir, context) : defaultModel
    return new LocalPipeline({ defaultModel, model, hooks, context, defaultAccept })
  } catch (thrown) {
    await defaultModel?.scorer.close()
    throw thrown
  }
}

/** The folder that a model's code/ lies in. */
export async function folderOf(modelPath: string): Promise<string> {
  const found = await stat(modelPath).catch(() => undefined)
  return found?.isFile() ? dirname(modelPath) : modelPath
}

/** A folder without a model of a known kind is served by the modelFn that came with it. */
async function openDefault(
  modelPath: string,
  engine: Engine | undefined,
  hooks: Hooks,
): Promise<Model | undefined> {
  try {
    return await modelFn(modelPath, { engine })
  } catch (thrown) {
    if (hooks.modelFn && thrown instanceof RankerError && thrown.code === 'MODEL_MISSING') return undefined
    throw thrown
  }
}
