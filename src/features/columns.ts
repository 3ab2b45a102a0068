import type { Texts } from './texts.ts'

/** How a column of raw values is read; the kinds of its features decide. */
export type RawType = 'number' | 'category' | 'text' | 'date' | 'vector'

/** A column that a pipeline reads: a value for each item, or one for all items of a query. */
export interface RawColumn {
  readonly source: 'item' | 'query'
  readonly name: string
  readonly type: RawType
  /** The unit in which numbers in a column of dates count since 1970; without it, dates are texts. */
  readonly epoch?: 'seconds' | 'milliseconds' | undefined
  /** Whether a request may leave it out: the time of the query is then that of the request. */
  readonly optional?: true | undefined
  /** Whether only training has it: the position at which a row was shown. */
  readonly trainingOnly?: true | undefined
}

/**
 * Raw values of one column. Missing values are NaN, undefined, vectors that start with NaN, and -1 among categories,
 * which are numbers that stand for texts.
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

/** A column's name in a table, where columns of queries stand beside those of items. */
export function tableName({ source, name }: Pick<RawColumn, 'source' | 'name'>): string {
  return source === 'query' ? `query.${name}` : name
}
