import { RankerError } from '../../errors.ts'
import { checkText } from '../json/json.ts'
import { isInfinite } from '../number.ts'
import { readPlainCsv } from '../plain/csv.ts'
import { RowList, type Rows } from '../request/row-list.ts'
import type { Row } from '../row.ts'
import { CsvScanner } from './scanner.ts'

const HEADER_HINT = 'a header line needs the Content-Type text/csv; header=present'

/**
 * Reads CSV whose every line is a row, in feature order and as wide as the model. An empty line is a row too, so that
 * scores and lines stay in step.
 * @throws {RankerError} BODY_EMPTY, BODY_UNREADABLE, WRONG_WIDTH, BAD_VALUE, and the scanner's.
 */
export function readCsvRows(body: Uint8Array, featureNames: readonly string[]): Rows {
  const width = featureNames.length
  const plain = readPlainCsv(body, width)
  if (plain) return plain
  checkText(body)
  const rows = new RowList(width, body.length / 8)
  scan(body, (record) => {
    const row = rows.count + 1
    if (record.count !== width)
      throw new RankerError('WRONG_WIDTH', { row, seen: record.count, wanted: width })
    const at = rows.add()
    for (let cell = 0; cell < width; cell++) {
      rows.values[at + cell] = readCell(record, cell, row, featureNames[cell]!, row === 1)
    }
  })
  return rows.finish([])
}

/**
 * Reads CSV whose first line names the columns. They match the features by name, in any order; the others may hold
 * anything and are ignored.
 * @throws {RankerError} BODY_EMPTY, BODY_UNREADABLE, COLUMN_ABSENT, COLUMN_TWICE, NOT_AS_HEADER, BAD_VALUE, and the scanner's.
 */
export function readCsvTable(body: Uint8Array, featureNames: readonly string[]): Rows {
  checkText(body)
  const rows = new RowList(featureNames.length, body.length / 8)
  let header: readonly string[] | undefined
  let cells = new Int32Array(0)
  scan(body, (record) => {
    if (!header) {
      header = Array.from({ length: record.count }, (_, cell) => record.text(cell).trim())
      cells = cellsOf(featureNames, header)
      return
    }
    const row = rows.count + 1
    if (record.count !== header.length) {
      throw new RankerError('NOT_AS_HEADER', { row, seen: record.count, wanted: header.length })
    }
    const at = rows.add()
    for (let feature = 0; feature < cells.length; feature++) {
      rows.values[at + feature] = readCell(record, cells[feature]!, row, featureNames[feature]!)
    }
  })
  const features = new Set(featureNames)
  return rows.finish((header ?? []).filter((name) => !features.has(name)))
}

function scan(body: Uint8Array, onRecord: (record: Row) => void): void {
  const scanner = new CsvScanner('the body')
  scanner.push(body, onRecord)
  scanner.end(onRecord)
}

/** For each feature the cell that holds it. */
function cellsOf(featureNames: readonly string[], header: readonly string[]): Int32Array<ArrayBuffer> {
  // The map keeps the last cell of a name that occurs twice.
  const cells = new Map(header.map((name, cell) => [name, cell]))
  const absent = featureNames.filter((name) => !cells.has(name))
  if (absent.length > 0) throw new RankerError('COLUMN_ABSENT', { columns: absent })
  return Int32Array.from(featureNames, (column) => {
    const cell = cells.get(column)!
    if (cell !== header.indexOf(column)) throw new RankerError('COLUMN_TWICE', { column })
    return cell
  })
}

function readCell(record: Row, cell: number, row: number, column: string, headerHint = false): number {
  const value = record.number(cell)
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
    const seen = record.text(cell)
    const hint = headerHint && !isInfinite(seen) ? HEADER_HINT : undefined
    throw new RankerError('BAD_VALUE', { row, column, seen, hint })
  }
  return value
}
