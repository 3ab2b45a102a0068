import type { ErrorCode } from '../errors.ts'
import type { Rules } from '../rerank/rules.ts'

/** A candidate as retrieval found it, with the columns that the model takes. */
export interface RankableItem {
  readonly id: string | number
}

/** A business rule as a request gives it: whatever has a default may be left out. */
type Loose<T> = T extends readonly (infer Element)[]
  ? readonly Loose<Element>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Loose<T[Key]> | undefined }
    : T

/** `context.rerank`: docs/reranking.md. */
export type RerankRules = { readonly [Name in keyof Rules]?: Loose<Rules[Name]> | null }

export interface RankContext {
  readonly rerank?: RerankRules | false
  readonly [name: string]: unknown
}

export interface RankOptions {
  /** Most items to return. @default all */
  readonly limit?: number
  /** Milliseconds within which the answer arrives. @default the client's */
  readonly timeoutMs?: number
  /** For business rules and hooks. */
  readonly context?: RankContext
  /** Whether contributions are wanted. @default false */
  readonly explain?: boolean
}

/** One of several queries that are ranked together. */
export interface RankRequest<Query, Item> extends Omit<RankOptions, 'timeoutMs'> {
  readonly query: Query
  readonly items: readonly Item[]
}

/** An item in its place. */
export interface Ranked<Item> {
  /** The caller's own. */
  readonly item: Item
  /** From 1. */
  readonly rank: number
  /** Absent in a degraded answer. */
  readonly score?: number
  /** Everything else the answer says of it: worth, propensity, moves, contributions, base. */
  readonly details: Readonly<Record<string, unknown>>
}

export interface RankedList<Item> {
  readonly ranking: readonly Ranked<Item>[]
  /** Whether this is the order of retrieval because the ranker gave none in time. */
  readonly degraded: boolean
  /** Why it is degraded. */
  readonly reason?: { readonly code: ErrorCode; readonly message: string }
  readonly model?: { readonly name: string; readonly version: string }
  /** How long it took. */
  readonly milliseconds: number
}
