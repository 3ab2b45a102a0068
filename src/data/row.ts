import type { LineUnit } from '../errors.ts'

/**
 * The current row of a table that is being read. Readers reuse one object for all rows: it is valid until the next
 * row.
 */
export interface Row {
  /** Where the row is, from 1: the line of a text file, the row of a binary one. */
  readonly line: number
  /** Cells in the row. */
  readonly count: number
  /** The cell as text; empty where it is missing. */
  text(cell: number): string
  /** The cell as a float32: NaN is missing, ±Infinity is anything that is not a finite number. */
  number(cell: number): number
  /** In formats with typed values: whether the cell is text, whatever it spells. */
  isText?(cell: number): boolean
}

/**
 * The current row of a format with numbered, mostly absent columns, such as libsvm. Readers reuse one object for all
 * rows: it is valid until the next row.
 */
export interface SparseRow {
  /** Where the row is, from 1, as {@link Row.line}. */
  readonly line: number
  /** The label as a float32: NaN is missing. */
  readonly label: number
  /** The query that the row belongs to; empty if it names none. */
  readonly query: string
  /** NaN where the row has none. */
  readonly weight: number
  /** Cells that are present. */
  readonly count: number
  /** Zero-based columns of those cells, in any order, none twice; only the first `count` are the row's. */
  readonly indices: Uint32Array
  /** Their values, finite float32 or NaN. */
  readonly values: Float32Array
  /** Number of columns that the row implies: more than its largest index. */
  readonly width: number
}

/** What readers of numbered columns write to. */
export interface SparseSink {
  /** A file starts. @param unit what its rows are counted in. */
  begin(file: string, unit: LineUnit): void
  /** The next row of that file. */
  row(row: SparseRow): void
}

/** What readers of tables with named columns write to. */
export interface TableSink {
  /**
   * A file starts.
   * @param file its name in errors
   * @param columns names of its cells, in order
   * @param unit what {@link Row.line} counts, lines where it is not given
   */
  begin(file: string, columns: readonly string[], unit?: LineUnit): void
  /** The next row of that file. */
  row(row: Row): void
}

/** Takes the columns of a table's rows that are not label, query or weight, if these are more than plain numbers. */
export interface ColumnSink {
  /** A file starts. @param roles its columns that also have a role, so that they do not count as unused. */
  begin(file: string, columns: readonly string[], unit: LineUnit, roles: ReadonlySet<string>): void
  /** The next row of that file. @param query the number of its query, by first appearance. */
  row(row: Row, query: number): void
}

/** The bytes of a file as they come; a chunk is valid until the next one is asked for. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>
