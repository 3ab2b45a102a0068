import { createHash } from 'node:crypto'
import type { Dataset } from '../data/dataset.ts'

/** sha256 over what is learnt from, or measured on: names, values, labels, queries and weights. */
export function fingerprint(data: Dataset): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(data.featureNames))
    .update(data.values)
    .update(data.labels)
  if (data.groups) hash.update(data.groups.sizes)
  if (data.weights) hash.update('weights').update(data.weights)
  return hash.digest('hex')
}
