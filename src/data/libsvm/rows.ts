import { RankerError } from '../../errors.ts'
import { checkText } from '../json/json.ts'
import { eachLineOf } from '../lines.ts'
import { readPlainLibsvm } from '../plain/libsvm.ts'
import { RowList, type Rows } from '../request/row-list.ts'
import { LibsvmRow } from './table.ts'

const BODY = 'the body'
const HASH = 0x23

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
    if (!row.read(bytes, start, end, line) && bytes.subarray(start, end).includes(HASH)) {
      const seen = new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 200)))
      const wanted = 'a row, for every line is answered'
      throw new RankerError('LIBSVM_TOKEN', { file: BODY, line, seen, wanted })
    }
    rows.addSparse(row, indexBase)
  })
  return rows.finish()
}
