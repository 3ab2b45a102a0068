import { type Dataset, groupBounds } from '../../data/dataset/dataset.ts'
import { contiguousRows } from '../../data/dataset/row-store.ts'
import { RankerError } from '../../errors.ts'
import type { Emit } from '../plan.ts'
import type { Hosts } from './hosts.ts'

/** A query on its way to another host; float32 as base64, because JSON has no NaN. */
interface Loan {
  readonly id: string | undefined
  readonly values: string
  readonly labels: string
  readonly weights: string | undefined
}

/**
 * Gives each host that has no row of train a query (without queries, a row) of the host that has most. XGBoost 3.4.1
 * can train with an empty worker, but a worker that samples no rows draws no random number for them, and from then on
 * samples other columns than the rest: the workers diverge and the job breaks.
 * @throws {RankerError} FEWER_QUERIES_THAN_HOSTS, on all hosts.
 */
export function lendQueries(train: Dataset, hosts: Hosts, emit: Emit): Dataset {
  const counts = hosts.gather(train.groups?.sizes.length ?? train.rows)
  const empty = [...counts.keys()].filter((host) => counts[host] === 0)
  if (empty.length === 0) return train
  const most = Math.max(...counts)
  if (most <= empty.length) {
    const seen = counts.reduce((sum, count) => sum + count, 0)
    throw new RankerError('FEWER_QUERIES_THAN_HOSTS', { seen, hosts: counts.length, grouped: !!train.groups })
  }
  const lender = counts.indexOf(most)
  const kept = most - empty.length
  const lends = hosts.index === lender
  const loans = hosts.gather(lends ? empty.map((_, index) => loanOf(train, kept + index)) : [])[lender]!
  if (lends) return firstQueries(train, kept)
  const place = empty.indexOf(hosts.index)
  if (place < 0) return train
  emit({ type: 'note', text: `train: no row here, so one query of ${hosts.names[lender]} is taken over` })
  return borrowed(train, loans[place]!)
}

/** Rows `[from, to)` of a query; where there are no queries, of a row. */
function rowsOf({ groups }: Dataset, query: number): [from: number, to: number] {
  if (!groups) return [query, query + 1]
  const bounds = groupBounds(groups.sizes)
  return [bounds[query]!, bounds[query + 1]!]
}

function loanOf(data: Dataset, query: number): Loan {
  const [from, to] = rowsOf(data, query)
  return {
    id: data.groups?.ids[query],
    values: encode(data.matrix.view(from, to)),
    labels: encode(data.labels.subarray(from, to)),
    weights: data.weights && encode(data.weights.subarray(query, query + 1)),
  }
}

function borrowed({ featureNames, groups }: Dataset, loan: Loan): Dataset {
  const labels = decode(loan.labels)
  const rows = labels.length
  return {
    featureNames,
    rows,
    matrix: contiguousRows(decode(loan.values), featureNames.length),
    labels,
    ...(groups && { groups: { ids: [loan.id!], sizes: Uint32Array.of(rows) } }),
    ...(loan.weights !== undefined && { weights: decode(loan.weights) }),
  }
}

function firstQueries(data: Dataset, count: number): Dataset {
  const { matrix, labels, groups, weights } = data
  const [rows] = rowsOf(data, count)
  return {
    ...data,
    rows,
    matrix: {
      rows,
      width: matrix.width,
      onDisk: matrix.onDisk,
      view: (from, to) => matrix.view(from, to),
      close: () => matrix.close(),
    },
    labels: labels.subarray(0, rows),
    ...(groups && { groups: { ids: groups.ids.slice(0, count), sizes: groups.sizes.subarray(0, count) } }),
    ...(weights && { weights: weights.subarray(0, count) }),
  }
}

const encode = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')

function decode(text: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  return new Float32Array(bytes.buffer)
}
