/** Reads allowed for each byte of a buffer: a table that contains itself would never end. */
const READS_PER_BYTE = 16
/** The cost of finding a table, in reads. */
const TABLE_READS = 16

/**
 * A table of a FlatBuffer, read in place (https://flatbuffers.dev/internals). Every access is checked against the end of
 * the buffer: a RangeError means that the bytes are no such table.
 */
export class FlatTable {
  readonly #view: DataView
  /** Reads left, for all tables of the buffer together. */
  readonly #budget: { left: number }
  readonly #at: number
  readonly #fields: number
  readonly #size: number

  private constructor(view: DataView, at: number, budget: { left: number }) {
    this.#view = view
    this.#budget = budget
    this.#spend(TABLE_READS)
    this.#at = at
    this.#fields = at - view.getInt32(at, true)
    this.#size = view.getUint16(this.#fields, true)
  }

  /** The root table of a buffer. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, view.getUint32(0, true), { left: READS_PER_BYTE * bytes.length })
  }

  /** Where a field is; 0 when it has its default. @param field counted from 0 in the schema */
  #place(field: number): number {
    const entry = 4 + 2 * field
    const offset = entry < this.#size ? this.#view.getUint16(this.#fields + entry, true) : 0
    return offset === 0 ? 0 : this.#at + offset
  }

  #target(field: number): number {
    const place = this.#place(field)
    return place === 0 ? 0 : place + this.#view.getUint32(place, true)
  }

  uint8(field: number): number {
    const place = this.#place(field)
    return place === 0 ? 0 : this.#view.getUint8(place)
  }

  int16(field: number): number {
    const place = this.#place(field)
    return place === 0 ? 0 : this.#view.getInt16(place, true)
  }

  int32(field: number): number {
    const place = this.#place(field)
    return place === 0 ? 0 : this.#view.getInt32(place, true)
  }

  int64(field: number): number {
    const place = this.#place(field)
    return place === 0 ? 0 : Number(this.#view.getBigInt64(place, true))
  }

  text(field: number): string {
    const at = this.#target(field)
    if (at === 0) return ''
    const length = this.#view.getUint32(at, true)
    return new TextDecoder().decode(
      new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, this.#inside(at + 4, length)),
    )
  }

  table(field: number): FlatTable | undefined {
    const at = this.#target(field)
    return at === 0 ? undefined : new FlatTable(this.#view, at, this.#budget)
  }

  /** The tables of a vector; none when it is absent. */
  tables(field: number): FlatTable[] {
    return this.#vector(
      field,
      4,
      (at) => new FlatTable(this.#view, at + this.#view.getUint32(at, true), this.#budget),
    )
  }

  /** The elements of a vector of structures of two int64, or of int64 alone. */
  int64s(field: number, perElement: 1 | 2): number[][] {
    return this.#vector(field, 8 * perElement, (at) =>
      Array.from({ length: perElement }, (_, index) => Number(this.#view.getBigInt64(at + 8 * index, true))),
    )
  }

  #vector<T>(field: number, stride: number, read: (at: number) => T): T[] {
    const at = this.#target(field)
    if (at === 0) return []
    const length = this.#view.getUint32(at, true)
    // Checked before a list of possibly billions is made.
    this.#inside(at + 4, length * stride)
    return Array.from({ length }, (_, index) => read(at + 4 + index * stride))
  }

  #inside(at: number, length: number): number {
    if (at + length > this.#view.byteLength) throw new RangeError('past the end of the buffer')
    this.#spend(length)
    return length
  }

  #spend(reads: number): void {
    this.#budget.left -= reads
    if (this.#budget.left < 0) throw new RangeError('more tables than the buffer can hold')
  }
}
