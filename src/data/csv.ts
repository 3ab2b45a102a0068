import { RankerError } from '../errors.ts'
import { parseFloat32 } from './number.ts'
import type { Row } from './row.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d

/** A record longer than this is an unclosed quote: looking for its end in every chunk would take quadratic time. */
const MAX_RECORD_BYTES = 1 << 24

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

export type OnRecord = (record: Row) => void

/**
 * Splits CSV bytes (RFC 4180: commas, LF or CRLF, quoted cells) into records, chunk by chunk.
 * Cells stay bytes until they are asked for. A byte-order mark is skipped, the last newline is optional, an empty
 * line is a record of one empty cell.
 * @throws {RankerError} UNCLOSED_QUOTE, BAD_QUOTE from `push` and `end`.
 */
export class CsvScanner {
  /** What the bytes come from, as errors name it. */
  readonly #source: string
  readonly #record = new Record()
  /** The start of a record whose end the last chunk did not hold. */
  #rest: Uint8Array = new Uint8Array(0)
  #line = 1
  #started = false

  constructor(source: string) {
    this.#source = source
  }

  push(chunk: Uint8Array, onRecord: OnRecord): void {
    let bytes = chunk
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length)
      bytes.set(this.#rest)
      bytes.set(chunk, this.#rest.length)
    }
    // The first three bytes are looked at together, for the byte-order mark.
    const read = !this.#started && bytes.length < 3 ? 0 : this.#scan(bytes, false, onRecord)
    this.#rest = bytes.slice(read)
    if (this.#rest.length > MAX_RECORD_BYTES) this.#refuseUnclosed()
  }

  end(onRecord: OnRecord): void {
    const bytes = this.#rest
    this.#rest = new Uint8Array(0)
    const read = this.#scan(bytes, true, onRecord)
    if (read < bytes.length) this.#refuseUnclosed()
  }

  #refuseUnclosed(): never {
    throw new RankerError('UNCLOSED_QUOTE', { file: this.#source, line: this.#line })
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
      const next = record.read(bytes, at, this.#line, last, this.#source)
      if (next < 0) break
      onRecord(record)
      this.#line += record.lines
      at = next
    }
    return at
  }
}

class Record implements Row {
  line = 0
  count = 0
  /** Lines that the record spans. */
  lines = 1
  #bytes: Uint8Array = new Uint8Array(0)
  #starts = new Int32Array(64)
  #ends = new Int32Array(64)
  /** 1 where a quoted cell holds doubled quotes. */
  #doubled = new Uint8Array(64)

  /** Reads the record at `from`; returns where the next one starts, or -1 when its end is not among the bytes. */
  read(bytes: Uint8Array, from: number, line: number, last: boolean, source: string): number {
    const end = bytes.length
    let at = from
    let newlines = 0
    this.#bytes = bytes
    this.line = line
    this.count = 0
    for (;;) {
      let start = at
      let stop: number
      let doubled = 0
      while (at < end && bytes[at] === 0x20) at++
      if (at < end && bytes[at] === QUOTE) {
        start = ++at
        for (; ; at++) {
          if (at >= end) return -1
          if (bytes[at] === LF) newlines++
          if (bytes[at] !== QUOTE) continue
          if (at + 1 >= end && !last) return -1
          if (bytes[at + 1] !== QUOTE) break
          doubled = 1
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
      this.#cell(start, stop, doubled)
      if (at >= end) {
        if (!last) return -1
        this.lines = newlines + 1
        return end
      }
      if (bytes[at++] === LF) {
        this.lines = newlines + 1
        return at
      }
    }
  }

  #cell(start: number, stop: number, doubled: number): void {
    const cell = this.count++
    if (cell === this.#starts.length) {
      this.#starts = doubledLength(this.#starts, Int32Array)
      this.#ends = doubledLength(this.#ends, Int32Array)
      this.#doubled = doubledLength(this.#doubled, Uint8Array)
    }
    this.#starts[cell] = start
    this.#ends[cell] = stop
    this.#doubled[cell] = doubled
  }

  text(cell: number): string {
    const text = utf8.decode(this.#bytes.subarray(this.#starts[cell]!, this.#ends[cell]!))
    return this.#doubled[cell] === 1 ? text.replaceAll('""', '"') : text
  }

  number(cell: number): number {
    return parseFloat32(this.#bytes, this.#starts[cell]!, this.#ends[cell]!)
  }
}

function doubledLength<T extends Int32Array | Uint8Array>(old: T, Kind: new (length: number) => T): T {
  const grown = new Kind(2 * old.length)
  grown.set(old)
  return grown
}
