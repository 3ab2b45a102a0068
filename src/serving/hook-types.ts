import type { OutputKey } from '../data/request/output-keys.ts'
import type { Engine } from '../scoring/engines.ts'
import type { ModelInfo } from './model.ts'

/** Where a hook may log: pino's way, fields first. */
export interface HookLog {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
}

/** The last argument of every hook. */
export interface HookContext {
  /** The folder of the model, with `code/` in it. */
  readonly modelDir: string
  /** The model that the server loaded; undefined if the folder holds only a model of the hook's own. */
  readonly model: ModelInfo | undefined
  /** Absent while the model loads. */
  readonly requestId?: string | undefined
  /** The request's X-Amzn-SageMaker-Custom-Attributes. */
  readonly customAttributes?: string | undefined
  /** SAGEMAKER_INFERENCE_OUTPUT: what an answer holds of a row or an item unless the request says. */
  readonly output?: readonly OutputKey[] | undefined
  /** RANKER_ENGINE: what the default modelFn scores a model with. */
  readonly engine?: Engine | undefined
  readonly log: HookLog
}

/** Loads the model that predictFn or transformFn gets. */
export type ModelFn = (modelDir: string, context: HookContext) => unknown

/** Reads a request. */
export type InputFn = (body: Buffer, contentType: string, context: HookContext) => unknown

/** Makes a prediction from what inputFn returned. */
// biome-ignore lint/suspicious/noExplicitAny: it is whatever the other hooks return
export type PredictFn = (data: any, model: any, context: HookContext) => unknown

/**
 * Writes what predictFn returned: as text, bytes, any JSON value, or one of these with its content type in a pair.
 * `accept` names one media type, or is the header as it came when the defaults know none that it allows.
 */
// biome-ignore lint/suspicious/noExplicitAny: it is whatever the other hooks return
export type OutputFn = (prediction: any, accept: string, context: HookContext) => unknown

/** Does the work of inputFn, predictFn and outputFn, and returns what an outputFn may return. */
export type TransformFn = (
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever modelFn returns
  model: any,
  body: Buffer,
  contentType: string,
  accept: string,
  context: HookContext,
) => unknown
