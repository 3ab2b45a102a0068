import { RankerError } from '../errors.ts'

/** A value of an item that searches may filter by. */
export type FieldValue = string | number | boolean | null

/** An item as it goes into an index. */
export interface IndexedItem {
  /** Unique in an index. */
  readonly id: string
  /** The item's position among the others; with an embedder, its text can take the place of this. */
  readonly vector?: ArrayLike<number>
  /** The text by which the item is found. */
  readonly text?: string
  readonly fields?: Readonly<Record<string, FieldValue>>
}

/** What a field must be: a value, any of several, or a number within inclusive bounds. */
export type Filter = FieldValue | readonly FieldValue[] | { readonly min?: number; readonly max?: number }

export interface SearchQuery {
  readonly vector?: ArrayLike<number>
  readonly text?: string
  /** All of them have to hold; a missing value meets no filter but null. */
  readonly filters?: Readonly<Record<string, Filter>>
  /** Most items to return. @default 100 */
  readonly k?: number
}

/** An item that was found. */
export interface Hit {
  readonly id: string
  /** Greater is nearer; comparable within one answer only. */
  readonly score: number
}

export interface IndexReport {
  readonly items: number
  readonly seconds: number
}

/** Stage 1: finds the items of a catalogue that are worth ranking. */
export interface SearchEngine {
  /**
   * Replaces all indexed items by these. Searches use the old ones until the new are complete, and continue to if
   * this fails.
   * @throws {RankerError} ITEM_INVALID, VECTOR_INVALID, SEARCH_FAILED.
   */
  index(items: Iterable<IndexedItem> | AsyncIterable<IndexedItem>): Promise<IndexReport>
  /**
   * The nearest items, nearest first; none where nothing is indexed.
   * @throws {RankerError} QUERY_INVALID, FILTER_UNKNOWN, VECTOR_INVALID, SEARCH_FAILED.
   */
  search(query: SearchQuery): Promise<Hit[]>
  close(): Promise<void>
}

/** Makes vectors from texts. */
export interface Embedder {
  /** Identifies the embedder: an index must be searched with the embedder it was made with. */
  readonly name: string
  readonly dimensions: number
  /**
   * One vector a text, of any length but zero; a zero vector finds nothing.
   * @param signal aborted when nobody waits for the answer any more
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly ArrayLike<number>[]>
}

/** How long others are waited for, in milliseconds. */
export interface TimeOptions {
  /** By a search. @default 1000 */
  readonly timeoutMs?: number
  /** By each call that indexes. @default 60000 */
  readonly indexTimeoutMs?: number
}

/** How many items a search returns unless it says. */
export const DEFAULT_K = 100

/** Takes the defaults for what is not given. @throws {RankerError} BAD_SETTING. */
export function timesOf({ timeoutMs = 1000, indexTimeoutMs = 60_000 }: TimeOptions): Required<TimeOptions> {
  for (const [name, value] of Object.entries({ timeoutMs, indexTimeoutMs })) {
    if (Number.isFinite(value) && value > 0 && value < 2 ** 31) continue
    throw new RankerError('BAD_SETTING', { name, seen: String(value), wanted: 'milliseconds above 0' })
  }
  return { timeoutMs, indexTimeoutMs }
}
