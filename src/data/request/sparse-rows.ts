import { RankerError } from '../../errors.ts'
import { checkText } from '../json/json.ts'
import { LibsvmRow } from '../libsvm/table.ts'
import { eachLineOf } from '../lines.ts'
import { readPlainLibsvm } from '../plain/libsvm.ts'
import { FrameReader } from '../recordio/frames.ts'
import { RecordRow } from '../recordio/table.ts'
import type { SparseRow } from '../row.ts'
import { RowList, type Rows } from './row-list.ts'

const BODY = 'the body'

/**
 * Reads libsvm rows, `[label[:weight]] [qid:N] index:value …`: label and qid are accepted and ignored, index i is column
 * i as in training, and what is absent is missing. An empty line is a row of missing values, so that scores and lines
 * stay in step; a line that holds a comment alone is refused.
 * @throws {RankerError} BODY_EMPTY, BODY_UNREADABLE, LIBSVM_TOKEN, INDEX_PAST_WIDTH, TOO_MANY_CELLS.
 */
export function readLibsvmRows(body: Uint8Array, width: number, indexBase: 0 | 1): Rows {
  const plain = readPlainLibsvm(body, width, indexBase)
  if (plain) return plain
  checkText(body)
  // A pair takes four bytes at least.
  const rows = new RowList(width, body.length / 4)
  const row = new LibsvmRow(BODY, { indexBase, unjudged: true })
  eachLineOf(body, (bytes, start, end, line) => {
    if (!row.read(bytes, start, end, line) && bytes.subarray(start, end).includes(0x23)) {
      const seen = new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 200)))
      throw new RankerError('LIBSVM_TOKEN', {
        file: BODY,
        line,
        seen,
        wanted: 'a row, for every line is answered',
      })
    }
    add(rows, row, width, indexBase)
  })
  return rows.finish()
}

/**
 * Reads recordio-protobuf rows: `features["values"]` of each record, dense or sparse; its label is ignored.
 * @throws {RankerError} BODY_EMPTY, RECORD_DAMAGED, RECORD_CONTENT, WRONG_WIDTH, INDEX_PAST_WIDTH, TOO_MANY_CELLS.
 */
export function readRecordRows(body: Uint8Array, width: number): Rows {
  const rows = new RowList(width, body.length / 4)
  const row = new RecordRow(BODY, true)
  const frames = new FrameReader(BODY, (payload, record) => {
    row.read(payload, record)
    if (row.isDense && row.count !== width) {
      throw new RankerError('WRONG_WIDTH', { row: record, seen: row.count, wanted: width })
    }
    add(rows, row, width, 0)
  })
  frames.push(body)
  frames.end()
  return rows.finish()
}

function add(
  rows: RowList,
  { indices, values, count, width: rowWidth, line }: SparseRow,
  width: number,
  base: number,
): void {
  if (rowWidth > width)
    throw new RankerError('INDEX_PAST_WIDTH', { row: line, index: rowWidth - 1 + base, base, width })
  const at = rows.add()
  rows.values.fill(Number.NaN, at, at + width)
  for (let cell = 0; cell < count; cell++) rows.values[at + indices[cell]!] = values[cell]!
}
