import type { ColumnSummary } from '../../data/training-table.ts'
import { RankerError } from '../../errors.ts'
import type { Emit, TrainingPlan } from '../plan.ts'
import type { Hosts } from './hosts.ts'

/**
 * Makes sure that every host was given the same job: hosts that take different steps would wait for each other.
 * @throws {RankerError} HOSTS_DIFFER, on all of them.
 */
export function checkSameJob({ hyperparameters, channels }: TrainingPlan, hosts: Hosts): void {
  const jobs = hosts.gather({ hyperparameters, channels: Object.keys(channels).sort() })
  for (const what of ['hyperparameters', 'channels'] as const) {
    const texts = jobs.map((job) => JSON.stringify(job[what]))
    const other = texts.findIndex((text) => text !== texts[0])
    if (other < 0) continue
    const [leader, host] = [hosts.names[0]!, hosts.names[other]!]
    throw new RankerError('HOSTS_DIFFER', { host, leader, what })
  }
}

/**
 * The features that all hosts train on: the columns of the first host that has any, in its order, as far as a number
 * was seen in them on any host; a host's share of the rows may hold none.
 * @throws {RankerError} CHANNEL_WITHOUT_ROWS, NO_FEATURES, on all hosts.
 */
export function agreeOnFeatures(mine: readonly ColumnSummary[], hosts: Hosts): string[] {
  const all = hosts.gather(mine)
  const numeric = new Set(all.flatMap((columns) => columns.filter((c) => c.numeric).map((c) => c.name)))
  const columns = all.find((one) => one.length > 0)?.map((column) => column.name)
  if (!columns) throw new RankerError('CHANNEL_WITHOUT_ROWS', { channel: 'train', hosts: all.length })
  const features = columns.filter((name) => numeric.has(name))
  if (features.length === 0) throw new RankerError('NO_FEATURES', { file: 'channel "train"', columns })
  return features
}

/** @throws {RankerError} CHANNEL_WITHOUT_ROWS where no host has a row. */
export function checkRows(channel: string, rows: number, hosts: Hosts): void {
  if (hosts.gather(rows).some((count) => count > 0)) return
  throw new RankerError('CHANNEL_WITHOUT_ROWS', { channel, hosts: hosts.names.length })
}

/** Every host must have come to the same model. @param hash its sha256. @throws {RankerError} MODELS_DIFFER. */
export function checkSameModel(hash: string, hosts: Hosts, emit: Emit): void {
  if (hosts.names.length === 1) return
  const hashes = hosts.gather(hash)
  const other = hashes.findIndex((one) => one !== hashes[0])
  if (other >= 0) {
    const [leader, host] = [hosts.names[0]!, hosts.names[other]!]
    throw new RankerError('MODELS_DIFFER', { host, leader, seen: hashes[other]!, wanted: hashes[0]! })
  }
  emit({ type: 'note', text: `all ${hashes.length} hosts came to the same model.ubj, sha256 ${hash}` })
}
