import { RankerError } from '../errors.ts'
import type { RankableItem, Ranked, RankedList } from './request.ts'

type Answer<Item> = Omit<RankedList<Item>, 'milliseconds' | 'reason'>

/** The order that the items came in. */
export function inRetrievalOrder<Item>(items: readonly Item[], limit: number | undefined): Answer<Item> {
  const ranking = items.slice(0, limit).map((item, index) => ({ item, rank: index + 1, details: {} }))
  return { ranking, degraded: true }
}

/**
 * Puts the items of a request into the order of its answer. An answer with too few items, which does not say that it
 * left some out as not relevant, is an error: the page would lose them without anybody noticing.
 * @param answer the parsed body.
 * @throws {RankerError} ENDPOINT_ANSWER when it does not answer this request.
 */
export function readAnswer<Item extends RankableItem>(
  answer: unknown,
  { items, limit = items.length }: { readonly items: readonly Item[]; readonly limit?: number },
): Answer<Item> {
  const refuse = (reason: string): never => {
    throw new RankerError('ENDPOINT_ANSWER', { reason })
  }
  const { ranking, model, dropped = 0 } = (answer ?? {}) as Record<string, unknown>
  if (!Array.isArray(ranking)) return refuse('it has no ranking')
  const left = items.length - (typeof dropped === 'number' ? dropped : 0)
  const wanted = Math.min(limit, left)
  if (ranking.length !== wanted) return refuse(`it has ${ranking.length} items, wanted ${wanted}`)
  // Items that share an id are matched in their order.
  const byId = Map.groupBy(items, ({ id }) => id)
  const ranked = ranking.map((entry, index): Ranked<Item> => {
    const { id, rank: _, score, ...details } = (entry ?? {}) as Record<string, unknown>
    const item = byId.get(id as Item['id'])?.shift() ?? refuse(`item ${index + 1} is none of the request`)
    return { item, rank: index + 1, ...(typeof score === 'number' && { score }), details }
  })
  return { ranking: ranked, degraded: false, ...(isModel(model) && { model }) }
}

function isModel(value: unknown): value is NonNullable<RankedList<RankableItem>['model']> {
  const { name, version } = (value ?? {}) as Record<string, unknown>
  return typeof name === 'string' && typeof version === 'string'
}

/** @throws {RankerError} ENDPOINT_ANSWER. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RankerError('ENDPOINT_ANSWER', { reason: 'it is not JSON' }, { cause })
  }
}
