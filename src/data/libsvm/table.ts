import { RankerError } from '../../errors.ts'
import { eachLine } from '../lines.ts'
import { parseFloat32 } from '../number.ts'
import type { Chunks, SparseRow, SparseSink } from '../row.ts'

const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a
const HASH = 0x23
const ZERO = 0x30
const SHAPE = 'label[:weight] [qid:N] index:value …'

/** Columns from here on are refused at once: a dense matrix of them would be of no use. */
export const MAX_COLUMNS = 1_000_000

export interface LibsvmOptions {
  /** 1 where the file's first column has index 1. */
  readonly indexBase: 0 | 1
  /** Added to the error of a line that is not libsvm: why the file was taken for it. */
  readonly hint?: string | undefined
  /** Whether the rows are to be scored: they need no label, and may come in any order of queries. */
  readonly unjudged?: boolean
}

/**
 * Reads libsvm text, `label[:weight] [qid:N] index:value …` a line, with `#` starting a comment. Index i is column i,
 * never shifted, unless the file is declared to count from one; what is absent is missing. qids must not decrease
 * within the file, as XGBoost's own reader wants it. Pairs may stand in any order.
 * @throws {RankerError} FILE_EMPTY, LIBSVM_TOKEN, QID_DECREASES and what the sink throws.
 */
export async function readLibsvm(
  file: string,
  chunks: Chunks,
  options: LibsvmOptions,
  sink: SparseSink,
): Promise<void> {
  const row = new LibsvmRow(file, options)
  let rows = 0
  sink.begin(file, 'line')
  await eachLine(file, chunks, (bytes, start, end, line) => {
    if (!row.read(bytes, start, end, line)) return
    sink.row(row)
    rows++
  })
  if (rows === 0) throw new RankerError('FILE_EMPTY', { file })
}

/** The current row; each line is read into the same object. */
export class LibsvmRow implements SparseRow {
  line = 0
  label = Number.NaN
  query = ''
  weight = Number.NaN
  count = 0
  width = 0
  indices = new Uint32Array(256)
  values = new Float32Array(256)
  readonly #file: string
  readonly #options: LibsvmOptions
  /** Indices of the row so far, if they do not increase. */
  #seen: Set<number> | undefined

  constructor(file: string, options: LibsvmOptions) {
    this.#file = file
    this.#options = options
  }

  /** @returns whether the line holds anything: blank lines and comments do not. */
  read(bytes: Uint8Array, start: number, lineEnd: number, line: number): boolean {
    this.line = line
    this.label = Number.NaN
    this.weight = Number.NaN
    this.count = 0
    this.width = 0
    this.#seen = undefined
    const end = find(bytes, HASH, start, lineEnd)
    let at = skipBlanks(bytes, start, end)
    if (at === end) return false

    let stop = tokenEnd(bytes, at, end)
    if (this.#startsWithLabel(bytes, at, stop, end)) {
      this.#readLabel(bytes, at, stop)
      at = skipBlanks(bytes, stop, end)
      stop = tokenEnd(bytes, at, end)
    }
    if (isQid(bytes, at, stop)) {
      this.#readQid(bytes, at, stop)
      at = skipBlanks(bytes, stop, end)
    } else {
      this.query = ''
    }
    while (at < end) {
      stop = tokenEnd(bytes, at, end)
      this.#readPair(bytes, at, stop)
      at = skipBlanks(bytes, stop, end)
    }
    return true
  }

  /** `3:0.5` is a pair unless a label is required there, or a qid follows, as only after a label with its weight. */
  #startsWithLabel(bytes: Uint8Array, start: number, stop: number, end: number): boolean {
    if (!this.#options.unjudged) return true
    if (isQid(bytes, start, stop)) return false
    if (find(bytes, COLON, start, stop) === stop) return true
    const next = skipBlanks(bytes, stop, end)
    return isQid(bytes, next, tokenEnd(bytes, next, end))
  }

  #readLabel(bytes: Uint8Array, start: number, end: number): void {
    const colon = find(bytes, COLON, start, end)
    this.label = parseFloat32(bytes, start, colon)
    this.weight = colon < end ? parseFloat32(bytes, colon + 1, end) : Number.NaN
    const isNumber = Math.abs(this.label) !== Number.POSITIVE_INFINITY
    if (!isNumber || start === colon) {
      this.#refuse(bytes, start, end, `a label first, as in ${SHAPE}`, this.#options.hint)
    }
    if (colon < end && !(this.weight >= 0 && this.weight < Number.POSITIVE_INFINITY)) {
      this.#refuse(bytes, start, end, 'a weight from 0 after the label')
    }
  }

  #readQid(bytes: Uint8Array, start: number, end: number): void {
    const digits = text(bytes, start + 4, end)
    if (!/^\d+$/.test(digits)) this.#refuse(bytes, start, end, 'qid: and a whole number from 0')
    if (this.#options.unjudged) return
    const query = digits.replace(/^0+(?=\d)/, '')
    const before = this.query
    // Compares numbers of any length: longer ones are greater, and equally long ones compare as text.
    if (query.length < before.length || (query.length === before.length && query < before)) {
      throw new RankerError('QID_DECREASES', { file: this.#file, line: this.line, seen: query, before })
    }
    this.query = query
  }

  #readPair(bytes: Uint8Array, start: number, end: number): void {
    const { indexBase } = this.#options
    let at = start
    let index = 0
    for (; at < end && bytes[at] !== COLON; at++) {
      const digit = bytes[at]! - ZERO
      if (digit < 0 || digit > 9)
        this.#refuse(bytes, start, end, `index:value with a whole index from ${indexBase}`)
      index = index * 10 + digit
    }
    if (at === start || at >= end - 1) this.#refuse(bytes, start, end, 'index:value')
    index -= indexBase
    if (index < 0) this.#refuse(bytes, start, end, 'an index from 1, for libsvm_index_base is 1')
    if (index >= MAX_COLUMNS) {
      this.#refuse(
        bytes,
        start,
        end,
        `an index up to ${MAX_COLUMNS - 1 + indexBase}: rows become dense in the end`,
      )
    }
    const value = parseFloat32(bytes, at + 1, end)
    if (Math.abs(value) === Number.POSITIVE_INFINITY) {
      this.#refuse(bytes, start, end, 'a finite number (float32) after the colon')
    }
    if (!this.#isNew(index)) this.#refuse(bytes, start, end, 'each index once a line')
    this.#add(index, value)
  }

  #isNew(index: number): boolean {
    if (this.#seen === undefined) {
      if (index >= this.width) return true
      this.#seen = new Set(this.indices.subarray(0, this.count))
    }
    if (this.#seen.has(index)) return false
    this.#seen.add(index)
    return true
  }

  #add(index: number, value: number): void {
    if (this.count === this.indices.length) {
      const [indices, values] = [this.indices, this.values]
      this.indices = new Uint32Array(2 * this.count)
      this.values = new Float32Array(2 * this.count)
      this.indices.set(indices)
      this.values.set(values)
    }
    this.indices[this.count] = index
    this.values[this.count++] = value
    if (index >= this.width) this.width = index + 1
  }

  #refuse(bytes: Uint8Array, start: number, end: number, wanted: string, hint?: string): never {
    const seen = text(bytes, start, Math.min(end, start + 200))
    throw new RankerError('LIBSVM_TOKEN', { file: this.#file, line: this.line, seen, wanted, hint })
  }
}

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++
  return at
}

function tokenEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== SPACE && bytes[at] !== TAB) at++
  return at
}

function find(bytes: Uint8Array, byte: number, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== byte) at++
  return at
}

function isQid(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 4 && bytes[start] === 0x71 && text(bytes, start, start + 4) === 'qid:'
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end))
}
