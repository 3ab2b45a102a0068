import type { Texts } from './texts.ts'

/** What a column of raw values is read as; the kinds of features decide. */
export type RawType = 'number' | 'category' | 'text' | 'date' | 'vector'

/** A column that a pipeline reads. Of each item, or one value for all items of a query. */
export interface RawColumn {
  readonly source: 'item' | 'query'
  readonly name: string
  readonly type: RawType
  /** What a number in a column of dates counts since 1970; without it dates are texts. */
  readonly epoch?: 'seconds' | 'milliseconds' | undefined
  /** Whether a request may leave it out: the time of the query is then that of the request. */
  readonly optional?: true | undefined
  /** Whether training has it and nothing else does: the place that a row was shown at. */
  readonly trainingOnly?: true | undefined
}

/**
 * Raw values of one column: missing are NaN, undefined, vectors whose first value is NaN, and of categories, which are
 * numbers of their texts, -1.
 */
export type RawValues =
  | { readonly type: 'number'; readonly values: Float32Array }
  | { readonly type: 'date'; readonly values: Float64Array }
  | { readonly type: 'category'; readonly values: Int32Array; readonly texts: Texts }
  | { readonly type: 'text'; readonly values: readonly (string | undefined)[] }
  | { readonly type: 'vector'; readonly values: Float32Array; readonly dimension: number }

/** Some whole queries with their items, column by column. */
export interface RawBatch {
  readonly rows: number
  /** Rows of each query, which lie side by side. */
  readonly sizes: ArrayLike<number>
  /** In the order of the pipeline's columns: a value a row, or of query columns a value a query. */
  readonly columns: readonly RawValues[]
}

/** The column that a spec names: `price`, `item.price` or `query.text`. */
export function parseReference(text: string): Pick<RawColumn, 'source' | 'name'> {
  if (text.startsWith('query.') && text.length > 6) return { source: 'query', name: text.slice(6) }
  return { source: 'item', name: text.startsWith('item.') && text.length > 5 ? text.slice(5) : text }
}

/** What a column is called in a table, where the columns of queries stand beside those of items. */
export function tableName({ source, name }: Pick<RawColumn, 'source' | 'name'>): string {
  return source === 'query' ? `query.${name}` : name
}
