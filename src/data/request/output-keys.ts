/** What an answer can hold for a row or an item, besides its id. */
export const OUTPUT_KEYS = ['score', 'rank', 'contributions'] as const
export type OutputKey = (typeof OUTPUT_KEYS)[number]

/** How a request wants to be answered; the server chooses what it leaves open. */
export interface RequestOptions {
  /** Keys of the answer, in their order. */
  readonly output?: readonly OutputKey[] | undefined
  /** Whether contributions are wanted, whatever else is. */
  readonly explain?: boolean | undefined
}
