/**
 * The package's surface: the default hooks, for a model's code/ to wrap, with their types, the server, and
 * the client, which `two-stage-ranking/client` has alone.
 */

export * from './client/index.ts'
export type { Lines } from './data/request/lines.ts'
export type { OutputKey } from './data/request/output-keys.ts'
export type { Queries, Query } from './data/request/query.ts'
export type { Rows } from './data/request/row-list.ts'
export { type ErrorCode, RankerError } from './errors.ts'
export type {
  HookContext,
  HookLog,
  InputFn,
  ModelFn,
  OutputFn,
  PredictFn,
  TransformFn,
} from './serving/hook-types.ts'
export { inputFn, type ModelInput } from './serving/input-fn.ts'
export type { Model, ModelInfo } from './serving/model.ts'
export { modelFn } from './serving/model-fn.ts'
export { outputFn } from './serving/output-fn.ts'
export {
  type LineAnswer,
  type Prediction,
  predictFn,
  type RankedItem,
  type Ranking,
  type RowPrediction,
  type RowPredictions,
} from './serving/predict-fn.ts'
export { buildServer, type ServerOptions } from './serving/server.ts'
