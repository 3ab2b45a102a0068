import { RankerError } from '../../errors.ts'
import { parseFloat32, readFloat32 } from '../number.ts'
import { PlainRecords } from '../plain/records.ts'
import type { Row } from '../row.ts'
import { CellText } from './cell-text.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d

/** A longer record may well be an unclosed quote: looking for its end in every chunk would take quadratic time. */
const MAX_RECORD_BYTES = 1 << 24

export type OnRecord = (record: Row) => void

/**
 * Splits CSV bytes (RFC 4180: commas, LF or CRLF, quoted cells) into records, chunk by chunk. Cells are read as numbers
 * on the way, in the same pass over the bytes; as text only where that is asked for. A byte-order mark is skipped, the
 * last newline is optional, an empty line is a record of one empty cell.
 * @throws {RankerError} UNCLOSED_QUOTE, BAD_QUOTE, RECORD_TOO_LONG from `push` and `end`.
 */
export class CsvScanner {
  /** What the bytes come from, as errors name it. */
  readonly #source: string
  readonly #record = new Record()
  readonly #plain = new PlainRecords()
  /** Cells of the record before; the next one is expected to have as many. */
  #width = 0
  /** Starts with the beginning of a record whose end was not in the last chunk. */
  #buffer: Uint8Array = new Uint8Array(0)
  #held = 0
  #line = 1
  #started = false

  constructor(source: string) {
    this.#source = source
  }

  push(chunk: Uint8Array, onRecord: OnRecord): void {
    const bytes = this.#held === 0 ? chunk : this.#append(chunk)
    // The first three bytes are needed together, to see a byte-order mark.
    const read = !this.#started && bytes.length < 3 ? 0 : this.#scan(bytes, false, onRecord)
    this.#held = 0
    this.#append(bytes.subarray(read))
    if (this.#held > MAX_RECORD_BYTES) {
      throw new RankerError('RECORD_TOO_LONG', {
        file: this.#source,
        line: this.#line,
        limit: MAX_RECORD_BYTES,
      })
    }
  }

  end(onRecord: OnRecord): void {
    const bytes = this.#buffer.subarray(0, this.#held)
    this.#held = 0
    const read = this.#scan(bytes, true, onRecord)
    if (read < bytes.length) throw new RankerError('UNCLOSED_QUOTE', { file: this.#source, line: this.#line })
  }

  /** Appends a chunk to the bytes that are held, and returns all of them. */
  #append(chunk: Uint8Array): Uint8Array {
    const length = this.#held + chunk.length
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(length + (length >> 2))
      grown.set(this.#buffer.subarray(0, this.#held))
      this.#buffer = grown
    }
    this.#buffer.set(chunk, this.#held)
    this.#held = length
    return this.#buffer.subarray(0, length)
  }

  /** Reads whole records and returns how many bytes they took. */
  #scan(bytes: Uint8Array, last: boolean, onRecord: OnRecord): number {
    let at = 0
    if (!this.#started) {
      this.#started = true
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3
    }
    const end = bytes.length
    const record = this.#record
    while (at < end) {
      if (this.#width > 0) {
        const plain = this.#plain.read(bytes, at, this.#width, this.#line, onRecord)
        this.#line += plain.lines
        at += plain.bytes
        if (at === end) break
      }
      const next = record.read(bytes, at, this.#line, last, this.#source)
      if (next < 0) break
      onRecord(record)
      this.#line += record.lines
      this.#width = record.count
      at = next
    }
    return at
  }
}

/** Cells are kept as numbers, and as the positions of their bytes. */
class Record implements Row {
  line = 0
  count = 0
  /** Lines that the record spans. */
  lines = 1
  #bytes: Uint8Array = new Uint8Array(0)
  #numbers = new Float32Array(64)
  #starts = new Int32Array(64)
  #ends = new Int32Array(64)
  /** Whether any cell holds doubled quotes, and 1 at those that do. */
  #anyDoubled = false
  #doubled = new Uint8Array(64)
  readonly #text = new CellText()

  /** Reads the record at `from`; returns where the next one starts, or -1 when its end is not among the bytes. */
  read(bytes: Uint8Array, from: number, line: number, last: boolean, source: string): number {
    const end = bytes.length
    let at = from
    let newlines = 0
    let cell = 0
    this.#bytes = bytes
    this.line = line
    if (this.#anyDoubled) this.#doubled.fill(0)
    this.#anyDoubled = false
    for (;;) {
      if (cell === this.#numbers.length) this.#grow()
      const numbers = this.#numbers
      let start = at
      let stop = readFloat32(bytes, at, end, numbers, cell)
      if (stop >= 0 && stop < end && (bytes[stop] === COMMA || bytes[stop] === LF)) {
        at = stop
      } else {
        while (at < end && bytes[at] === 0x20) at++
        if (at < end && bytes[at] === QUOTE) {
          start = ++at
          for (; ; at++) {
            if (at >= end) return -1
            if (bytes[at] === LF) newlines++
            if (bytes[at] !== QUOTE) continue
            if (at + 1 >= end && !last) return -1
            if (bytes[at + 1] !== QUOTE) break
            this.#anyDoubled = true
            this.#doubled[cell] = 1
            at++
          }
          stop = at++
          while (at < end && (bytes[at] === 0x20 || bytes[at] === CR)) at++
          if (at < end && bytes[at] !== COMMA && bytes[at] !== LF) {
            throw new RankerError('BAD_QUOTE', { file: source, line: line + newlines })
          }
        } else {
          at = start
          while (at < end && bytes[at] !== COMMA && bytes[at] !== LF) at++
          stop = at
          if (stop > start && bytes[stop - 1] === CR && (at === end || bytes[at] === LF)) stop--
        }
        numbers[cell] = parseFloat32(bytes, start, stop)
      }
      this.#starts[cell] = start
      this.#ends[cell] = stop
      cell++
      if (at >= end && !last) return -1
      if (at >= end || bytes[at++] === LF) {
        this.count = cell
        this.lines = newlines + 1
        return at
      }
    }
  }

  #grow(): void {
    this.#numbers = doubledLength(this.#numbers, Float32Array)
    this.#starts = doubledLength(this.#starts, Int32Array)
    this.#ends = doubledLength(this.#ends, Int32Array)
    this.#doubled = doubledLength(this.#doubled, Uint8Array)
  }

  text(cell: number): string {
    const bytes = this.#bytes.subarray(this.#starts[cell]!, this.#ends[cell]!)
    const text = this.#text.of(bytes)
    return this.#doubled[cell] === 1 ? text.replaceAll('""', '"') : text
  }

  number(cell: number): number {
    return this.#numbers[cell]!
  }
}

function doubledLength<T extends Float32Array | Int32Array | Uint8Array>(
  old: T,
  Kind: new (length: number) => T,
): T {
  const grown = new Kind(2 * old.length)
  grown.set(old)
  return grown
}
