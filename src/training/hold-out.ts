import { holdOut, type QueryParts, selectQueries } from '../data/dataset/query-parts.ts'
import { RankerError } from '../errors.ts'
import type { Datasets } from './datasets.ts'
import { type Hosts, ONE_HOST } from './hosts/hosts.ts'
import type { Hyperparameters } from './hyperparameters.ts'
import type { Emit } from './plan.ts'

/**
 * Makes the validation channel of `validation_fraction`: queries of train, whole, that are then not learnt from. Of
 * several hosts each holds out some of its own; one that has a single query, or none, leaves that to the others.
 * @throws {RankerError} TOO_FEW_QUERIES.
 */
export function withHeldOut(
  datasets: Datasets,
  { validation_fraction, seed }: Hyperparameters,
  emit: Emit,
  hosts: Hosts = ONE_HOST,
): Datasets {
  if (validation_fraction === undefined) return datasets
  const { train } = datasets
  const queries = train.groups!.sizes.length
  checkQueries('validation_fraction', validation_fraction, Math.max(...hosts.gather(queries)), 2)
  const parts: QueryParts =
    queries < 2
      ? { kept: Uint32Array.from({ length: queries }, (_, query) => query), heldOut: new Uint32Array(0) }
      : holdOut(queries, validation_fraction, seed)
  emit({
    type: 'note',
    text: `validation: ${parts.heldOut.length} of the ${queries} queries of train are held out to validate on`,
  })
  return {
    ...datasets,
    train: selectQueries(train, parts.kept),
    validation: selectQueries(train, parts.heldOut),
  }
}

export function checkQueries(name: string, value: number, seen: number, wanted: number): void {
  if (seen < wanted) throw new RankerError('TOO_FEW_QUERIES', { name, value, seen, wanted })
}
