import { createHash } from 'node:crypto'
import { batchesOf, type Dataset } from '../data/dataset/dataset.ts'
import type { Parameters } from '../xgboost/booster.ts'
import { XGBOOST_VERSION } from '../xgboost/library.ts'
import type { ChannelModel } from './channel-model.ts'
import type { Origin } from './checkpoint-file.ts'
import type { Datasets } from './datasets.ts'
import type { Hosts } from './hosts/hosts.ts'

/**
 * sha256 over data that is learnt from or measured on: names, values, labels, queries and weights; with several
 * hosts, over each host's sha256.
 */
export function fingerprint(data: Dataset, hosts: Hosts): string {
  const all = hosts.gather(fingerprintHere(data))
  return all.length === 1 ? all[0]! : createHash('sha256').update(all.join()).digest('hex')
}

function fingerprintHere(data: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify(data.featureNames)).update(data.labels)
  for (const { from, to } of batchesOf(data, 1 << 14)) hash.update(data.matrix.view(from, to))
  if (data.groups) hash.update(data.groups.sizes)
  if (data.weights) hash.update('weights').update(data.weights)
  return hash.digest('hex')
}

/** What determines the rounds of a job; their number and the number of threads do not. */
export function originOf(
  { train, validation }: Datasets,
  { nthread: _, ...parameters }: Parameters,
  hosts: Hosts,
  base?: ChannelModel,
): Origin {
  return {
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])),
    xgboost: XGBOOST_VERSION,
    train: fingerprint(train, hosts),
    ...(validation && { validation: fingerprint(validation, hosts) }),
    ...(base && { model: base.sha256 }),
  }
}
