/** Stage 1, as `two-stage-ranking/retrieval`: finds the items that are worth ranking. */

export { EmbeddedEngine, type EmbeddedOptions } from './embedded-engine.ts'
export type {
  Embedder,
  FieldValue,
  Filter,
  Hit,
  IndexedItem,
  IndexReport,
  SearchEngine,
  SearchQuery,
  TimeOptions,
} from './engine.ts'
export { fuse } from './fusion.ts'
export { OpenSearchEngine, type OpenSearchOptions } from './opensearch-engine.ts'
export { TextEmbedding } from './text-embedding.ts'
