import { RankerError } from '../../errors.ts'
import { numberedColumn } from './sparse-table.ts'
import type { ColumnRoles } from './training-table.ts'

/**
 * Names the columns of a table without a header. A role is given as a zero-based index there, and its column gets
 * that role's name; the others become f0, f1, … in order. The label is column 0 unless its index is given.
 * @param grouped whether the query of a row is needed; if not, a group that is not an index is ignored
 * @throws {RankerError} COLUMN_INDEX_NEEDED, COLUMN_INDEX_OUTSIDE, COLUMN_INDEX_TAKEN.
 */
export function nameUnnamedColumns(
  roles: ColumnRoles,
  grouped: boolean,
  file: string,
  count: number,
): string[] {
  const roleOf = new Map<number, string>()
  for (const [role, column] of Object.entries(roles)) {
    if (column === undefined) continue
    const index = role === 'label' && column === 'label' ? 0 : toIndex(column)
    if (index === undefined) {
      if (role === 'group' && !grouped) continue
      throw new RankerError('COLUMN_INDEX_NEEDED', { file, role, seen: column })
    }
    if (index >= count) throw new RankerError('COLUMN_INDEX_OUTSIDE', { file, role, index, count })
    const other = roleOf.get(index)
    if (other !== undefined) throw new RankerError('COLUMN_INDEX_TAKEN', { file, role, other, index })
    roleOf.set(index, role)
  }
  let features = 0
  return Array.from({ length: count }, (_, index) => {
    const role = roleOf.get(index)
    return role === undefined ? numberedColumn(features++) : roles[role as keyof ColumnRoles]!
  })
}

function toIndex(column: string): number | undefined {
  return /^\d{1,7}$/.test(column) ? Number(column) : undefined
}
