import { CellText } from '../csv/cell-text.ts'
import type { Row } from '../row.ts'
import { ANY, INPUT, INPUT_BYTES } from './layout.ts'
import { type Parsers, parsers } from './parsers.ts'

const QUOTE = 0x22

/**
 * Reads lines of CSV without quotes by the parsers' module, in a fifth of the time of the general reader. Its records
 * lie in the module's memory: nothing that is called with one may use the module.
 */
export class PlainRecords {
  readonly #record = new PlainRecord()

  /**
   * Reads whole lines, up to the first with another number of cells, or to a quote.
   * @param line number of the first line
   * @returns how many bytes they took
   */
  read(
    bytes: Uint8Array,
    from: number,
    width: number,
    line: number,
    onRecord: (record: Row) => void,
  ): PlainRead {
    const open = parsers()
    const record = this.#record
    const end = plainEnd(bytes, from)
    let at = from
    let lines = 0
    // A line takes at least a byte a cell.
    while (end - at >= width) {
      const piece = bytes.subarray(at, Math.min(at + INPUT_BYTES, end))
      open.input.set(piece)
      // Cells that are no numbers are read too, as ±Infinity.
      const rows = open.kernel.readCsv(piece.length, width, ANY)
      if (rows === 0) break
      for (let row = 0; row < rows; row++) onRecord(record.at(open, row, width, line + lines + row))
      lines += rows
      at += open.kernel.stop.value - INPUT
    }
    return { bytes: at - from, lines }
  }
}

/** Position of the first quote, or the end. */
function plainEnd({ buffer, byteOffset, length }: Uint8Array, from: number): number {
  const quote = Buffer.from(buffer, byteOffset, length).indexOf(QUOTE, from)
  return quote < 0 ? length : quote
}

interface PlainRead {
  readonly bytes: number
  readonly lines: number
}

class PlainRecord implements Row {
  line = 0
  count = 0
  #first = 0
  #numbers: Float32Array = new Float32Array(0)
  #cells: Uint32Array = new Uint32Array(0)
  #memory: Uint8Array = new Uint8Array(0)
  readonly #text = new CellText()

  at({ values, cells, memory }: Parsers, row: number, width: number, line: number): this {
    this.#numbers = values
    this.#cells = cells
    this.#memory = memory
    this.#first = row * width
    this.count = width
    this.line = line
    return this
  }

  text(cell: number): string {
    const at = 2 * (this.#first + cell)
    return this.#text.of(this.#memory.subarray(this.#cells[at], this.#cells[at + 1]))
  }

  number(cell: number): number {
    return this.#numbers[this.#first + cell]!
  }
}
