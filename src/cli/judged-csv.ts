import { CsvScanner } from '../data/csv/scanner.ts'
import type { Row } from '../data/row.ts'
import { RankerError } from '../errors.ts'

/** Columns of a judged CSV by the names that they have in it. */
export interface JudgedColumns {
  readonly label: string
  readonly group: string
  readonly price: string
  readonly cost: string
}

/** What its rows say, in the order of the file. */
export interface JudgedCsv {
  readonly queries: readonly string[]
  readonly labels: Float32Array
  readonly prices: Float64Array
  readonly costs: Float64Array
}

/**
 * Reads the columns of a CSV with a header that judge its rows.
 * @throws {RankerError} COLUMN_MISSING, BAD_LABEL, GROUP_EMPTY, TEXT_IN_NUMERIC_COLUMN.
 */
export function readJudgedCsv(csv: Uint8Array, file: string, names: JudgedColumns): JudgedCsv {
  const queries: string[] = []
  const labels: number[] = []
  const prices: number[] = []
  const costs: number[] = []
  let places: Record<keyof JudgedColumns, number> | undefined
  const onRecord = (record: Row): void => {
    if (!places) {
      const columns = Array.from({ length: record.count }, (_, cell) => record.text(cell).trim())
      const find = (role: keyof JudgedColumns) => {
        const place = columns.indexOf(names[role])
        if (place >= 0) return place
        throw new RankerError('COLUMN_MISSING', { file, column: names[role], role, columns })
      }
      places = { label: find('label'), group: find('group'), price: find('price'), cost: find('cost') }
      return
    }
    const at = (role: keyof JudgedColumns) => ({ file, line: record.line, column: names[role] })
    const number = (role: 'price' | 'cost') => {
      const value = record.number(places![role])
      if (Math.abs(value) !== Infinity) return value
      throw new RankerError('TEXT_IN_NUMERIC_COLUMN', { ...at(role), seen: record.text(places![role]) })
    }
    const label = record.number(places.label)
    if (!(label >= 0 && label <= 31)) {
      const seen = record.text(places.label)
      throw new RankerError('BAD_LABEL', { ...at('label'), seen, wanted: 'a grade from 0 to 31' })
    }
    const query = record.text(places.group)
    if (query === '') throw new RankerError('GROUP_EMPTY', at('group'))
    queries.push(query)
    labels.push(label)
    prices.push(number('price'))
    costs.push(number('cost'))
  }
  const scanner = new CsvScanner(file)
  scanner.push(csv, onRecord)
  scanner.end(onRecord)
  if (queries.length === 0) throw new RankerError('NO_ROWS', { file })
  return {
    queries,
    labels: Float32Array.from(labels),
    prices: Float64Array.from(prices),
    costs: Float64Array.from(costs),
  }
}
