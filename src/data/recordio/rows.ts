import { RankerError } from '../../errors.ts'
import { RowList, type Rows } from '../request/row-list.ts'
import { FrameReader } from './frames.ts'
import { RecordRow } from './table.ts'

const BODY = 'the body'

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
    rows.addSparse(row, 0)
  })
  frames.push(body)
  frames.end()
  return rows.finish()
}
