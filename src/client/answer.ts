import { RankerError } from '../errors.ts'
import type { RankableItem, Ranked, RankedList } from './request.ts'

type Answer<Item> = Omit<RankedList<Item>, 'milliseconds' | 'reason'>

/** The order that the items came in. */
export function inRetrievalOrder<Item>(items: readonly Item[], limit: number | undefined): Answer<Item> {
  const ranking = items.slice(0, limit).map((item, index) => ({ item, rank: index + 1, details: {} }))
  return { ranking, degraded: true }
}

/**
 * Gives the items of a request the order of its answer.
 * @param answer the parsed body. @throws {RankerError} ENDPOINT_ANSWER when it is none to this request.
 */
export function readAnswer<Item extends RankableItem>(answer: unknown, items: readonly Item[]): Answer<Item> {
  const refuse = (reason: string): never => {
    throw new RankerError('ENDPOINT_ANSWER', { reason })
  }
  const { ranking, model } = (answer ?? {}) as { ranking?: unknown; model?: RankedList<Item>['model'] }
  if (!Array.isArray(ranking)) return refuse('it has no ranking')
  // An id that stands twice names its items in their order.
  const byId = Map.groupBy(items, ({ id }) => id)
  const ranked = ranking.map((entry, index): Ranked<Item> => {
    const { id, rank: _, score, ...details } = (entry ?? {}) as Record<string, unknown>
    const item = byId.get(id as Item['id'])?.shift() ?? refuse(`item ${index + 1} is none of the request`)
    return { item, rank: index + 1, ...(typeof score === 'number' && { score }), details }
  })
  return { ranking: ranked, degraded: false, ...(model && { model }) }
}

/** @throws {RankerError} ENDPOINT_ANSWER. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RankerError('ENDPOINT_ANSWER', { reason: 'it is not JSON' }, { cause })
  }
}
