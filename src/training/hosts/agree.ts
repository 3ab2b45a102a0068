import type { Dataset } from '../../data/dataset/dataset.ts'
import { numberedColumns } from '../../data/table/sparse-table.ts'
import type { ColumnSummary } from '../../data/table/training-table.ts'
import { RankerError } from '../../errors.ts'
import type { Emit, TrainingPlan } from '../plan.ts'
import type { Hosts } from './hosts.ts'

/**
 * Checks that every host was given the same job: hosts that take different steps would wait for each other.
 * @param model sha256 of the one in the model channel.
 * @throws {RankerError} HOSTS_DIFFER, on all of them.
 */
export function checkSameJob(
  { hyperparameters, features, channels, checkpoints }: TrainingPlan,
  model: string | undefined,
  hosts: Hosts,
): void {
  const mine = {
    hyperparameters: JSON.stringify(hyperparameters),
    'feature specs': JSON.stringify(features?.spec ?? null),
    channels: Object.keys(channels).sort().join(),
    'models in the model channel': model ?? 'none',
    'checkpoint configurations': String(checkpoints !== undefined),
  }
  const jobs = hosts.gather(mine)
  for (const what of Object.keys(mine) as (keyof typeof mine)[]) {
    checkSame(
      what,
      jobs.map((job) => job[what]),
      hosts,
    )
  }
}

/** @param seen what each host has, undefined where it has none. */
function checkSame(what: string, seen: readonly (string | undefined)[], hosts: Hosts): void {
  const first = seen.findIndex((one) => one !== undefined)
  const other = seen.findIndex((one) => one !== undefined && one !== seen[first])
  if (other < 0) return
  throw new RankerError('HOSTS_DIFFER', { host: hosts.names[other]!, other: hosts.names[first]!, what })
}

/** What a host has seen of the columns of train; nothing, where it was given no file. */
export interface SeenColumns {
  /** Those that have names. */
  readonly named: readonly ColumnSummary[]
  /** How many have only numbers, as in libsvm and recordio. */
  readonly numbered: number
}

/**
 * The features that all hosts train on. Columns with names: those of the first host that has any, in its order, if
 * any host saw a number in them (a host's share of the rows may hold none). Numbered columns: as many as the host
 * with most has seen.
 * @throws {RankerError} HOSTS_DIFFER, CHANNEL_WITHOUT_ROWS, NO_FEATURES, on all hosts.
 */
export function agreeOnFeatures(mine: SeenColumns, hosts: Hosts): string[] {
  const all = hosts.gather(mine)
  const kinds = all.map(({ named, numbered }) =>
    named.length > 0 ? 'named' : numbered > 0 ? 'numbered' : undefined,
  )
  checkSame('formats (columns with names here, with numbers there)', kinds, hosts)
  const kind = kinds.find((one) => one !== undefined)
  if (!kind) throw new RankerError('CHANNEL_WITHOUT_ROWS', { channel: 'train', hosts: all.length })
  if (kind === 'numbered') return numberedColumns(Math.max(...all.map(({ numbered }) => numbered)))
  const numeric = new Set(all.flatMap(({ named }) => named.filter((c) => c.numeric).map((c) => c.name)))
  const columns = all.find(({ named }) => named.length > 0)!.named.map((column) => column.name)
  const features = columns.filter((name) => numeric.has(name))
  if (features.length === 0) throw new RankerError('NO_FEATURES', { file: 'channel "train"', columns })
  return features
}

/**
 * A channel's data with queries and weights on all hosts or on none. A host that was given no file has neither.
 * @throws {RankerError} CHANNEL_WITHOUT_ROWS where no host has a row, HOSTS_DIFFER.
 */
export function agreeOnRows(channel: string, data: Dataset, hosts: Hosts): Dataset {
  const { rows, groups, weights } = data
  const all = hosts.gather({ rows, grouped: groups !== undefined, weighted: weights !== undefined })
  const withRows = all.map((one) => (one.rows > 0 ? one : undefined))
  const first = withRows.find((one) => one !== undefined)
  if (!first) throw new RankerError('CHANNEL_WITHOUT_ROWS', { channel, hosts: all.length })
  for (const [what, kind] of [
    ['queries', 'grouped'],
    ['weights', 'weighted'],
  ] as const) {
    const seen = withRows.map((one) => one && String(one[kind]))
    checkSame(`columns in the channel ${channel} (${what} here, none there)`, seen, hosts)
  }
  if (rows > 0) return data
  return {
    ...data,
    ...(first.grouped && { groups: { ids: [], sizes: new Uint32Array(0) } }),
    ...(first.weighted && { weights: new Float32Array(0) }),
  }
}

/** Checks that every host arrived at the same model. @param hash its sha256. @throws {RankerError} MODELS_DIFFER. */
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
