/** What a product service imports, as `two-stage-ranking/client`: no server, no model, no package but an optional SDK. */

export type { BreakerOptions } from './circuit-breaker.ts'
export { RankerClient, type RankerClientOptions } from './client.ts'
export type {
  RankableItem,
  RankContext,
  Ranked,
  RankedList,
  RankOptions,
  RankRequest,
  RerankRules,
} from './request.ts'
export { type SageMakerOptions, sageMakerTransport } from './sagemaker-transport.ts'
export { type EndpointRequest, type FetchOptions, fetchTransport, type Transport } from './transport.ts'
