import type { Filter, IndexedItem } from './engine.ts'
import { conditionOf } from './query.ts'

/**
 * The field that has an item's id. What a node names a document by, it reads from the whole of what it stores of it: for a
 * hundred hits that takes as long as the search does.
 */
export const ID = 'id'

/** The fewest candidates that a graph is searched for: fewer would find fewer of the nearest. */
const LEAST_CANDIDATES = 100

/** Settings and mappings of an index. Vectors have length 1, so that their inner product is the cosine. */
export function indexBody(
  dimensions: number | undefined,
  settings: Readonly<Record<string, unknown>>,
): object {
  const byType = (type: string, mapping: string) => ({
    [`${type} fields`]: { path_match: 'fields.*', match_mapping_type: type, mapping: { type: mapping } },
  })
  return {
    // Nobody searches the index while it is filled.
    settings: { index: { knn: true, number_of_shards: 1, ...settings, refresh_interval: -1 } },
    mappings: {
      dynamic: 'strict',
      _source: { excludes: ['vector'] },
      dynamic_templates: [byType('string', 'keyword'), byType('long', 'double'), byType('double', 'double')],
      properties: {
        [ID]: { type: 'keyword', index: false },
        text: { type: 'text' },
        fields: { type: 'object', dynamic: true },
        ...(dimensions && {
          vector: {
            type: 'knn_vector',
            dimension: dimensions,
            method: {
              name: 'hnsw',
              // The only engine without a native library of its own.
              engine: 'lucene',
              space_type: 'innerproduct',
              parameters: { m: 16, ef_construction: 128 },
            },
          },
        }),
      },
    },
  }
}

/** The `filter` clauses of a query. @throws {RankerError} QUERY_INVALID. */
export function filterClauses(filters: Readonly<Record<string, Filter>>): object[] {
  return Object.entries(filters).map(([field, filter]) => {
    const condition = conditionOf(field, filter)
    const path = `fields.${field}`
    if ('min' in condition) {
      const { min, max } = condition
      const bounds = { ...(Number.isFinite(min) && { gte: min }), ...(Number.isFinite(max) && { lte: max }) }
      return { range: { [path]: bounds } }
    }
    const values = condition.values.filter((value) => value !== null)
    const known = { terms: { [path]: values } }
    if (values.length === condition.values.length) return known
    const missing = { bool: { must_not: { exists: { field: path } } } }
    return { bool: { should: [known, missing], minimum_should_match: 1 } }
  })
}

/** A search for the nearest vectors; the filter is applied on the way through the graph, not after it. */
export function vectorSearch(
  vector: Float32Array,
  k: number,
  filter: readonly object[],
  timeout: string,
): object {
  const nearest = {
    vector: Array.from(vector),
    k: Math.max(k, LEAST_CANDIDATES),
    ...(filter.length > 0 && { filter: { bool: { filter } } }),
  }
  return { ...common(k, timeout), query: { knn: { vector: nearest } } }
}

/** A search by words: BM25. */
export function textSearch(text: string, k: number, filter: readonly object[], timeout: string): object {
  return { ...common(k, timeout), query: { bool: { must: { match: { text } }, filter } } }
}

const common = (k: number, timeout: string) => ({
  size: k,
  stored_fields: '_none_',
  docvalue_fields: [ID],
  track_total_hits: false,
  timeout,
})

/** Digits beyond these a unit vector of float32 does not have: they are sent, read and stored for nothing. */
const DIGITS = 1e8

/** An item as it is stored; a missing field is left out, which is how one is searched for. */
export function documentOf({ id, text, fields }: IndexedItem, vector?: Float32Array): object {
  const known = Object.entries(fields ?? {}).filter(([, value]) => value != null)
  return {
    [ID]: id,
    ...(text != null && { text }),
    fields: Object.fromEntries(known),
    ...(vector && { vector: Array.from(vector, (value) => Math.round(value * DIGITS) / DIGITS) }),
  }
}
