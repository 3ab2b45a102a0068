import { type Dataset, groupBounds } from './dataset.ts'

/**
 * Data that is allowed but teaches a ranker nothing, as sentences with counts: queries of one row, without a relevant
 * row, or with equal labels throughout; without queries, labels that are all equal.
 */
export function oddities({ labels, groups }: Pick<Dataset, 'labels' | 'groups'>): string[] {
  if (!groups) {
    return labels.length > 1 && isConstant(labels) ? [`all ${labels.length} labels are ${labels[0]}`] : []
  }
  const bounds = groupBounds(groups.sizes)
  let single = 0
  let irrelevant = 0
  let constant = 0
  for (let query = 0; query < groups.sizes.length; query++) {
    const own = labels.subarray(bounds[query]!, bounds[query + 1]!)
    if (own.length === 1) single++
    else if (isConstant(own)) constant++
    if (own.every((label) => label <= 0)) irrelevant++
  }
  const queries = groups.sizes.length
  const sentence = (many: number, what: string) =>
    many > 0
      ? [
          `${many} of ${queries} ${queries === 1 ? 'query' : 'queries'} ${many === 1 ? 'has' : 'have'} ${what}`,
        ]
      : []
  return [
    ...sentence(single, 'a single row, so no pair to learn from'),
    ...sentence(irrelevant, 'no relevant row (no label above 0)'),
    ...sentence(constant, 'constant labels, so no pair to learn from'),
  ]
}

function isConstant(labels: Float32Array): boolean {
  return labels.every((label) => label === labels[0])
}
