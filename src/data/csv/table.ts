import { RankerError } from '../../errors.ts'
import type { Chunks, Row, TableSink } from '../row.ts'
import { CsvScanner } from './scanner.ts'

/** Names the columns of a file that has no header line. */
export type NameColumns = (file: string, count: number) => string[]

/**
 * Reads CSV into a table. The first line is a header, unless every cell of it is a number or empty: then it is a row,
 * and `nameColumns` says what the columns are. A header that is repeated starts the next of several concatenated
 * files, as Pipe mode gives them.
 * @throws {RankerError} FILE_EMPTY, NO_ROWS, NOT_UTF8, CR_LINE_ENDS, CSV_DIVIDED, HEADER_MISSING, RAGGED_ROW
 * and what the sink and the scanner throw.
 */
export async function readCsvTable(
  file: string,
  chunks: Chunks,
  nameColumns: NameColumns,
  sink: TableSink,
): Promise<void> {
  const scanner = new CsvScanner(file)
  let header: readonly string[] | undefined
  let width = 0
  let rows = 0
  const onRecord = (record: Row) => {
    if (width === 0) {
      if (isBlank(record)) return
      width = record.count
      header = isRow(record) ? undefined : readHeader(file, record)
      sink.begin(file, header ?? nameColumns(file, width))
      if (header) return
    }
    // A blank line is not a row, unless the table has a single column.
    if (width > 1 && isBlank(record)) return
    if (record.count !== width) {
      throw new RankerError('RAGGED_ROW', { file, line: record.line, seen: record.count, wanted: width })
    }
    if (header && isText(record, 0) && repeats(record, header)) return
    sink.row(record)
    rows++
  }
  for await (const chunk of chunks) scanner.push(chunk, onRecord)
  scanner.end(onRecord)
  if (width === 0) throw new RankerError('FILE_EMPTY', { file })
  if (rows === 0) throw new RankerError('NO_ROWS', { file })
}

/** Whether every cell is a number or empty: names are neither. */
function isRow(record: Row): boolean {
  for (let cell = 0; cell < record.count; cell++) {
    if (isText(record, cell)) return false
  }
  return true
}

function isBlank(record: Row): boolean {
  return record.count === 1 && record.text(0).trim() === ''
}

function isText(record: Row, cell: number): boolean {
  return Math.abs(record.number(cell)) === Number.POSITIVE_INFINITY
}

function repeats(record: Row, header: readonly string[]): boolean {
  return header.every((name, cell) => record.text(cell).trim() === name)
}

function readHeader(file: string, record: Row): string[] {
  const names = Array.from({ length: record.count }, (_, cell) => record.text(cell).trim())
  const divider = names.length === 1 ? dividerOf(names[0]!) : undefined
  if (divider) throw new RankerError('CSV_DIVIDED', { file, divider })
  // UTF-16, Latin-1 and archives: requests could not use such names.
  if (names.some((name) => /[\0\ufffd]/.test(name))) throw new RankerError('NOT_UTF8', { file })
  if (names.some((name) => /\r(?!\n)/.test(name))) throw new RankerError('CR_LINE_ENDS', { file })
  if (Number.isFinite(record.number(0))) throw new RankerError('HEADER_MISSING', { file, seen: names[0]! })
  return names
}

/** What stands between the cells of a line without a comma, where it is something that others write there. */
function dividerOf(line: string): string | undefined {
  const [, sign] = /^[^;\t|]*([;\t|])/.exec(line) ?? []
  if (sign) return sign === '\t' ? 'tabs' : `"${sign}"`
  return /^[-+.\de]+( +[-+.\de]+)+$/i.test(line) ? 'spaces' : undefined
}
